/** Grants in the vault table: one item each, one conditional write per change. */
import type { GrantStore } from '../../domain/grant/grant';
import { GrantSchema, type Grant, type GrantDetails, type GrantTokens } from '../../model/records/grant';
import type { GrantId } from '../../model/grant-id';
import { NO_USER } from '../../model/user';
import { grantKey, TTL_ATTRIBUTE } from '../../model/table-keys';
import { parseRecord, versioned } from './record';
import type { Table } from './table';

/**
 * Returns the grant in an item. The attribute of the user is `subjectHash`, because `userHash` is the partition of an index,
 * which the grants that an agent has for itself must not be in. The attribute of the end is the one of the table's TTL.
 *
 * @throws ValiError for a malformed record
 */
export function parseGrant(item: unknown): Grant | undefined {
  if (typeof item !== 'object' || item === null) return undefined;
  const { subjectHash, [TTL_ATTRIBUTE]: endsAt, ...members } = item as Readonly<Record<string, unknown>>;
  return parseRecord(GrantSchema, {
    ...members,
    userHash: subjectHash,
    ...(endsAt !== undefined && { endsAt }),
  });
}

export const keyOf = (id: GrantId) => grantKey(id.workloadId, id.userHash, id.target);

/** Returns the attributes that every grant has, whichever write creates it. `userHash` is the partition of an index. */
const identified = (id: GrantId, providerId: string, details: GrantDetails) => ({
  ...versioned({ workloadId: id.workloadId, subjectHash: id.userHash, target: id.target }),
  providerId,
  workloadName: details.workloadName,
  resources: details.resources,
  audiences: details.audiences,
  ...(id.userHash !== NO_USER && { userHash: id.userHash }),
});

/** Returns assignments of the attributes, and the values that they name. */
const assigned = (attributes: Readonly<Record<string, unknown>>) => ({
  assignments: Object.keys(attributes)
    .map((name) => `${name} = :${name}`)
    .join(', '),
  values: Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`:${name}`, value])),
});

/** The attributes that become obsolete with new tokens. */
const PAST = 'lease, lastFailure, rejected';

/** The attributes that become obsolete without tokens. */
const PAST_TOKENS = `tokens, createdTime, lastUsedDate, ${PAST}`;

/** Stores tokens. A grant begins with its first tokens. */
const ASSIGN_TOKENS =
  'tokens = :tokens, generation = generation + :one, createdTime = if_not_exists(createdTime, :obtainedAt)';

/** What a write sets and removes for the end of a grant, with the names and the value that this needs. */
const ending = (endsAt: number | undefined) => ({
  set: endsAt === undefined ? '' : ', #ttl = :endsAt',
  remove: endsAt === undefined ? ['#ttl'] : [],
  names: { '#ttl': TTL_ATTRIBUTE },
  values: endsAt === undefined ? {} : { ':endsAt': endsAt },
});

/** The condition that a grant has the lease (or none) that was read. */
const unchanged = (lease: Grant['lease']) =>
  lease
    ? {
        condition: 'lease.holder = :seenHolder AND lease.deadline = :seenDeadline',
        values: { ':seenHolder': lease.holder, ':seenDeadline': lease.deadline },
      }
    : { condition: 'attribute_not_exists(lease)', values: {} };

const removing = (attributes: readonly string[]): string =>
  attributes.length > 0 ? ` REMOVE ${attributes.join(', ')}` : '';

const tokenValues = (tokens: GrantTokens) => ({
  ':tokens': tokens,
  ':one': 1,
  ':obtainedAt': tokens.obtainedAt,
});

