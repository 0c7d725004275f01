/** A renewal's failure: what the grant stores of it, the back-off that it starts, and the error that later requests get. */
import { ProviderFailure } from '../oauth/provider-failure';
import type { Grant, RenewalFailure } from '../../model/records/grant';

/**
 * Milliseconds of the back-off: the first, which doubles with each failure, and the limits of ours and of a
 * `Retry-After`.
 */
const FIRST_BACK_OFF = 1_000;
const MAX_BACK_OFF = 60_000;
const MAX_RETRY_AFTER = 15 * 60_000;

/** A detail can contain a URL, and a grant is one item. */
const MAX_DETAIL_CHARACTERS = 512;

/**
 * Returns whether the provider is in back-off because it was unavailable. A change of the provider ends the back-off,
 * because the change can be the correction.
 *
 * @param now epoch milliseconds
 */
export const backsOff = (
  { lastFailure }: Grant,
  provider: { readonly revision: number },
  now: number,
): boolean =>
  lastFailure !== undefined &&
  lastFailure.notBefore > now &&
  lastFailure.providerRevision === provider.revision;

/** Returns the last failure as an error, with the time until the next attempt. */
export const providerFailureOf = (
  { code, unavailable, notBefore, detail, provider }: RenewalFailure,
  now: number,
  cause?: ProviderFailure,
): ProviderFailure =>
  new ProviderFailure(code, cause?.detail ?? `the failure of an earlier request: ${detail}`, {
    unavailable,
    cause,
    provider,
    retryAfter: unavailable ? Math.max(1, Math.ceil((notBefore - now) / 1000)) : undefined,
  });

/** Returns the failure to store, with the time of the next attempt: as the provider stated, or later with each failure. */
export function renewalFailureOf(
  failure: ProviderFailure,
  provider: { readonly revision: number },
  seen: Grant | undefined,
  now: number,
): RenewalFailure {
  const { code, unavailable, retryAfter = 0, detail } = failure;
  const failures = (seen?.lastFailure?.failures ?? 0) + 1;
  const own = Math.min(FIRST_BACK_OFF * 2 ** (failures - 1), MAX_BACK_OFF);
  const wait = Math.max(own, Math.min(retryAfter * 1000, MAX_RETRY_AFTER));
  return {
    code,
    unavailable,
    failures,
    at: now,
    notBefore: unavailable ? now + wait : now,
    providerRevision: provider.revision,
    ...(failure.provider !== undefined && { provider: failure.provider }),
    detail: detail.slice(0, MAX_DETAIL_CHARACTERS),
    ...((seen?.lease?.sentAt !== undefined || seen?.lastFailure?.lostResponse) && {
      lostResponse: true as const,
    }),
  };
}
