/** The parts of a target. */
import type { GatewayTarget } from '../../model/records/gateway';
import type { PassthroughProtocol } from '../../model/gateway/target-configuration';

/** What of a target a request depends on. */
export type CalledTarget = Pick<
  GatewayTarget,
  'name' | 'targetConfiguration' | 'credential' | 'metadataConfiguration' | 'privateEndpoint'
>;

type Configured = Pick<GatewayTarget, 'targetConfiguration'>;

/** Returns the URL of the server. */
export function endpointOf({ targetConfiguration: { http, mcp } }: Configured): string {
  const { endpoint } = http?.passthrough ?? mcp?.mcpServer ?? {};
  if (endpoint === undefined) throw new Error('the target is not of a kind that is served');
  return endpoint;
}

export function protocolOf({ targetConfiguration: { http } }: Configured): PassthroughProtocol {
  if (http?.agentcoreRuntime) return 'CUSTOM';
  return http?.passthrough?.protocolType ?? 'MCP';
}
