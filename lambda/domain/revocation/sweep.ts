/**
 * Continues everything in the outbox that is due. Any number of sweeps can run at the same time, and one that stops in
 * the middle is continued by the next.
 */
import type { System } from '../system';
import { advanceItem, attemptRevocation, type AttemptDependencies, type Unavailable } from './attempt';
import { forEachConcurrently } from './concurrency';
import { ended, failed, isDue, isExhausted, taken } from './item';
import type { DueRecord, OutboxItem, RevocationStore } from './revocation';
import { selectGrants, type SelectDependencies } from './select';

export type SweepDependencies = SelectDependencies &
  AttemptDependencies & {
    readonly revocations: RevocationStore;
    readonly providers: SelectDependencies['providers'] & AttemptDependencies['providers'];
    readonly system: System;
    /** Receives the error of a record that could not be continued. The other records are. */
    readonly report: (error: unknown) => void;
  };

/** Attempts in parallel, and of these at one provider: one that does not answer leaves room for the others. */
const CONCURRENCY = 16;
const CONCURRENCY_PER_PROVIDER = 12;

/** Consecutive failures after which a sweep sends a provider no more requests. */
const UNAVAILABLE_AFTER = 3;

/** The attempts at one provider in a sweep. */
interface Queue {
  readonly waiting: OutboxItem[];
  active: number;
  failures: number;
  unavailable: Unavailable | undefined;
}

/** The due items of a sweep, by provider. */
class Queues {
  readonly #queues = new Map<string, Queue>();

  add(item: OutboxItem): void {
    const { id } = item.provider;
    const queue = this.#queues.get(id) ?? { waiting: [], active: 0, failures: 0, unavailable: undefined };
    queue.waiting.push(item);
    this.#queues.set(id, queue);
  }

  /** Returns the queue of the provider with the fewest attempts in progress; undefined if none can begin one. */
  next(): Queue | undefined {
    let least: Queue | undefined;
    for (const queue of this.#queues.values()) {
      const canBegin = queue.waiting.length > 0 && queue.active < CONCURRENCY_PER_PROVIDER;
      if (canBegin && queue.active < (least?.active ?? Infinity)) least = queue;
    }
    return least;
  }

  get isEmpty(): boolean {
    return [...this.#queues.values()].every(({ waiting }) => waiting.length === 0);
  }
}

/** Takes the item and performs an attempt, unless another worker has it. */
async function attemptItem(
  deps: SweepDependencies,
  item: OutboxItem,
  unavailable: Unavailable | undefined,
): Promise<Unavailable | undefined> {
  const { system } = deps;
  const attempted = taken(item, system.now());
  // In place of an attempt: the provider is not asked again in this sweep, and the item waits as long as after a failure.
  const write = unavailable && failed({ ...attempted, revision: item.revision }, unavailable, system.now());
  if (!(await advanceItem(deps, write ?? attempted)) || write) return unavailable;
  if (isExhausted(attempted)) {
    await advanceItem(deps, ended(attempted, 'UNCONFIRMED', 'internal_error'));
    return undefined;
  }
  try {
    return await attemptRevocation(deps, attempted);
  } catch (error) {
    deps.report(error);
    await advanceItem(deps, failed(attempted, { code: 'internal_error' }, system.now()));
    return undefined;
  }
}

/**
 * Continues revocations and attempts items until nothing is due, or until a time. Attempts that have begun then are
 * completed.
 *
 * @param until epoch milliseconds
 */
export async function sweep(deps: SweepDependencies, until: number): Promise<void> {
  const { revocations, system } = deps;
  /** Due records that this sweep has seen. The index returns some of them again, because it lags. */
  const seen = new Set<string>();
  const queues = new Queues();
  const active = new Set<Promise<void>>();

  /** Reports an error, so that it affects no other record. */
  async function guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      deps.report(error);
    }
  }

  async function load(due: readonly DueRecord[]): Promise<void> {
    await forEachConcurrently(due, CONCURRENCY, ({ kind, id }) =>
      guarded(async () => {
        if (kind === 'revocation') {
          const revocation = await revocations.get(id);
          if (revocation && isDue(revocation, system.now())) await selectGrants(deps, id, until);
          return;
        }
        const item = await revocations.getItem(id);
        if (item && isDue(item, system.now())) queues.add(item);
      }),
    );
  }

  /** Returns whether there were records that this sweep had not seen. */
  async function refill(): Promise<boolean> {
    const due = await revocations.due(system.now());
    const unseen = due.filter(({ id, dueAt }) => !seen.has(`${id} ${dueAt}`));
    for (const { id, dueAt } of unseen) seen.add(`${id} ${dueAt}`);
    await load(unseen);
    return unseen.length > 0;
  }

  function begin(queue: Queue): void {
    const item = queue.waiting.shift();
    if (!item) return;
    queue.active += 1;
    const work = guarded(async () => {
      const failure = await attemptItem(deps, item, queue.unavailable);
      queue.failures = failure ? queue.failures + 1 : 0;
      if (queue.failures >= UNAVAILABLE_AFTER) queue.unavailable = failure;
    }).finally(() => {
      queue.active -= 1;
      active.delete(work);
    });
    active.add(work);
  }

  for (;;) {
    for (let queue = queues.next(); queue && active.size < CONCURRENCY; queue = queues.next()) begin(queue);
    const isOver = system.now() >= until;
    if (isOver) break;
    if (queues.isEmpty && (await refill())) continue;
    if (active.size === 0) break;
    await Promise.race(active);
  }
  await Promise.all(active);
}
