/**
 * Continues everything in the outbox that is due. Any number of sweeps can run at the same time, and one that stops in
 * the middle is continued by the next.
 */
import type { System } from '../system';
import { attemptRevocation, type AttemptDependencies, type AttemptResult } from './attempt';
import { attemptClientDeletion, type ClientDeletionDependencies } from './client-deletion';
import { advanceItem } from './end';
import { ended, failed, INTERNAL_ERROR, isDue, isExhausted, postponedByFailure, taken } from './item';
import { ProviderQueues, type Turn } from './provider-queues';
import { isClientDeletion, type Due, type RevocationStore } from './outbox';
import type { Revocation } from '../../model/records/revocation-outbox';
import { SELECTION_LEASE, revokeSelected, type SelectDependencies } from './select';

export type SweepDependencies = SelectDependencies &
  AttemptDependencies &
  Pick<ClientDeletionDependencies, 'transport' | 'registeredClients'> & {
    readonly revocations: RevocationStore;
    readonly providers: SelectDependencies['providers'] & AttemptDependencies['providers'];
    readonly system: System;
    /** Receives the error of a record that could not be continued. The other records are. */
    readonly report: (error: unknown) => void;
  };

/** Selections in parallel, in addition to the attempts. */
const SELECTIONS = 4;

/** Milliseconds between two readings of the selections that are due. */
const SELECTIONS_INTERVAL = 5_000;

/** Milliseconds between two readings of all items that are due. */
const READING_INTERVAL = 5_000;

/** How much longer the interval is than the reading, at least: thousands of items of one provider are read again each time. */
const INTERVAL_PER_READING = 10;

/**
 * Performs an attempt, or postpones the item. Does nothing if another worker has it.
 *
 * @returns undefined if there was no attempt, or it failed unexpectedly
 */
async function attemptItem(
  deps: SweepDependencies,
  { id, unavailable }: Turn,
): Promise<AttemptResult | undefined> {
  const { revocations, system } = deps;
  const item = await revocations.getItem(id);
  if (!item || !isDue(item, system.now())) return undefined;
  const now = system.now();
  const postponed = unavailable && postponedByFailure(item, unavailable, now);
  if (postponed?.state === 'PENDING') {
    await advanceItem(deps, postponed);
    return undefined;
  }
  // The lease is also for an end without an attempt: sweeps that overlap would each record it.
  const attempted = taken(item, now);
  if (!(await advanceItem(deps, attempted))) return undefined;
  if (unavailable) {
    await advanceItem(deps, postponedByFailure(attempted, unavailable, now));
    return undefined;
  }
  if (isExhausted(attempted)) {
    await advanceItem(deps, ended(attempted, 'UNCONFIRMED', INTERNAL_ERROR));
    return undefined;
  }
  try {
    if (!isClientDeletion(attempted)) return await attemptRevocation(deps, attempted);
    return await attemptClientDeletion(deps, attempted);
  } catch (error) {
    deps.report(error);
    await advanceItem(deps, failed(attempted, { code: INTERNAL_ERROR }, system.now()));
    return undefined;
  }
}

/** Takes a revocation and continues its selection, unless another worker has it. */
async function continueSelection(
  deps: SweepDependencies,
  revocationId: string,
  until: number,
  afterPage: () => void,
): Promise<void> {
  const { revocations, system } = deps;
  const revocation = await revocations.get(revocationId);
  if (!revocation || !isDue(revocation, system.now())) return;
  const taking: Revocation = {
    ...revocation,
    revision: revocation.revision + 1,
    dueAt: system.now() + SELECTION_LEASE,
  };
  if (await revocations.advance(taking)) await revokeSelected(deps, revocationId, until, afterPage);
}

/** Lets code wait until something has happened. */
class Changes {
  #resolve: () => void = () => undefined;
  #next = this.#promise();

  #promise(): Promise<void> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** Resolves at the next call of {@link notify}. */
  get next(): Promise<void> {
    return this.#next;
  }

  notify(): void {
    const resolve = this.#resolve;
    this.#next = this.#promise();
    resolve();
  }
}

class Sweep {
  /** Due records that this sweep has taken up. The index returns some of them again, because it lags. */
  readonly #seen = new Set<string>();
  readonly #queues = new ProviderQueues(() => this.#isSelecting);
  readonly #selections: string[] = [];
  #selecting = 0;
  /** Epoch milliseconds at which the selections that are due are read again. */
  #nextSelections = 0;
  readonly #running = new Set<Promise<void>>();
  readonly #changes = new Changes();
  /** Where the reading of the items continues; undefined to begin at the earliest item. */
  #position: string | undefined;
  /** Whether the items are read to the end, past the items of providers without room. */
  #readsAll = false;
  /** Milliseconds that the reading of all items has taken so far. */
  #readingTime = 0;
  /** Epoch milliseconds at which all items are read again. */
  #nextReading = 0;

