/** Has the `gateway` function validate a policy, while its owner waits: only that function has the library. */
import type { PolicyValidation } from '../../domain/gateway/manage/policies';
import { ServiceError } from '../../domain/service-error';
import type { GatewayCallee } from '../../model/events/gateway';
import { COLD_START_ALLOWANCE_MS, VALIDATION_TIMEOUT_MS } from '../../model/time-limits';
import { createFunctionCaller } from './invoke';

/** @param functionName name or ARN of the function; undefined in a deployment without gateways, which has no engines */
export function createPolicyValidation(functionName: string | undefined): PolicyValidation {
  if (functionName === undefined) {
    return { findings: () => Promise.reject(new Error('this deployment has no gateways')) };
  }
  const gateway = createFunctionCaller<GatewayCallee>(
    functionName,
    (detail, cause) =>
      new ServiceError('InternalServerException', 'The policy could not be validated. Try again shortly.', {
        detail: `gateway: ${detail}`,
        cause,
      }),
  );
  const waiting = { timeoutMs: VALIDATION_TIMEOUT_MS + COLD_START_ALLOWANCE_MS };
  return {
    findings: ({ id: engineId }, statement) =>
      gateway.call(
        'policyFindings',
        { engineId, statement },
        { ...waiting, members: ['faults', 'findings'] },
      ),
  };
}
