/** Lifetimes that other servers state. They can be any JSON number, even beyond the range of clocks and databases. */

/** Maximum lifetime in seconds: 10 years. */
export const MAX_LIFETIME = 10 * 366 * 24 * 3600;

/**
 * Returns a lifetime that can be added to a time and stored. A longer one is reduced to 10 years and not rejected: its
 * tokens are valid, and the refresh token that was redeemed for them might be invalid already.
 *
 * @param seconds zero or more
 */
export const boundedLifetime = (seconds: number): number => Math.min(seconds, MAX_LIFETIME);
