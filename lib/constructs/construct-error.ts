/** Errors of synthesis: each begins with the path of the construct that it is about. */
import { Token } from 'aws-cdk-lib';

/**
 * Returns the message about a text that is not valid: what the prop must be, and what it is.
 *
 * @param value of the prop; it must not be a secret
 */
export const mustBe = (prop: string, required: string, value: string): string =>
  Token.isUnresolved(value)
    ? `${prop} must be ${required}. Its value is known only at deployment.`
    : `${prop} must be ${required}, not ${JSON.stringify(value)}`;

/**
 * Returns the result of a check.
 *
 * @param path of the construct whose props are checked
 * @throws Error with the path and the message of the check
 */
export function checkedAt<Result>(path: string, check: () => Result): Result {
  try {
    return check();
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : 'The props are not valid.'}`, {
      cause: error,
    });
  }
}
