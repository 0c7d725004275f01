/** What a call threw; undefined when it threw nothing. */
export function caught(call: () => unknown): unknown {
  try {
    call();
    return undefined;
  } catch (error) {
    return error;
  }
}
