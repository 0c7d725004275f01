/** The deadlines of `AbortSignal.timeout` in this process, which pass when a test says so. */

export interface Deadlines {
  /** Lets time pass for all deadlines. */
  advance(milliseconds: number): void;
}

/** Until the end of the test. Deadlines that are set before continue as they are. */
export function holdDeadlines(): Deadlines {
  let now = 0;
  let held: { readonly at: number; readonly controller: AbortController }[] = [];
  jest.spyOn(AbortSignal, 'timeout').mockImplementation((milliseconds) => {
    const controller = new AbortController();
    held.push({ at: now + milliseconds, controller });
    return controller.signal;
  });
  return {
    advance(milliseconds) {
      now += milliseconds;
      const passed = held.filter(({ at }) => at <= now);
      held = held.filter(({ at }) => at > now);
      for (const { controller } of passed) {
        controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'));
      }
    },
  };
}
