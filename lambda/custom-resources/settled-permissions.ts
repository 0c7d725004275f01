/**
 * Retries calls that need permissions granted seconds ago, because IAM changes take time to propagate.
 * Source: IAM user guide, "Changes that I make are not always immediately visible".
 */
import { setTimeout } from 'node:timers/promises';

/** Milliseconds between two attempts, and the number of attempts. */
const EVERY = 3_000;
const ATTEMPTS = 8;

/**
 * @param isRefused whether an error says that IAM denied the call
 * @throws any error of the call; a denial only after the last attempt
 */
export async function withSettledPermissions<Output>(
  isRefused: (error: unknown) => boolean,
  call: () => Promise<Output>,
): Promise<Output> {
  for (let attempt = 1; attempt < ATTEMPTS; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      if (!isRefused(error)) throw error;
      await setTimeout(EVERY);
    }
  }
  return call();
}
