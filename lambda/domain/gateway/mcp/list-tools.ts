/** What an MCP server lists for the owner of a gateway, who configures a target: no user is there. */
import type { GatewayCallee } from '../../../model/events/gateway';
import { ServiceError } from '../../service-error';
import { createAccess } from '../access';
import { createCredentialSource, selectedCredential } from '../credential';
import type { Forward } from '../exchange';
import { noSuchTarget, routeOf, type InvokeDependencies } from '../invoke';
import { endpointOf } from '../target';
import { serverFailure } from './call-tool';
import { connectTo, type McpClient } from './server-connection';

export interface ListDependencies extends Pick<
  InvokeDependencies,
  'gateways' | 'workloadTokens' | 'credentials' | 'system' | 'endpointPolicy'
> {
  readonly forward: Forward;
  readonly mcpClient: McpClient;
}

/** Returns the tools, or a message for the owner. */
export async function listToolsForOwner(
  deps: ListDependencies,
  { gatewayId, candidateId }: Parameters<GatewayCallee['listTools']>[0],
  signal: AbortSignal,
): ReturnType<GatewayCallee['listTools']> {
  const target = await deps.gateways.candidate(gatewayId, candidateId);
  if (!target) throw noSuchTarget();
  const selected = selectedCredential(target, { returnUrl: undefined, customState: undefined });
  try {
    const nobody = { onBehalfOf: undefined, callingAgent: undefined };
    const access = await createAccess(deps, gatewayId, nobody);
    const source = createCredentialSource(deps.credentials, target, selected, {
      workloadAccessToken: access.token,
      isForAgent: false,
    });
    const url = new URL(endpointOf(target));
    const connection = connectTo(deps.forward, {
      gateway: { exceptionLevel: 'DEBUG' },
      target,
      url,
      publicUrl: url.href,
      route: routeOf({ url, target }, deps.endpointPolicy),
      source,
      selected,
      credential: await source.retrieve(),
    });
    try {
      return { tools: await deps.mcpClient.listTools(connection, signal) };
    } catch (error) {
      throw serverFailure(connection.failure() ?? error);
    }
  } catch (error) {
    if (error instanceof ServiceError) return { failure: { message: error.message } };
    throw error;
  }
}
