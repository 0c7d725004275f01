/** What was acknowledged: in which states each subject can be. */
import type { Client } from './client';
import type { Subject } from './subjects';

/** Reads of a grant that was revoked: each opens a consent session, whose number is limited. */
const READS_AT_END = 3;

interface Entry {
  readonly subject: Subject;
  /** Where the subject goes. */
  readonly target: number;
  at: number;
  /** Whether the move from there was sent and not acknowledged. */
  isMoving: boolean;
  readsAtEnd: number;
  /** Whether a move got its response. */
  isAcknowledged: boolean;
}

export class Ledger {
  private readonly entries: Entry[] = [];
  acknowledged = 0;

  add(subject: Subject, target: number): Entry {
    const entry = { subject, target, at: 0, isMoving: false, readsAtEnd: 0, isAcknowledged: false };
    this.entries.push(entry);
    return entry;
  }

  /** Entries that have not reached their target, because the service was killed. */
  unfinished(): Entry[] {
    return this.entries.filter(({ at, target }) => at < target);
  }

  /** Moves a subject to its target. @param isStopped returns whether the service was killed */
  async finish(entry: Entry, client: Client, isStopped: () => boolean): Promise<void> {
    while (entry.at < entry.target && !isStopped()) {
      entry.isMoving = true;
      await entry.subject.move(client, entry.at);
      entry.isMoving = false;
      entry.at += 1;
      entry.isAcknowledged = true;
      this.acknowledged += 1;
    }
  }

  /** Compares each subject with what was acknowledged. Returns what is wrong. */
  async check(client: Client): Promise<string[]> {
    const faults: string[] = [];
    for (const entry of this.entries) {
      if (entry.readsAtEnd < READS_AT_END) faults.push(...(await checkEntry(entry, client)));
    }
    return [...faults, ...(await this.checkListing(client))];
  }

  /** The listing reads an index, which the embedded DynamoDB does not write together with the item. */
  private async checkListing(client: Client): Promise<string[]> {
    const names = new Set<string | undefined>();
    let nextToken: string | undefined;
    do {
      const page = await client.control.listWorkloadIdentities({ nextToken });
      for (const { name } of page.workloadIdentities ?? []) names.add(name);
      ({ nextToken } = page);
    } while (nextToken !== undefined);
    return this.entries.flatMap(({ subject, at }) => {
      const state = subject.path[at];
      if (!subject.path.includes('suspended') || names.has(subject.name) === (state !== 'absent')) return [];
      return [`${subject.name} is ${String(state)}, and the listing differs`];
    });
  }

  /** Names of the subjects with a move that was acknowledged. */
  namesOfAcknowledged(): string[] {
    return this.entries.filter(({ isAcknowledged }) => isAcknowledged).map(({ subject }) => subject.name);
  }

  /** Tokens of the grants that were revoked. */
  revokedTokens(): string[] {
    return this.entries
      .filter(({ subject, at }) => at === subject.path.length - 1)
      .flatMap(({ subject }) => subject.tokens);
  }
}

async function checkEntry(entry: Entry, client: Client): Promise<string[]> {
  const { subject, at } = entry;
  const possible = entry.isMoving ? [at, at + 1] : [at];
  const state = await subject.read(client);
  const found = possible.find((index) => subject.path[index] === state);
  if (found === undefined) {
    const expected = possible.map((index) => String(subject.path[index])).join('" or "');
    return [`${subject.name} is "${state}" instead of "${expected}"`];
  }
  entry.at = found;
  entry.isMoving = entry.isMoving && found === at && subject.isContinued === true;
  if (found === subject.path.length - 1) entry.readsAtEnd += 1;
  return [];
}