export const createGrantStore = (vault: Table): GrantStore => ({
  get: async (id) => parseGrant(await vault.get(keyOf(id))),

  openConsent(id, { providerId, details, consent, seen, forget, endsAt }) {
    const { assignments, values } = assigned(identified(id, providerId, details));
    const sameConsent = seen?.consent ? 'consent.sessionHash = :seenHash' : 'attribute_not_exists(consent)';
    const end = ending(endsAt);
    const set = `SET ${assignments}, consent = :consent, epoch = :epoch, generation = if_not_exists(generation, :zero)${end.set}`;
    const remove = removing([...(forget ? [PAST_TOKENS] : []), ...end.remove]);
    const sameTokens = forget || endsAt !== undefined;
    return vault.update(keyOf(id), set + remove, {
      condition: seen
        ? `providerId = :seenProvider AND epoch = :seenEpoch AND ${sameConsent}${sameTokens ? ' AND generation = :seenGeneration' : ''}`
        : 'attribute_not_exists(pk)',
      names: end.names,
      values: {
        ...values,
        ...end.values,
        ':consent': consent,
        ':zero': 0,
        ':epoch': (seen?.epoch ?? 0) + (forget ? 1 : 0),
        ...(seen && { ':seenProvider': seen.providerId, ':seenEpoch': seen.epoch }),
        ...(seen && sameTokens && { ':seenGeneration': seen.generation }),
        ...(seen?.consent && { ':seenHash': seen.consent.sessionHash }),
      },
    });
  },

  putTokens(id, { providerId, tokens, epoch }) {
    return vault.updateOnce(keyOf(id), `${ASSIGN_TOKENS} REMOVE ${PAST}, #ttl`, {
      condition: 'providerId = :providerId AND epoch = :epoch',
      names: { '#ttl': TTL_ATTRIBUTE },
      values: { ...tokenValues(tokens), ':providerId': providerId, ':epoch': epoch },
    });
  },

  takeLease(id, { providerId, details, seen, lease, endsAt }) {
    const { assignments, values } = assigned(identified(id, providerId, details));
    const foreign = seen !== undefined && seen.providerId !== providerId;
    const end = ending(endsAt);
    const set = `SET ${assignments}, lease = :lease, epoch = if_not_exists(epoch, :zero), generation = if_not_exists(generation, :zero)${end.set}`;
    const remove = removing([...(foreign ? ['tokens, createdTime, lastUsedDate'] : []), ...end.remove]);
    const sameLease = unchanged(seen?.lease);
    // A failure since then began a back-off, and can have redeemed the refresh token.
    const sameFailure = seen?.lastFailure
      ? 'lastFailure.#at = :seenFailureAt AND lastFailure.failures = :seenFailures'
      : 'attribute_not_exists(lastFailure)';
    return vault.update(keyOf(id), set + remove, {
      condition: seen
        ? `providerId = :seenProvider AND generation = :seenGeneration AND epoch = :seenEpoch AND ${sameLease.condition} AND ${sameFailure}`
        : 'attribute_not_exists(pk)',
      names: { ...end.names, ...(seen?.lastFailure && { '#at': 'at' }) },
      values: {
        ...values,
        ...end.values,
        ':lease': lease,
        ':zero': 0,
        ...(seen && {
          ':seenProvider': seen.providerId,
          ':seenGeneration': seen.generation,
          ':seenEpoch': seen.epoch,
        }),
        ...(seen?.lastFailure && {
          ':seenFailureAt': seen.lastFailure.at,
          ':seenFailures': seen.lastFailure.failures,
        }),
        ...sameLease.values,
      },
    });
  },

  markSent: (id, { holder, lease }) =>
    vault.update(keyOf(id), 'SET lease = :lease', {
      condition: 'lease.holder = :holder',
      values: { ':lease': lease, ':holder': holder },
    }),

  putRenewed(id, { holder, epoch, tokens, endsAt }) {
    const end = ending(endsAt);
    return vault.update(keyOf(id), `SET ${ASSIGN_TOKENS}${end.set}${removing([PAST, ...end.remove])}`, {
      condition: 'lease.holder = :holder AND epoch = :epoch',
      names: end.names,
      values: { ...tokenValues(tokens), ...end.values, ':holder': holder, ':epoch': epoch },
    });
  },

  releaseLease(id, { holder, lastFailure, dropTokens }) {
    const set = [
      ...(lastFailure ? ['lastFailure = :lastFailure'] : []),
      ...(dropTokens ? ['generation = generation + :one'] : []),
    ];
    const remove = dropTokens ? 'REMOVE lease, tokens, createdTime, lastUsedDate' : 'REMOVE lease';
    return vault.update(keyOf(id), set.length > 0 ? `SET ${set.join(', ')} ${remove}` : remove, {
      condition: 'lease.holder = :holder',
      values: {
        ':holder': holder,
        ...(lastFailure && { ':lastFailure': lastFailure }),
        ...(dropTokens && { ':one': 1 }),
      },
    });
  },

  reject: (id, { providerId, generation }) =>
    vault.update(keyOf(id), 'SET rejected = :generation', {
      condition: 'providerId = :providerId AND generation = :generation AND attribute_exists(tokens)',
      values: { ':providerId': providerId, ':generation': generation },
    }),

  markUsed: (id, { providerId, date }) =>
    vault.update(keyOf(id), 'SET lastUsedDate = :date', {
      condition:
        'providerId = :providerId AND attribute_exists(tokens) AND (attribute_not_exists(lastUsedDate) OR lastUsedDate < :date)',
      values: { ':providerId': providerId, ':date': date },
    }),

  revoke: (id, { providerId, generation, epoch }) =>
    vault.updateOnce(
      keyOf(id),
      `generation = generation + :one, epoch = epoch + :one REMOVE consent, ${PAST_TOKENS}`,
      {
        condition: 'providerId = :providerId AND generation = :generation AND epoch = :epoch',
        values: { ':one': 1, ':providerId': providerId, ':generation': generation, ':epoch': epoch },
      },
    ),

  remove: (id, providerId) =>
    vault.remove(keyOf(id), {
      condition: 'providerId = :providerId',
      values: { ':providerId': providerId },
    }),

  removeIdle(id, { providerId, generation, lease }) {
    const sameLease = unchanged(lease);
    return vault.remove(keyOf(id), {
      condition: `providerId = :providerId AND generation = :generation AND ${sameLease.condition}`,
      values: { ':providerId': providerId, ':generation': generation, ...sameLease.values },
    });
  },
});
