/** Has the `gateway` function fetch the tools of an MCP server, while the owner of the gateway waits. */
import type { McpServerTools } from '../../domain/gateway/manage/target-tools';
import { epochSeconds, type System } from '../../domain/system';
import { invalidMember, ServiceError } from '../../domain/service-error';
import type { GatewayCallee } from '../../model/events/gateway';
import { COLD_START_ALLOWANCE_MS, TOOLS_TIMEOUT_MS } from '../../model/time-limits';
import type { TargetCandidates } from '../dynamodb/gateway-target-store';
import { createFunctionCaller } from './invoke';

/**
 * @param functionName name or ARN of the function; undefined in a deployment without gateways, where nothing calls it
 * @param candidates by which the function learns what to call: another principal can invoke it, and writes no directory
 */
export function createMcpServerTools(
  functionName: string | undefined,
  candidates: TargetCandidates,
  system: Pick<System, 'randomUUID' | 'now'>,
): McpServerTools {
  if (functionName === undefined) {
    return { list: () => Promise.reject(new Error('this deployment has no gateways')) };
  }
  const gateway = createFunctionCaller<GatewayCallee>(
    functionName,
    (detail, cause) =>
      new ServiceError(
        'InternalServerException',
        'The tools of the MCP server could not be fetched. Try again shortly.',
        { detail: `gateway: ${detail}`, cause },
      ),
  );
  return {
    async list(
      { id: gatewayId, name: gatewayName },
      { name, targetConfiguration, credential, privateEndpoint },
    ) {
      const candidateId = system.randomUUID();
      await candidates.put(gatewayName, candidateId, {
        gatewayId,
        name,
        targetConfiguration,
        credential,
        privateEndpoint,
        createdTime: epochSeconds(system),
      });
      const waiting = { timeoutMs: TOOLS_TIMEOUT_MS + COLD_START_ALLOWANCE_MS };
      const response = await gateway
        .call('listTools', { gatewayId, candidateId }, { ...waiting, members: ['tools', 'failure'] })
        .finally(() => candidates.remove(gatewayName, candidateId));
      if ('tools' in response) return response.tools;
      throw invalidMember(
        'targetConfiguration.mcp.mcpServer.endpoint',
        `cannot be used, because the server did not list its tools: ${response.failure.message}`,
      );
    },
  };
}