  constructor(
    private readonly deps: SweepDependencies,
    private readonly until: number,
  ) {}

  async run(): Promise<void> {
    try {
      await this.#continueUntilDone();
    } finally {
      await Promise.all(this.#running);
    }
  }

  async #continueUntilDone(): Promise<void> {
    const { system } = this.deps;
    for (;;) {
      const changed = this.#changes.next;
      if (system.now() >= this.#nextSelections) await this.#readSelections();
      this.#beginSelections();
      for (let turn = this.#queues.next(); turn; turn = this.#queues.next()) this.#begin(turn);
      if (system.now() >= this.until) return;
      if (!this.#queues.isFull && (await this.#read())) continue;
      if (this.#running.size === 0) return;
      await changed;
    }
  }

  /** Starts work. An error is reported, so that it affects no other record. */
  #start(work: () => Promise<void>): void {
    const running = work()
      .catch((error: unknown) => this.deps.report(error))
      .finally(() => {
        this.#running.delete(running);
        this.#changes.notify();
      });
    this.#running.add(running);
  }

  #begin(turn: Turn): void {
    const { system } = this.deps;
    const begunAt = system.now();
    this.#start(async () => {
      let result: AttemptResult | undefined;
      try {
        result = await attemptItem(this.deps, turn);
      } finally {
        turn.end(result, system.now() - begunAt);
      }
    });
  }

  /** Selections are read first and separately: none waits behind thousands of items. */
  async #readSelections(): Promise<void> {
    const { revocations, system } = this.deps;
    const due = await revocations.dueSelections(system.now());
    for (const selection of due) this.#takeUp(selection, () => this.#selections.push(selection.id) > 0);
    this.#nextSelections = system.now() + SELECTIONS_INTERVAL;
  }

  get #isSelecting(): boolean {
    return this.#selections.length > 0 || this.#selecting > 0 || !this.deps.runningSelections.isEmpty;
  }

  #beginSelections(): void {
    while (this.#selecting < SELECTIONS) {
      const id = this.#selections.shift();
      if (id === undefined) return;
      this.#selecting += 1;
      this.#start(async () => {
        try {
          // The page's items are due now.
          await continueSelection(this.deps, id, this.until, () => this.#changes.notify());
        } finally {
          this.#selecting -= 1;
        }
      });
    }
  }

  /**
   * Reads due items until an attempt can begin, or there are no more. All of them are read at intervals, to find the items
   * behind those of providers without room. In between, they are read when no item waits, and only as far as necessary.
   *
   * @returns whether any can begin
   */
  async #read(): Promise<boolean> {
    const { system } = this.deps;
    if (this.#position === undefined) {
      this.#readsAll = system.now() >= this.#nextReading;
      if (!this.#readsAll && !this.#queues.isEmpty) return false;
    }
    do {
      await this.#readPage();
      if (this.#queues.canBegin) {
        if (!this.#readsAll) this.#position = undefined;
        return true;
      }
    } while (this.#position !== undefined && system.now() < this.until);
    return false;
  }

  async #readPage(): Promise<void> {
    const { revocations, system } = this.deps;
    const begunAt = system.now();
    const { items, next } = await revocations.dueItems(begunAt, this.#position);
    this.#position = next;
    for (const item of items) this.#takeUp(item, () => this.#queues.add(item));
    const now = system.now();
    this.#readingTime += now - begunAt;
    if (next !== undefined) return;
    if (this.#readsAll) {
      this.#nextReading = now + Math.max(READING_INTERVAL, this.#readingTime * INTERVAL_PER_READING);
    }
    this.#readingTime = 0;
  }

  /** @param take returns whether there is room for the record */
  #takeUp({ id, dueAt }: Due, take: () => boolean): void {
    const key = `${id} ${dueAt}`;
    if (!this.#seen.has(key) && take()) this.#seen.add(key);
  }
}

/**
 * Continues revocations and attempts items until nothing is due, or until a time. Attempts that have begun then are
 * completed.
 *
 * @param until epoch milliseconds
 */
export const sweep = (deps: SweepDependencies, until: number): Promise<void> => new Sweep(deps, until).run();
