/** Returns the error that a call threw, or undefined if it threw none. */
export function caught(call: () => unknown): unknown {
  try {
    call();
    return undefined;
  } catch (error) {
    return error;
  }
}
