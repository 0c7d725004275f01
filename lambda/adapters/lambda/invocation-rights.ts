/** Has the `gateway` function ask IAM whether it can invoke an agent, while the owner of the gateway waits. */
import type { InvocationRights } from '../../domain/gateway/manage/agent-checks';
import { ServiceError } from '../../domain/service-error';
import type { GatewayCallee } from '../../model/events/gateway';
import { COLD_START_ALLOWANCE_MS, TOOLS_TIMEOUT_MS } from '../../model/time-limits';
import { createFunctionCaller } from './invoke';

/** @param functionName name or ARN of the function; undefined in a deployment without gateways, where nothing calls it */
export function createInvocationRights(functionName: string | undefined): InvocationRights {
  if (functionName === undefined) {
    return { denial: () => Promise.reject(new Error('this deployment has no gateways')) };
  }
  const gateway = createFunctionCaller<GatewayCallee>(
    functionName,
    (detail, cause) =>
      new ServiceError(
        'InternalServerException',
        'The function of the agent could not be checked. Try again shortly.',
        { detail: `gateway: ${detail}`, cause },
      ),
  );
  return {
    async denial({ id: gatewayId }, functionArn) {
      const waiting = { timeoutMs: TOOLS_TIMEOUT_MS + COLD_START_ALLOWANCE_MS };
      const { denial } = await gateway.call(
        'checkAgent',
        { gatewayId, functionArn },
        { ...waiting, members: ['denial'] },
      );
      return denial ?? undefined;
    },
  };
}
