/**
 * Composition of an agent endpoint's two functions. The endpoint's configuration is a parameter, so that one process can
 * run several. Neither function can open the vault or read the directory: the gate is a caller of the identity service.
 */
import { system } from '../../adapters/system';
import { createHttpAgent } from '../../adapters/http/agent';
import type { IdentityService } from '../../adapters/identity/identity-requests';
import { createWorkloadTokens } from '../../adapters/identity/workload-tokens';
import { createLambdaAgent } from '../../adapters/lambda/agent';
import type { Agent } from '../../domain/gate/agent-response';
import type { AgentEndpointConfiguration } from '../../domain/gate/agent-endpoint';
import type { EndpointPolicy } from '../../model/endpoint';
import { issuerReaders } from './issuer-readers';
import { audit, refuseForgedBy, report, requests } from './logging';
import { createAuthorizerHandler, type AuthorizerHandler } from '../../gate/authorizer-handler';
import { createGateHandler, type GateHandler } from '../../gate/gate-handler';
import { IDLE } from '../../gate/passed-response';

export interface AuthorizerEnvironment {
  readonly endpointPolicy: EndpointPolicy;
  /** Digest of the stage secret of the endpoint's API. */
  readonly stageSecretHash: string;
}

export interface GateEnvironment extends AuthorizerEnvironment {
  /** Address of the identity service, and credentials if they differ from the function's own. */
  readonly identity: IdentityService;
  /** Milliseconds that an agent can go without sending data. */
  readonly idle?: number;
}

function agentOf({ target, protocol }: AgentEndpointConfiguration, policy: EndpointPolicy): Agent {
  return target.kind === 'url'
    ? createHttpAgent(target.url, policy)
    : createLambdaAgent(target.functionArn, protocol, system);
}

export function composeGate(endpoint: AgentEndpointConfiguration, environment: GateEnvironment): GateHandler {
  const deps = {
    ...issuerReaders(environment.endpointPolicy),
    workloadTokens: createWorkloadTokens(environment.identity, 'endpoint'),
    agent: agentOf(endpoint, environment.endpointPolicy),
    audit,
    requests,
    refuseForged: refuseForgedBy(environment.stageSecretHash),
    system,
  };
  return createGateHandler(deps, endpoint, report, environment.idle ?? IDLE);
}

/** @throws Error for an endpoint with IAM authorization, which has no authorizer */
export function composeAuthorizer(
  endpoint: AgentEndpointConfiguration,
  environment: AuthorizerEnvironment,
): AuthorizerHandler {
  const { inbound } = endpoint;
  if (inbound.kind !== 'JWT') throw new Error('An endpoint with IAM authorization has no authorizer.');
  const deps = {
    userTokens: issuerReaders(environment.endpointPolicy).userTokens,
    audit,
    requests,
    refuseForged: refuseForgedBy(environment.stageSecretHash),
  };
  return createAuthorizerHandler(deps, endpoint, inbound, report);
}
