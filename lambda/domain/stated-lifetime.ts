/** Lifetimes that other servers state: any JSON number, up to ones that no clock counts and no database stores. */

/** Seconds of the longest lifetime that is believed: ten years. */
export const MAX_LIFETIME = 10 * 366 * 24 * 3600;

/**
 * Returns a lifetime that can be added to a time and stored. A longer one counts as ten years and is not refused: the
 * tokens that it came with are good, and the refresh token that was redeemed for them might be gone.
 *
 * @param seconds above zero or zero
 */
export const boundedLifetime = (seconds: number): number => Math.min(seconds, MAX_LIFETIME);
