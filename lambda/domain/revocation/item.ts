/** The states of an item of the outbox, as pure functions from one revision to the next. */
import { hashOf } from '../digest';
import type { GrantId } from '../../model/grant-id';
import type { OwnCode } from '../oauth/provider-failure';
import type { ItemState, Revocation, OutboxItem } from '../../model/records/revocation-outbox';

/**
 * Milliseconds for which a worker has an item: longer than an attempt, which sends up to 7 requests of up to 5 seconds
 * each (discovery, introspection, both tokens, the refresh token, introspection, and a repetition).
 */
const ITEM_LEASE = 60_000;

/** Milliseconds before the second attempt, which double with each attempt up to the limit. The limit is the provider's too. */
const FIRST_BACK_OFF = 5_000;
const MAX_BACK_OFF = 3_600_000;

/** Milliseconds from the creation after which no attempt is repeated. */
export const RETRIED_FOR = 24 * 3_600_000;

/** Attempts after which an item is given up whose attempts end before they can be recorded. */
const MAX_ATTEMPTS = 100;

/** `lastError` of an item whose provider responds too slowly to get more requests in a sweep. */
export const SLOW = 'slow_responses' satisfies OwnCode;

/** `lastError` of an item whose attempt failed for a reason of this service. */
export const INTERNAL_ERROR = 'internal_error' satisfies OwnCode;

/** Maximum characters of `lastError`. */
const MAX_ERROR = 256;

/**
 * Returns the ID of the item for these tokens, which is the same at each repetition. Tokens are identified by their
 * ciphertext, which is different for each set of tokens.
 */
export const itemIdOf = (
  { workloadId, userHash, target }: GrantId,
  sealed: string,
  revocationId: string | undefined,
): string => hashOf(JSON.stringify([workloadId, userHash, target, sealed, revocationId ?? null]));

const next = (item: OutboxItem, change: Partial<OutboxItem>): OutboxItem => ({
  ...item,
  ...change,
  revision: item.revision + 1,
});

/** Returns whether a worker can take the item now. @param now epoch milliseconds */
export const isDue = ({ dueAt }: Pick<OutboxItem | Revocation, 'dueAt'>, now: number): boolean =>
  dueAt !== undefined && dueAt <= now;

/** Returns the item as a worker has it for an attempt. @param now epoch milliseconds */
export const taken = (item: OutboxItem, now: number): OutboxItem =>
  next(item, { attempts: item.attempts + 1, dueAt: now + ITEM_LEASE });

/** Returns the item with an end: without its ciphertext, and out of the index of due records. */
export const ended = (
  item: OutboxItem,
  state: Exclude<ItemState, 'PENDING'>,
  lastError?: string,
): OutboxItem =>
  next(item, {
    state,
    lastError: lastError?.slice(0, MAX_ERROR),
    sealed: undefined,
    dueAt: undefined,
  });

/** Returns whether the item was tried more often than in 24 hours of regular attempts. */
export const isExhausted = ({ attempts }: OutboxItem): boolean => attempts > MAX_ATTEMPTS;

/**
 * Returns the item after a failed attempt: due again later, or given up after 24 hours.
 *
 * @param failure.code for operators
 * @param failure.retryAfter seconds, as the provider stated; obeyed up to the limit
 * @param failure.sealed what to store in the place of the tokens
 * @param now epoch milliseconds
 */
export function failed(
  item: OutboxItem,
  failure: { readonly code: string; readonly retryAfter?: number | undefined; readonly sealed?: string },
  now: number,
): OutboxItem {
  const giveUpAt = item.createdTime * 1000 + RETRIED_FOR;
  if (now >= giveUpAt) return ended(item, 'UNCONFIRMED', failure.code);
  const own = Math.min(FIRST_BACK_OFF * 2 ** Math.min(item.attempts - 1, 20), MAX_BACK_OFF);
  const dueAt = Math.min(
    now + Math.max(own, Math.min((failure.retryAfter ?? 0) * 1000, MAX_BACK_OFF)),
    giveUpAt,
  );
  const sealed = failure.sealed === undefined ? {} : { sealed: failure.sealed };
  return next(item, { lastError: failure.code.slice(0, MAX_ERROR), dueAt, ...sealed });
}

/** Returns the taken item, due again later as if it had not been taken. @param dueAt epoch milliseconds */
export const postponed = (item: OutboxItem, dueAt: number): OutboxItem =>
  next(item, { attempts: item.attempts - 1, dueAt });

/** Milliseconds between two looks at what an item waits for. */
const WAITING_INTERVAL = 60_000;

/**
 * Returns the taken item, which waits for other items. It is retried for as long after the wait as an item without one.
 *
 * @param now epoch milliseconds
 */
export const waiting = (item: OutboxItem, now: number): OutboxItem => ({
  ...postponed(item, now + WAITING_INTERVAL),
  createdTime: Math.floor(now / 1000),
});

/** Milliseconds for which an item waits at least, if its provider gets no more requests in a sweep. */
const MIN_POSTPONEMENT = 60_000;

/**
 * Returns the item, due again later because its provider fails. No attempt was made, so none is counted: the item waits
 * as long again as since its creation, within limits. After 24 hours, it is given up, except if the provider is only slow.
 *
 * @param failure.retryAfter seconds, as the provider stated; obeyed up to the limit
 * @param now epoch milliseconds
 */
export function postponedByFailure(
  item: OutboxItem,
  { code, retryAfter = 0 }: { readonly code: string; readonly retryAfter?: number | undefined },
  now: number,
): OutboxItem {
  const age = now - item.createdTime * 1000;
  if (age >= RETRIED_FOR && code !== SLOW) return ended(item, 'UNCONFIRMED', code);
  const wanted = Math.max(age, retryAfter * 1000, MIN_POSTPONEMENT);
  return next(item, { lastError: code.slice(0, MAX_ERROR), dueAt: now + Math.min(wanted, MAX_BACK_OFF) });
}
