/** Grants in the vault table: one item each, one conditional write per change. */
import * as v from 'valibot';
import type { Grant, GrantId, GrantStore } from '../../domain/vault/grant';
import { grantKey } from './keys';
import { parseRecord } from './record';
import type { Table } from './table';

const GrantRecord = v.object({
  workloadId: v.string(),
  subjectHash: v.string(),
  target: v.string(),
  providerId: v.string(),
  generation: v.number(),
  epoch: v.number(),
  tokens: v.exactOptional(
    v.object({
      sealed: v.string(),
      scopes: v.array(v.string()),
      requestedScopes: v.array(v.string()),
      expiresAt: v.exactOptional(v.number()),
      obtainedAt: v.number(),
      refreshable: v.boolean(),
      client: v.string(),
    }),
  ),
  consent: v.exactOptional(v.object({ sessionHash: v.string(), expiresAt: v.number() })),
  lease: v.exactOptional(v.object({ holder: v.string(), deadline: v.number() })),
});

/** @throws ValiError for a record that is not one: nothing is guessed */
export const parseGrant = (item: unknown): Grant | undefined => parseRecord(GrantRecord, item);

export const keyOf = (id: GrantId) => grantKey(id.workloadId, id.subjectHash, id.target);

/** Sets what every grant has, whichever write makes it. */
const IDENTIFIED =
  'recordVersion = :recordVersion, workloadId = :workloadId, subjectHash = :subjectHash, target = :target, providerId = :providerId';

const identified = (id: GrantId, providerId: string) => ({
  ':recordVersion': 1,
  ':workloadId': id.workloadId,
  ':subjectHash': id.subjectHash,
  ':target': id.target,
  ':providerId': providerId,
});

export const createGrantStore = (vault: Table): GrantStore => ({
  get: async (id) => parseGrant(await vault.get(keyOf(id))),

  openConsent(id, { providerId, consent, seen, forget }) {
    const sameConsent = seen?.consent ? 'consent.sessionHash = :seenHash' : 'attribute_not_exists(consent)';
    const set = `SET ${IDENTIFIED}, consent = :consent, epoch = :epoch, generation = if_not_exists(generation, :zero)`;
    return vault.update(keyOf(id), forget ? `${set} REMOVE tokens, lease` : set, {
      condition: seen ? `epoch = :seenEpoch AND ${sameConsent}` : 'attribute_not_exists(pk)',
      values: {
        ...identified(id, providerId),
        ':consent': consent,
        ':zero': 0,
        ':epoch': (seen?.epoch ?? 0) + (forget ? 1 : 0),
        ...(seen && { ':seenEpoch': seen.epoch }),
        ...(seen?.consent && { ':seenHash': seen.consent.sessionHash }),
      },
    });
  },

  putTokens(id, { providerId, tokens, epoch }) {
    const set = `SET ${IDENTIFIED}, tokens = :tokens, epoch = :epoch, generation = if_not_exists(generation, :zero) + :one`;
    return vault.update(keyOf(id), `${set} REMOVE lease`, {
      condition: epoch === 0 ? 'attribute_not_exists(epoch) OR epoch = :epoch' : 'epoch = :epoch',
      values: { ...identified(id, providerId), ':tokens': tokens, ':epoch': epoch, ':zero': 0, ':one': 1 },
    });
  },

  takeLease: (id, { generation, lease, now }) =>
    vault.update(keyOf(id), 'SET lease = :lease', {
      condition:
        'generation = :generation AND attribute_exists(tokens) AND (attribute_not_exists(lease) OR lease.deadline < :now)',
      values: { ':lease': lease, ':generation': generation, ':now': now },
    }),

  putRefreshed: (id, { holder, epoch, tokens }) =>
    vault.update(keyOf(id), 'SET tokens = :tokens, generation = generation + :one REMOVE lease', {
      condition: 'lease.holder = :holder AND epoch = :epoch',
      values: { ':tokens': tokens, ':one': 1, ':holder': holder, ':epoch': epoch },
    }),

  releaseLease: (id, { holder, dropTokens }) =>
    vault.update(
      keyOf(id),
      dropTokens ? 'SET generation = generation + :one REMOVE lease, tokens' : 'REMOVE lease',
      {
        condition: 'lease.holder = :holder',
        values: { ':holder': holder, ...(dropTokens && { ':one': 1 }) },
      },
    ),
});
