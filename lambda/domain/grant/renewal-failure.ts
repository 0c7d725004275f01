/** A renewal's failure: what the grant stores of it, the back-off that it starts, and the error that later requests get. */
import { ProviderFailure } from '../oauth/provider-failure';
import type { Grant, RenewalFailure } from './grant';

/**
 * Milliseconds of the back-off: the first, which doubles with each failure, and the limits of ours and of a
 * `Retry-After`.
 */
const FIRST_BACK_OFF = 1_000;
const MAX_BACK_OFF = 60_000;
const MAX_RETRY_AFTER = 15 * 60_000;

/** Returns whether the provider is in back-off because it was unavailable. */
export const backsOff = ({ lastFailure }: Grant, now: number): boolean =>
  lastFailure !== undefined && lastFailure.notBefore > now;

/** Returns the last failure as an error, with the time until the next attempt. */
export const providerFailureOf = (
  { code, unavailable, notBefore }: RenewalFailure,
  now: number,
  cause?: ProviderFailure,
): ProviderFailure =>
  new ProviderFailure(code, cause?.detail ?? 'the failure of an earlier request', {
    unavailable,
    cause,
    retryAfter: unavailable ? Math.max(1, Math.ceil((notBefore - now) / 1000)) : undefined,
  });

/** Returns the failure to store, with the time of the next attempt: as the provider stated, or later with each failure. */
export function renewalFailureOf(
  failure: ProviderFailure,
  seen: Grant | undefined,
  now: number,
): RenewalFailure {
  const { code, unavailable, retryAfter = 0 } = failure;
  const failures = (seen?.lastFailure?.failures ?? 0) + 1;
  const own = Math.min(FIRST_BACK_OFF * 2 ** (failures - 1), MAX_BACK_OFF);
  const wait = Math.max(own, Math.min(retryAfter * 1000, MAX_RETRY_AFTER));
  return {
    code,
    unavailable,
    failures,
    at: now,
    notBefore: unavailable ? now + wait : now,
    ...((seen?.lease?.sentAt !== undefined || seen?.lastFailure?.lostResponse) && {
      lostResponse: true as const,
    }),
  };
}
