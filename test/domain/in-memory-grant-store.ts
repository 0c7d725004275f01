/** The in-memory grant store: each method is one atomic step, with the conditions that the port states. */
import type { GrantStore } from '../../lambda/domain/grant/grant';
import type { Grant, GrantTokens } from '../../lambda/model/records/grant';
import type { GrantId } from '../../lambda/model/grant-id';
import { matches, type GrantIndex } from '../../lambda/domain/grant/selection';
import { recordOf } from './in-memory-record';

const keyOf = ({ workloadId, userHash, target }: GrantId): string =>
  JSON.stringify([workloadId, userHash, target]);

/** The members that end when tokens are stored or dropped. */
const PAST = ['lease', 'lastFailure', 'rejected'] as const;
const PAST_TOKENS = ['tokens', 'createdTime', 'lastUsedDate'] as const;

/** Grants of a page: few, so that a test has several pages. */
const PAGE = 3;

export interface InMemoryGrantStore extends GrantStore {
  readonly index: GrantIndex;
  /** Deletes the grants whose end has passed, as the TTL of the table does. @param now epoch seconds */
  deleteEnded(now: number): void;
}

export function createInMemoryGrantStore(): InMemoryGrantStore {
  const grants = new Map<string, Grant>();

  /**
   * Stores the result of `next` for the stored grant; undefined means that the condition did not hold.
   *
   * @param end the grant's new end in epoch seconds, or none; absent if the end stays
   */
  function change(
    id: GrantId,
    next: (current: Grant | undefined) => Grant | undefined,
    end?: { readonly endsAt?: number | undefined },
  ): Promise<boolean> {
    const changed = next(grants.get(keyOf(id)));
    if (changed) {
      const { endsAt } = end ?? changed;
      const stored = { ...without(changed, 'endsAt'), ...(endsAt !== undefined && { endsAt }) };
      grants.set(keyOf(id), recordOf(stored));
    }
    return Promise.resolve(changed !== undefined);
  }

  const identified = ({ workloadId, userHash, target }: GrantId) => ({ workloadId, userHash, target });

  const without = (grant: Grant, ...members: (keyof Grant)[]): Grant => {
    const rest = { ...grant };
    for (const member of members) Reflect.deleteProperty(rest, member);
    return rest;
  };

  const withTokens = (grant: Grant, tokens: GrantTokens): Grant => ({
    createdTime: tokens.obtainedAt,
    ...without(grant, ...PAST),
    tokens,
    generation: grant.generation + 1,
  });
  /** The grants, in the order of their keys. */
  const sorted = () => [...grants.entries()].sort(([a], [b]) => (a < b ? -1 : 1));

  const index: GrantIndex = {
    page(filter, { limit, after }) {
      const entries = sorted().filter(([key]) => after === undefined || key > after);
      const page = entries.slice(0, Math.min(limit, PAGE));
      const last = entries.length > page.length ? page.at(-1)?.[0] : undefined;
      return Promise.resolve({
        grants: page.map(([, grant]) => recordOf(grant)).filter((grant) => matches(grant, filter)),
        ...(last !== undefined && { next: last }),
      });
    },
    ofAgentAndUser({ workloadId, userHash, targets = '' }, { after, afterTarget, limit = PAGE } = {}) {
      const held = sorted().filter(
        ([key, grant]) =>
          matches(grant, { workloadId, userHash }) &&
          grant.target.startsWith(targets) &&
          (afterTarget === undefined || grant.target > afterTarget) &&
          (after === undefined || key > after),
      );
      const page = held.slice(0, Math.min(limit, PAGE));
      const last = held.length > page.length ? page.at(-1)?.[0] : undefined;
      return Promise.resolve({
        grants: page.map(([, grant]) => recordOf(grant)),
        ...(last !== undefined && { next: last }),
      });
    },
  };

  return {
    index,

    deleteEnded(now) {
      for (const [key, { endsAt = Infinity }] of grants) if (endsAt <= now) grants.delete(key);
    },

    get(id) {
      const grant = grants.get(keyOf(id));
      return Promise.resolve(grant && recordOf(grant));
    },

    openConsent: (id, { providerId, details, consent, seen, forget, endsAt }) =>
      change(
        id,
        (current) => {
          const asSeen = seen
            ? current?.providerId === seen.providerId &&
              current.epoch === seen.epoch &&
              ((!forget && endsAt === undefined) || current.generation === seen.generation) &&
              current.consent?.sessionHash === seen.consent?.sessionHash
            : current === undefined;
          if (!asSeen) return undefined;
          const kept = current && (forget ? without(current, ...PAST_TOKENS, ...PAST) : current);
          return {
            generation: 0,
            ...kept,
            ...identified(id),
            ...details,
            providerId,
            consent,
            epoch: (seen?.epoch ?? 0) + (forget ? 1 : 0),
          };
        },
        { endsAt },
      ),

    putTokens: (id, { providerId, tokens, epoch }) =>
      change(
        id,
        (current) => {
          if (current?.providerId !== providerId || current.epoch !== epoch) return undefined;
          return withTokens(current, tokens);
        },
        { endsAt: undefined },
      ),

    takeLease: (id, { providerId, details, seen, lease, endsAt }) =>
      change(
        id,
        (current) => {
          const asSeen = seen
            ? current?.providerId === seen.providerId &&
              current.generation === seen.generation &&
              current.epoch === seen.epoch &&
              current.lease?.holder === seen.lease?.holder &&
              current.lease?.deadline === seen.lease?.deadline &&
              current.lastFailure?.at === seen.lastFailure?.at &&
              current.lastFailure?.failures === seen.lastFailure?.failures
            : current === undefined;
          if (!asSeen) return undefined;
          const kept =
            current && (current.providerId === providerId ? current : without(current, ...PAST_TOKENS));
          return { generation: 0, epoch: 0, ...kept, ...identified(id), ...details, providerId, lease };
        },
        { endsAt },
      ),

    markSent: (id, { holder, lease }) =>
      change(id, (current) => (current?.lease?.holder === holder ? { ...current, lease } : undefined)),

    putRenewed: (id, { holder, epoch, tokens, endsAt }) =>
      change(
        id,
        (current) =>
          current?.lease?.holder === holder && current.epoch === epoch
            ? withTokens(current, tokens)
            : undefined,
        { endsAt },
      ),

    releaseLease: (id, { holder, lastFailure, dropTokens }) =>
      change(id, (current) => {
        if (current?.lease?.holder !== holder) return undefined;
        const released = { ...without(current, 'lease'), ...(lastFailure && { lastFailure }) };
        return dropTokens
          ? { ...without(released, ...PAST_TOKENS), generation: current.generation + 1 }
          : released;
      }),

    reject: (id, { providerId, generation }) =>
      change(id, (current) =>
        current?.tokens && current.providerId === providerId && current.generation === generation
          ? { ...current, rejected: generation }
          : undefined,
      ),

    markUsed: (id, { providerId, date }) =>
      change(id, (current) => {
        if (current?.providerId !== providerId || !current.tokens) return undefined;
        return (current.lastUsedDate ?? '') < date ? { ...current, lastUsedDate: date } : undefined;
      }),

    revoke: (id, { providerId, generation, epoch }) =>
      change(id, (current) =>
        current?.providerId === providerId && current.generation === generation && current.epoch === epoch
          ? {
              ...without(current, 'consent', ...PAST_TOKENS, ...PAST),
              generation: generation + 1,
              epoch: epoch + 1,
            }
          : undefined,
      ),

    remove: (id, providerId) =>
      Promise.resolve(grants.get(keyOf(id))?.providerId === providerId && grants.delete(keyOf(id))),

    removeIdle(id, { providerId, generation, lease }) {
      const current = grants.get(keyOf(id));
      const isIdle =
        current?.providerId === providerId &&
        current.generation === generation &&
        current.lease?.holder === lease?.holder &&
        current.lease?.deadline === lease?.deadline;
      return Promise.resolve(isIdle && grants.delete(keyOf(id)));
    },
  };
}
