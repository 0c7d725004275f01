/** The lease of a renewal: how long it lasts, and when another request can take it, whatever its holder's clock says. */
import type { Lease } from '../../model/records/grant';

/**
 * Milliseconds that a lease lasts after it is taken, and again after the request is sent: longer than the provider's
 * response (up to 5 s, the transport's limit) and the following write with its retries.
 */
export const LEASE = 8_000;

/** Milliseconds that the clocks of two processes can differ. */
const CLOCK_SKEW = 120_000;

/** Returns whether a lease is over by any clock. A lease that is over only by this clock is observed instead. */
export const isLongPast = (lease: Lease, now: number): boolean => lease.deadline + CLOCK_SKEW < now;

/** A lease, and the time since which this process has seen it unchanged, by its own clock. */
export interface ObservedLease {
  readonly lease: Lease | undefined;
  readonly since: number;
}

export const observe = (
  before: ObservedLease | undefined,
  lease: Lease | undefined,
  now: number,
): ObservedLease =>
  before?.lease?.holder === lease?.holder && before?.lease?.deadline === lease?.deadline
    ? (before ?? { lease, since: now })
    : { lease, since: now };

/** Returns whether there is no lease, or this process observed one unchanged for its full duration. */
export const isFree = ({ lease, since }: ObservedLease, now: number): boolean =>
  lease === undefined || isLongPast(lease, now) || now - since >= LEASE;
