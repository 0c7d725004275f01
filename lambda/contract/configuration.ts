/** Configuration that a deployment states at synthesis and the functions parse again, with the same parsers. */
export { parseConfiguration } from '../domain/configuration';
export { endpointFault } from '../domain/endpoint';
export {
  parseAgentEndpoint,
  type AgentEndpointConfiguration,
  type IamInbound,
  type JwtInbound,
  type Target,
} from '../domain/gate/agent-endpoint';
export { parseTrustedIssuers, type DeployedIssuer } from '../domain/identity/trusted-issuer';
export { parseLifetimes, type Lifetimes } from '../domain/lifetimes';
export { parseQuotas, type Quotas } from '../domain/quotas';
