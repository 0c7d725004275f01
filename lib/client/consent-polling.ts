/** Waiting for the consent of a user. */
import { systemClock, unlessAborted, type Clock } from './waiting';

/** Lifetime of a consent session in seconds. */
export const CONSENT_LIFETIME = 600;

/** Milliseconds between polls. Short at first, because many users only click once; the AWS SDKs poll every 5 seconds. */
const FIRST_PAUSE = 1000;
const MAX_PAUSE = 5000;
const GROWTH = 1.5;

export interface PollOptions {
  readonly signal?: AbortSignal | undefined;
  /** @default the system clock */
  readonly clock?: Clock | undefined;
}

/**
 * Polls until there is a result.
 *
 * @param until time of the clock
 * @param poll returns undefined while the consent is in progress
 * @returns undefined if the consent is still in progress at this time
 */
export async function pollUntil<Result>(
  { signal, clock = systemClock }: PollOptions,
  until: number,
  poll: () => Promise<Result | undefined>,
): Promise<Result | undefined> {
  for (let pause = FIRST_PAUSE; clock.now() < until; pause = Math.min(pause * GROWTH, MAX_PAUSE)) {
    const next = Math.min(pause, until - clock.now());
    await unlessAborted(signal, () => clock.wait(next, signal));
    const result = await poll();
    if (result !== undefined) return result;
  }
  return undefined;
}
