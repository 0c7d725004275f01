/** Configuration that a deployment states at synthesis and the functions parse again, with the same parsers. */
export { endsOfCertificates } from '../domain/ca-certificates';
export { configurationFaults, parseConfiguration } from '../domain/configuration';
export {
  parseAgentEndpoint,
  type AgentEndpointConfiguration,
  type IamInbound,
  type JwtInbound,
  type Target,
} from '../domain/gate/agent-endpoint';
export {
  DeployedIssuersSchema as TrustedIssuersSchema,
  parseTrustedIssuers,
  type DeployedIssuer,
} from '../domain/identity/trusted-issuer';
export { parseLifetimes, type Lifetimes } from '../domain/lifetimes';
export { parseQuotas, QuotasSchema, type Quotas } from '../domain/quotas';
export { similarName } from '../domain/similar-name';
