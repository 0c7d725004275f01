/**
 * Time and randomness under the control of a test. The clock stands still until a test moves it or some code waits.
 * Then the clock jumps to the earliest moment that any code waits for, after the event loop has had its turn.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import type { System } from '../../lambda/domain/system';
import { SIGNING_PERIOD } from '../../lambda/domain/workload-token/signing-key';

/**
 * The maximum total of waiting in milliseconds. Beyond it a test fails, instead of hanging in code that waits without
 * end.
 */
const PATIENCE = 300_000;

/** Epoch seconds at which fake clocks begin: well inside a signing period. */
export const BEGINNING = 700 * SIGNING_PERIOD + 10 * 24 * 3600;

export interface FakeSystem extends System {
  /** Epoch seconds. */
  seconds(): number;
  /** Advances the clock by this number of seconds. */
  advance(seconds: number): void;
}

export function createFakeSystem(beginning = BEGINNING): FakeSystem {
  let now = beginning * 1000;
  let waited = 0;
  let waiting: { readonly at: number; readonly wake: () => void }[] = [];

  function wakeEarliest(): void {
    const next = Math.max(now, Math.min(...waiting.map(({ at }) => at)));
    waited += next - now;
    now = next;
    const due = waiting.filter(({ at }) => at <= now);
    waiting = waiting.filter(({ at }) => at > now);
    for (const { wake } of due) wake();
    if (waiting.length > 0) setTimeout(wakeEarliest, 1);
  }

  return {
    now: () => now,
    seconds: () => Math.floor(now / 1000),
    advance(seconds) {
      now += seconds * 1000;
    },
    randomToken: (bytes) => randomBytes(bytes).toString('base64url'),
    randomUUID: () => randomUUID(),
    wait: (milliseconds) =>
      new Promise((wake, fail) => {
        if (waited > PATIENCE) {
          fail(new Error('a wait does not end'));
          return;
        }
        if (waiting.length === 0) setTimeout(wakeEarliest, 1);
        waiting.push({ at: now + milliseconds, wake });
      }),
  };
}
