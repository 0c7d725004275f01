/** What an MCP server lists for the owner of a gateway, who configures a target: no user is there. */
import { isNestedUpTo } from '../../../model/constraints';
import type { GatewayCallee } from '../../../model/events/gateway';
import { MAX_SCHEMA_LEVELS } from '../../../model/gateway/mcp-tools';
import { audited } from '../../audit';
import { tokenEntry } from '../../gate/audit';
import { ServiceError } from '../../service-error';
import { epochSeconds } from '../../system';
import { createAccess } from '../access';
import { gatewayEntry, OPERATION, targetEntry } from '../audit';
import { createCredentialSource, selectedCredential, type CredentialDependencies } from '../credential';
import type { Forward } from '../exchange';
import { noSuchTarget, routeOf, type InvokeDependencies } from '../invoke';
import { endpointOf } from '../target';
import { serverFailure } from './call-tool';
import { connectTo, MAX_LIST_BYTES, type McpClient } from './server-connection';

export interface ListDependencies extends Pick<
  InvokeDependencies,
  keyof CredentialDependencies | 'gateways' | 'audit' | 'workloadTokens' | 'system' | 'endpointPolicy'
> {
  readonly forward: Forward;
  readonly mcpClient: McpClient;
}

/** For which a target can be fetched. The control plane removes it, unless it dies. */
const CANDIDATE_SECONDS = 600;

/** A schema is in a tool of the list. A deeper list could not be serialized for the control plane. */
const MAX_LIST_LEVELS = MAX_SCHEMA_LEVELS + 2;

/** Returns the tools, or a message for the owner. */
export async function listToolsForOwner(
  deps: ListDependencies,
  { gatewayId, candidateId }: Parameters<GatewayCallee['listTools']>[0],
  signal: AbortSignal,
): ReturnType<GatewayCallee['listTools']> {
  const gateway = await deps.gateways.gateway(gatewayId);
  const target = await deps.gateways.candidate(gatewayId, candidateId);
  if (!gateway || !target || target.createdTime + CANDIDATE_SECONDS <= epochSeconds(deps.system)) {
    throw noSuchTarget();
  }
  const selected = selectedCredential(target, { returnUrl: undefined, customState: undefined });
  try {
    const admitted = await audited(deps.audit, { operation: OPERATION }, async (annotate) => {
      annotate({ ...gatewayEntry(gateway), ...targetEntry(target, 'POST') });
      const ownCall = { onBehalfOf: undefined, callingAgent: undefined };
      const access = await createAccess(deps, gatewayId, ownCall);
      annotate(tokenEntry(access.token()));
      const source = createCredentialSource(deps, target, selected, {
        gateway,
        workloadAccessToken: access.token,
        isForAgent: false,
      });
      const url = new URL(endpointOf(target));
      return {
        gateway: { exceptionLevel: 'DEBUG' as const },
        target,
        url,
        publicUrl: url.href,
        route: routeOf({ url, target }, deps.endpointPolicy),
        source,
        selected,
        credential: await source.retrieve(),
      };
    });
    const connection = connectTo(deps.forward, admitted, { maxBytes: MAX_LIST_BYTES });
    try {
      const tools = await deps.mcpClient.listTools(connection, signal);
      if (isNestedUpTo(MAX_LIST_LEVELS, tools)) return { tools: connection.clean(tools) };
      return { failure: { message: `Its schemas are nested in more than ${MAX_SCHEMA_LEVELS} levels.` } };
    } catch (error) {
      throw serverFailure(connection.failed.reason ?? error);
    }
  } catch (error) {
    if (error instanceof ServiceError) return { failure: { message: error.message } };
    throw error;
  }
}
