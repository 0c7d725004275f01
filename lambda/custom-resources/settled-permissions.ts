/**
 * Permissions that the stack gave seconds ago: IAM takes some to let everybody know, so a first refusal is waited out.
 * Source: IAM user guide, "Changes that I make are not always immediately visible".
 */
import { setTimeout } from 'node:timers/promises';

/** Milliseconds between two attempts, and how many there are. */
const EVERY = 3_000;
const ATTEMPTS = 8;

/**
 * @param isRefused whether an error says that IAM did not let the call through
 * @throws what the call throws, a refusal only when it stays
 */
export async function withSettledPermissions<Answer>(
  isRefused: (error: unknown) => boolean,
  call: () => Promise<Answer>,
): Promise<Answer> {
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
