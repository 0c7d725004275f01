/** Reads the restored table, decides, writes, and checks the written records again. */
import type { DynamoDb, Item } from '../../dynamodb';
import { CliError, usageError } from '../../failure';
import { Live } from './live';
import { candidateOf, type Candidate, type Reason, type Subject, type Write } from './records';
import type { LiveTables, Target } from './tables';

export interface Restore {
  readonly source: string;
  readonly into: Target;
  readonly tables: LiveTables;
  /** Epoch seconds. */
  readonly restoredTo: number;
  readonly apply: boolean;
  readonly matches: (subject: Subject) => boolean;
  readonly show: (text: string) => void;
}

export interface NotRestored extends Subject {
  readonly reason: Reason;
}

export interface Result {
  /** What was written, or would be. */
  readonly records: readonly Subject[];
  /** Without the records that the live table has. */
  readonly notRestored: readonly NotRestored[];
  /** Number of records that the live table has. */
  readonly present: number;
}

interface Written extends Candidate {
  readonly write: Write;
}

/** Records to decide in parallel. */
const AT_ONCE = 10;

/** Waits for all writes that have begun before it throws, so that their number is known. */
async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < items.length; at += AT_ONCE) {
    const results = await Promise.allSettled(items.slice(at, at + AT_ONCE).map(work));
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }
}

/** What changes with every write of a record. */
const REVISIONS = ['revision', 'generation', 'epoch', 'version'];

/** Returns the condition that a record is as it was written. */
function unchanged(item: Item): object {
  const names = REVISIONS.filter((name) => item[name] !== undefined);
  if (names.length === 0) return {};
  return {
    ConditionExpression: names.map((name) => `#${name} = :${name}`).join(' AND '),
    ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
    ExpressionAttributeValues: Object.fromEntries(names.map((name) => [`:${name}`, item[name]])),
  };
}

class Run {
  readonly written: Written[] = [];
  readonly notRestored: NotRestored[] = [];
  present = 0;
  private read = 0;

  constructor(
    private readonly db: DynamoDb,
    private readonly restore: Restore,
  ) {}

  private get table(): string {
    return this.restore.tables[this.restore.into];
  }

  async all(now: number): Promise<void> {
    const { source, restoredTo, show } = this.restore;
    show('Reading the live directory and the revocations …');
    const live = await Live.read(this.db, this.restore.tables);
    for await (const items of this.db.scan(source)) {
      const candidates = items.map((item) => this.candidate(item, live, { now, restoredTo }));
      await inParallel(candidates, (candidate) => this.one(candidate, live));
      this.read += items.length;
      show(`Read ${this.read} records of ${source} …`);
    }
    if (this.restore.apply && this.written.length > 0) await this.check();
  }

  /** @throws CliError if the record is not one of the table: then the whole copy is another one */
  private candidate(item: Item, live: Live, times: { now: number; restoredTo: number }): Candidate {
    const { source, into } = this.restore;
    const candidate = candidateOf(item, live, times);
    if (!candidate) {
      return {
        table: into,
        subject: { record: 'other' },
        decide: () => Promise.resolve({ reason: 'Unreadable' }),
      };
    }
    if (candidate.table !== into) {
      throw usageError(
        `The table ${source} is a copy of the table ${candidate.table}, not of ${into}.`,
        candidate.table === 'sessions' || candidate.table === 'revocations'
          ? 'Its records never return: sessions are for one use, and tokens of ended revocations were destroyed.'
          : `Set --into ${candidate.table}.`,
      );
    }
    return candidate;
  }

  private async one(candidate: Candidate, live: Live): Promise<void> {
    if (!this.restore.matches(candidate.subject)) return;
    const decision = await candidate.decide(live, false);
    if ('reason' in decision) {
      this.keep(candidate, decision.reason);
      return;
    }
    if (this.restore.apply && !(await this.put(decision.write))) this.keep(candidate, 'Present');
    else this.written.push({ ...candidate, write: decision.write });
  }

  private keep({ subject }: Candidate, reason: Reason): void {
    if (reason === 'Present') this.present += 1;
    else this.notRestored.push({ ...subject, reason });
  }

  private put({ item, condition }: Write): Promise<boolean> {
    return this.db.conditional('PutItem', { TableName: this.table, Item: item, ...condition });
  }

  /**
   * Decides again about each written record, and removes it if it must not be there: a request might have deleted its
   * owner, revoked it, or suspended its user while the command ran.
   */
  private async check(): Promise<void> {
    this.restore.show('Checking the restored records …');
    const live = await Live.read(this.db, this.restore.tables);
    const stuck: Written[] = [];
    await inParallel([...this.written], async (written) => {
      if (written.write.replaces) return;
      const decision = await written.decide(live, true);
      if ('write' in decision) return;
      const { pk, sk } = written.write.item;
      const removed = await this.db.conditional('DeleteItem', {
        TableName: this.table,
        Key: { pk, sk },
        ...unchanged(written.write.item),
      });
      if (!removed) stuck.push(written);
      this.written.splice(this.written.indexOf(written), 1);
      this.keep(written, decision.reason);
    });
    if (stuck.length > 0) {
      throw new CliError(
        `Requests ended ${stuck.length} restored records and changed them while the command ran: ${stuck.map(({ subject }) => JSON.stringify(subject)).join(', ')}.`,
        { next: 'Revoke these grants, or delete these resources, again.' },
      );
    }
  }
}

/** @param now epoch seconds */
export async function restoreRecords(db: DynamoDb, restore: Restore, now: number): Promise<Result> {
  const run = new Run(db, restore);
  try {
    await run.all(now);
  } catch (error) {
    if (!restore.apply || !(error instanceof CliError) || run.written.length === 0) throw error;
    throw new CliError(`${error.fault} Records that were restored before: ${run.written.length}.`, {
      next: `${error.next ?? ''} Then run the same command again: it skips what is there.`.trim(),
    });
  }
  return {
    records: run.written.map(({ subject }) => subject),
    notRestored: run.notRestored,
    present: run.present,
  };
}
