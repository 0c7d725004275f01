/** The parts of a target. */
import type { GatewayTarget } from '../../model/records/gateway';
import type { PassthroughProtocol } from '../../model/gateway/target-configuration';

/** Returns what an `http.passthrough` target states, which is the only kind. */
export function passthroughOf({ targetConfiguration }: Pick<GatewayTarget, 'targetConfiguration'>) {
  const { passthrough } = targetConfiguration.http;
  if (!passthrough) throw new Error('the target is not of a kind that is served');
  return passthrough;
}

export const protocolOf = (target: Pick<GatewayTarget, 'targetConfiguration'>): PassthroughProtocol =>
  passthroughOf(target).protocolType;
