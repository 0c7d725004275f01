/** What happens to a request whose limits cannot be counted. */
import type { Annotate } from '../audit';
import { ServiceError } from '../service-error';
import type { LimitPolicy } from './limit-policy';
import { GatewayProblem } from './problem';
import { RateLimited } from './rate-limited';

/** The result of a request whose limits were not counted. */
const UNCOUNTED = 'limits-not-counted';

/**
 * Counts, and does what the deployment chose if that fails.
 *
 * @param annotate learns that nothing was counted
 * @throws RateLimited; GatewayProblem if the limits cannot be counted and the request must not continue
 */
export async function counted(
  { onFailure }: Pick<LimitPolicy, 'onFailure'>,
  count: () => Promise<void>,
  annotate?: Annotate,
): Promise<void> {
  try {
    await count();
  } catch (error) {
    if (error instanceof RateLimited) throw error;
    const reason = error instanceof ServiceError ? (error.detail ?? error.message) : 'internal error';
    annotate?.({ result: UNCOUNTED });
    if (onFailure === 'ALLOW') return;
    throw new GatewayProblem(
      'limits-unchecked',
      'The limits of the gateway could not be checked. Repeat the request.',
      { detail: `limits not checked: ${reason}`, cause: error },
    );
  }
}
