/** Moves the clock of this process; timers are not affected. */

const TIMERS = [
  'hrtime',
  'nextTick',
  'performance',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
  'setInterval',
  'clearInterval',
  'setTimeout',
  'clearTimeout',
] as const;

/** Until the end of the test, or `jest.useRealTimers()`. */
export function moveClock(seconds: number): void {
  jest.useFakeTimers({
    now: Date.now() + seconds * 1000,
    doNotFake: [...TIMERS],
    // Time continues from there.
    advanceTimers: true,
  });
}
