/**
 * Composition of the gateway function, which can neither open the vault, sign a token, nor write the directory: it is a caller
 * of the identity service.
 */
import { setTimeout } from 'node:timers/promises';
import { createCedar } from '../../adapters/cedar/cedar';
import { createGatewayReader } from '../../adapters/dynamodb/gateway-reader';
import { createGatewayTargetStore } from '../../adapters/dynamodb/gateway-target-store';
import { createPolicyReader } from '../../adapters/dynamodb/policy-reader';
import { createOpenResponses, createRequestCounts } from '../../adapters/dynamodb/rate-limit-store';
import { createTable } from '../../adapters/dynamodb/table';
import { createRequestSigner } from '../../adapters/aws/request-signature';
import { environmentRegion } from '../../adapters/aws/signed-requests';
import { forward } from '../../adapters/http/forward';
import type { IdentityService } from '../../adapters/identity/identity-requests';
import { createResourceCredentials } from '../../adapters/identity/resource-credentials';
import { createWorkloadTokens } from '../../adapters/identity/workload-tokens';
import { createAgentFunctions } from '../../adapters/lambda/agent-functions';
import { mcpClient } from '../../adapters/mcp/client';
import { serveMcp } from '../../adapters/mcp/server';
import { createAssumeRole } from '../../adapters/sts/role-sessions';
import { system } from '../../adapters/system';
import type { Forward } from '../../domain/gateway/exchange';
import { listToolsForOwner } from '../../domain/gateway/mcp/list-tools';
import { noSuchTarget } from '../../domain/gateway/invoke';
import { policyFindings } from '../../domain/gateway/policy-findings';
import { createAgentSessions, createRoleSessions } from '../../domain/gateway/role-sessions';
import type { Pause } from '../../domain/gateway/revocation-watch';
import { createGatewayHandler, type GatewayHandler } from '../../gate/gateway-handler';
import { GATEWAY_CALLS, type GatewayCallee } from '../../model/events/gateway';
import { TOOLS_TIMEOUT_MS } from '../../model/time-limits';
import {
  readAllowedOrigins,
  readCredentialPolicy,
  readEnvironment,
  readGatewayAgentsRole,
  readLimitPolicy,
} from './environment';
import type { GatewayAuthorizerEnvironment } from './gateway-authorizer';
import { createCallHandler } from './invocation';
import { issuerReaders } from './issuer-readers';
import { audit, refuseForgedBy, report, requests } from './logging';

/** A timer that outlived its request would keep a process running. */
const pause: Pause = (milliseconds, signal) => setTimeout(milliseconds, undefined, { signal });

export interface GatewayEnvironment extends GatewayAuthorizerEnvironment {
  /** Address of the identity service, and credentials if they differ from the function's own. */
  readonly identity: IdentityService;
}

/** What the gateway function does: for callers of gateways, and for the control plane. */
export interface ComposedGateway {
  readonly serve: GatewayHandler;
  readonly calls: ReturnType<typeof createCallHandler<typeof GATEWAY_CALLS, GatewayCallee>>;
}

export function composeGateway({ identity, ...environment }: GatewayEnvironment): ComposedGateway {
  const { endpointPolicy, bases, dynamodb, directoryTable, stageSecretHash } = environment;
  const sessions = createTable(dynamodb, readEnvironment('SESSIONS_TABLE').SESSIONS_TABLE);
  const gateways = createGatewayReader(dynamodb, directoryTable);
  const agentSessions = createAgentSessions(createAssumeRole(), readGatewayAgentsRole(), system);
  const agents = createAgentFunctions(agentSessions, system);
  const deps = {
    ...issuerReaders(endpointPolicy),
    gateways,
    targets: createGatewayTargetStore(createTable(dynamodb, directoryTable)),
    requestCounts: createRequestCounts(sessions),
    openResponses: createOpenResponses(sessions),
    limitPolicy: readLimitPolicy(),
    policyEngines: createPolicyReader(dynamodb, directoryTable),
    cedar: createCedar(),
    workloadTokens: createWorkloadTokens(identity, 'gateway'),
    agentTokens: createWorkloadTokens(identity, 'target'),
    agentFunctions: agents.invoke,
    credentials: createResourceCredentials(identity),
    credentialPolicy: readCredentialPolicy(),
    roleSessions: createRoleSessions(createAssumeRole(), system),
    signRequest: createRequestSigner(environmentRegion()),
    forward: ((url, request) => forward(url, request, endpointPolicy)) satisfies Forward,
    audit,
    requests,
    refuseForged: refuseForgedBy(stageSecretHash),
    allowedOrigins: readAllowedOrigins(),
    system,
    bases,
    endpointPolicy,
    pause,
    mcpClient,
    serveMcp,
  };
  const callee: GatewayCallee = {
    listTools: (input) => listToolsForOwner(deps, input, AbortSignal.timeout(TOOLS_TIMEOUT_MS)),
    async checkAgent({ gatewayId, functionArn }) {
      const gateway = await gateways.gateway(gatewayId);
      if (!gateway) throw noSuchTarget();
      return { denial: (await agents.denial(gateway, functionArn)) ?? null };
    },
    policyFindings: (input) => policyFindings(deps, input),
  };
  return {
    serve: createGatewayHandler(deps, report),
    calls: createCallHandler(GATEWAY_CALLS, callee, { refusal: 'The gateway event is not valid.' }),
  };
}
