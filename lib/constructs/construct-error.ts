/** Errors of synthesis: each begins with the path of the construct that it is about. */

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
