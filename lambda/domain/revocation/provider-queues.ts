/**
 * The due items of a sweep, by provider. The next attempt is for the owner with the fewest attempts in progress, and then
 * for its provider with the fewest. Among equals, the one whose last attempt began first is next. A provider starts with
 * few attempts in parallel and gets one more with each success, so a provider that does not respond holds few of them.
 */
import type { AttemptResult, Unavailable } from './attempt';
import { SLOW } from './item';
import type { DueItem } from './outbox';

/**
 * Attempts in parallel, and while grants are selected. A selection ends access to tokens, and an attempt uses several
 * times the CPU time of the selection of a grant. So the selection gets most of the function, and no provider waits for
 * its end: it can fail each time, or not respond.
 */
const CONCURRENCY = 16;
const CONCURRENCY_DURING_SELECTION = 2;

/** Attempts in parallel at one provider, and at the providers of one owner: at first, and after successes. */
const FIRST_SHARE = { provider: 2, owner: 6 };
const MAX_SHARE = 12;

/** Milliseconds from which an attempt is slow, even if it succeeds. */
const SLOW_ATTEMPT = 10_000;

/** Consecutive failures, or slow attempts in all, after which a sweep sends a provider no more requests. */
const FAILURE_LIMIT = 3;

/** Waiting items of one provider. The others are read from the index again later. */
const MAX_WAITING = 200;

/** The attempts in progress at a provider, or at the providers of an owner. */
class Share {
  active = 0;
  /** Number of the turn that began last: 0 if there was none. */
  lastTurn = 0;
  readonly #first: number;
  #limit: number;

  constructor(first: number) {
    this.#first = first;
    this.#limit = first;
  }

  get hasRoom(): boolean {
    return this.active < this.#limit;
  }

  succeeded(): void {
    this.#limit = Math.min(this.#limit + 1, MAX_SHARE);
  }

  failed(): void {
    this.#limit = this.#first;
  }
}

/** The items at one provider. */
interface Queue {
  readonly waiting: DueItem[];
  readonly provider: Share;
  readonly owner: Share;
  consecutiveFailures: number;
  slowAttempts: number;
  unavailable: Unavailable | undefined;
}

/** An item to work on. */
export interface Turn {
  readonly id: string;
  /** Set if the provider has reached its limit of failures: the item must be postponed. */
  readonly unavailable: Unavailable | undefined;
  /**
   * Ends the turn. Without it, the turn holds its place.
   *
   * @param result of the attempt; undefined if there was none, or it failed unexpectedly
   * @param milliseconds that it took
   */
  end(result: AttemptResult | undefined, milliseconds: number): void;
}

/** Learns from an attempt how many more the provider and its owner get. */
function learn(queue: Queue, result: AttemptResult | undefined, milliseconds: number): void {
  const isSlow = milliseconds >= SLOW_ATTEMPT;
  for (const share of [queue.provider, queue.owner]) {
    if (isSlow || typeof result === 'object' || result === 'not-revoked') share.failed();
    else if (result) share.succeeded();
  }
  if (isSlow) queue.slowAttempts += 1;
  if (queue.slowAttempts >= FAILURE_LIMIT) queue.unavailable ??= { code: SLOW };
  if (typeof result === 'object') {
    queue.consecutiveFailures += 1;
    if (queue.consecutiveFailures >= FAILURE_LIMIT) queue.unavailable = result;
  } else if (result) {
    queue.consecutiveFailures = 0;
  }
}

export class ProviderQueues {
  readonly #queues = new Map<string, Queue>();
  readonly #owners = new Map<string, Share>();
  #active = 0;
  #turns = 0;

  /** @param isSelecting returns whether this process selects grants now */
  constructor(private readonly isSelecting: () => boolean) {}

  /** Adds an item. Returns whether there was room for it. */
  add(item: DueItem): boolean {
    const queue = this.#queueOf(item);
    if (queue.waiting.length >= MAX_WAITING) return false;
    queue.waiting.push(item);
    return true;
  }

  #queueOf({ provider: { id, owner } }: DueItem): Queue {
    const found = this.#queues.get(id);
    if (found) return found;
    // Without an owner, the provider has a separate share.
    const ownerKey = owner ?? id;
    const ownerShare = this.#owners.get(ownerKey) ?? new Share(FIRST_SHARE.owner);
    this.#owners.set(ownerKey, ownerShare);
    const queue: Queue = {
      waiting: [],
      provider: new Share(FIRST_SHARE.provider),
      owner: ownerShare,
      consecutiveFailures: 0,
      slowAttempts: 0,
      unavailable: undefined,
    };
    this.#queues.set(id, queue);
    return queue;
  }

  get isFull(): boolean {
    return this.#active >= (this.isSelecting() ? CONCURRENCY_DURING_SELECTION : CONCURRENCY);
  }

  get isEmpty(): boolean {
    return [...this.#queues.values()].every(({ waiting }) => waiting.length === 0);
  }

  /** Returns whether {@link next} returns a turn. */
  get canBegin(): boolean {
    return this.#least() !== undefined;
  }

  /** Begins a turn. Returns undefined if nothing waits whose provider and owner have room. */
  next(): Turn | undefined {
    const queue = this.#least();
    const item = queue?.waiting.shift();
    if (!queue || !item) return undefined;
    const places = [queue.provider, queue.owner];
    this.#turns += 1;
    for (const share of places) {
      share.active += 1;
      share.lastTurn = this.#turns;
    }
    this.#active += 1;
    return {
      id: item.id,
      unavailable: queue.unavailable,
      end: (result, milliseconds) => {
        for (const share of places) share.active -= 1;
        this.#active -= 1;
        learn(queue, result, milliseconds);
      },
    };
  }

  #least(): Queue | undefined {
    if (this.isFull) return undefined;
    let least: Queue | undefined;
    for (const queue of this.#queues.values()) {
      const canBegin = queue.waiting.length > 0 && queue.provider.hasRoom && queue.owner.hasRoom;
      if (canBegin && (!least || isBefore(queue, least))) least = queue;
    }
    return least;
  }
}

/** With as few attempts in progress as another, a share is next after its last turn, so that all have turns. */
const order = (share: Share, other: Share): number =>
  share.active - other.active || share.lastTurn - other.lastTurn;

const isBefore = (queue: Queue, other: Queue): boolean =>
  (order(queue.owner, other.owner) || order(queue.provider, other.provider)) < 0;
