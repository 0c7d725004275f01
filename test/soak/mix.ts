/** The mix of operations, and the callers that keep one in progress each. */
import { randomInt } from 'node:crypto';
import type { Holder } from './holder';

export type OperationName = 'read' | 'consent' | 'revoke' | 'API key' | 'own token' | 'change API key';

/** How often each operation is chosen, in parts of 1,000, for a holder with a grant. The rest reads the stored token. */
const SHARES: readonly (readonly [OperationName, number])[] = [
  ['API key', 220],
  ['own token', 100],
  ['revoke', 12],
  ['change API key', 5],
];

/** The same for a holder without a grant: the user consents soon. */
const CONSENT_SHARE = 300;

/** What happened, by operation. */
export interface Tally {
  /** Milliseconds of each operation, which can be several requests. */
  readonly waits: Map<OperationName, number[]>;
  /** The first error messages, with their counts. */
  readonly errors: Map<string, number>;
}

export interface Mix {
  readonly holders: readonly Holder[];
  readonly changeApiKey: (holder: Holder) => Promise<void>;
}

function chosen(holder: Holder): OperationName {
  let number = randomInt(1_000);
  if (!holder.connected) return number < CONSENT_SHARE ? 'consent' : 'read';
  for (const [name, share] of SHARES) {
    if (number < share) return name;
    number -= share;
  }
  return 'read';
}

function perform({ changeApiKey }: Mix, holder: Holder, name: OperationName): Promise<void> {
  switch (name) {
    case 'read':
      return holder.read();
    case 'consent':
      return holder.consent();
    case 'revoke':
      return holder.revoke();
    case 'API key':
      return holder.readApiKey();
    case 'own token':
      return holder.readOwnToken();
    case 'change API key':
      return changeApiKey(holder);
  }
}

const MAX_MESSAGES = 20;

/** Counts an error by its name and message. A holder is not used again after an error, because its state is unknown. */
function record(errors: Tally['errors'], name: OperationName, error: unknown): void {
  const text = `${name}: ${error instanceof Error ? `${error.name}: ${error.message}` : 'unknown'}`;
  if (errors.has(text) || errors.size < MAX_MESSAGES) errors.set(text, (errors.get(text) ?? 0) + 1);
}

/**
 * Performs operations until the time is over.
 *
 * @param until milliseconds of the clock
 */
export async function keepBusy(mix: Mix, callers: number, until: number, tally: Tally): Promise<void> {
  const free = [...mix.holders];
  const caller = async (): Promise<void> => {
    while (Date.now() < until) {
      const [holder] = free.splice(randomInt(Math.max(1, free.length)), 1);
      // After as many errors as there are users to spare. The report has them.
      if (!holder) return;
      const name = chosen(holder);
      const begun = performance.now();
      try {
        await perform(mix, holder, name);
        const waits = tally.waits.get(name) ?? [];
        tally.waits.set(name, waits);
        waits.push(performance.now() - begun);
        free.push(holder);
      } catch (error) {
        record(tally.errors, name, error);
      }
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
}
