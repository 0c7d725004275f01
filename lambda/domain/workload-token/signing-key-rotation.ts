/**
 * The rotation of signing keys. Keys change automatically with the period: the function that signs, or the schedule,
 * creates the key of the period and, 1 day ahead, the key of the next one. An operator can rotate a key, which verifiers
 * that follow the JWKS do not notice, or revoke it, which invalidates every token that it signed.
 */
import { epochSeconds, type System } from '../system';
import { audited, type AuditTrail } from '../audit';
import { changedConcurrently } from '../resource-write';
import { ServiceError } from '../service-error';
import {
  isRevoked,
  newSigningKey,
  nextGeneration,
  oldestPublished,
  periodAt,
  PUBLISH_AHEAD,
  signerAt,
  SIGNING_PERIOD,
  usableIn,
  type KeyWrapper,
  type SigningKeyStore,
} from './signing-key';
import type { SigningKeyRecord } from '../../model/records/signing-key';

/**
 * Seconds for which a manually created key is published before it signs: longer than functions (300) and the caches in
 * front of the JWKS (300 more) can keep a key set without it.
 */
export const ROTATION_LEAD = 900;

/**
 * Maximum keys of one period: far more than necessary, and few enough to read together. A principal that can rotate keys
 * cannot fill the partition that every verifier reads.
 */
const MAX_GENERATIONS = 100;

export interface SigningKeyRotationDependencies {
  readonly store: SigningKeyStore;
  /** Wraps only, because the rotation does not need to unwrap a key. */
  readonly wrapper: Pick<KeyWrapper, 'wrap'>;
  readonly audit: AuditTrail;
  readonly system: System;
}

/** The key that signs now or later. */
export interface SigningKeyDescription {
  readonly kid: string;
  /** Epoch seconds. */
  readonly signsFrom: number;
}

const described = ({ kid, signsFrom }: SigningKeyRecord): SigningKeyDescription => ({ kid, signsFrom });

/**
 * Creates missing keys: the key of the period and, within 1 day of its end, the key of the next one. Returns the keys of
 * this and later periods, including revoked ones.
 *
 * @param now epoch seconds
 */
export async function neededSigningKeys(
  { store, wrapper, system }: Pick<SigningKeyRotationDependencies, 'store' | 'wrapper' | 'system'>,
  now: number,
): Promise<SigningKeyRecord[]> {
  const needed = [...new Set([periodAt(now), periodAt(now + PUBLISH_AHEAD)])];
  const records = await store.since(periodAt(now));
  const missing = needed.filter((period) => usableIn(records, period).length === 0);
  if (missing.length === 0) return records;
  for (const period of missing) {
    const place = { period, generation: nextGeneration(records, period), signsFrom: period * SIGNING_PERIOD };
    // It does not matter which write wins: the period has its key.
    await store.create(await newSigningKey(wrapper, system, place));
  }
  return store.since(periodAt(now));
}

/**
 * Returns the period and generation of a key that signs immediately, in place of unusable keys.
 *
 * @param now epoch seconds
 */
export const replacementPlace = (records: readonly SigningKeyRecord[], now: number) => {
  const period = periodAt(now);
  return { period, generation: nextGeneration(records, period), signsFrom: period * SIGNING_PERIOD };
};

/** @throws Error if there is no key although it was just created */
function signerAmong(records: readonly SigningKeyRecord[], now: number): SigningKeyRecord {
  const signer = signerAt(records, now);
  if (!signer) throw new Error('the new signing key cannot be read');
  return signer;
}

/**
 * Creates the keys that are due, so that they are published in time even without token requests. Returns the key that
 * signs now.
 */
export const prepareSigningKeys = (deps: SigningKeyRotationDependencies): Promise<SigningKeyDescription> =>
  audited(deps.audit, { operation: 'PrepareSigningKeys' }, async () => {
    const now = epochSeconds(deps.system);
    return described(signerAmong(await neededSigningKeys(deps, now), now));
  });

function checkGenerations(records: readonly SigningKeyRecord[], period: number): void {
  if (nextGeneration(records, period) < MAX_GENERATIONS) return;
  throw new ServiceError(
    'ServiceQuotaExceededException',
    `This period of ${SIGNING_PERIOD / 86_400} days has had ${MAX_GENERATIONS} signing keys, which is the limit. Find out which principal rotates them. The next period has a new limit.`,
  );
}

/**
 * Creates a key that is published immediately and signs {@link ROTATION_LEAD} seconds later. Returns that key. Tokens of
 * the previous key stay valid until they expire. While a key is waiting, further calls create no other.
 *
 * @throws ServiceQuotaExceededException after too many rotations
 */
export const rotateSigningKey = (deps: SigningKeyRotationDependencies): Promise<SigningKeyDescription> =>
  audited(deps.audit, { operation: 'RotateSigningKey' }, async (annotate) => {
    const { store, wrapper, system } = deps;
    const now = epochSeconds(system);
    const signsFrom = now + ROTATION_LEAD;
    const period = periodAt(signsFrom);
    const waiting = (records: readonly SigningKeyRecord[]) =>
      usableIn(records, period).findLast((record) => record.signsFrom > now);

    const records = await neededSigningKeys(deps, now);
    let next = waiting(records);
    if (!next) {
      checkGenerations(records, period);
      const generation = nextGeneration(records, period);
      const made = await newSigningKey(wrapper, system, { period, generation, signsFrom });
      // If the write is lost, a concurrent request created the key.
      next = (await store.create(made)) ? made : waiting(await store.since(period));
    }
    if (!next) throw changedConcurrently();
    annotate({ result: `to ${next.kid}` });
    return described(next);
  });

/**
 * Revokes a key: it is no longer published, signs nothing, and its tokens are no longer valid. If it was the signing key,
 * another key replaces it immediately. Functions cache keys for up to 5 minutes. Returns the key that signs now.
 *
 * @param kid of a published key; a revoked key stays revoked
 * @throws ResourceNotFoundException for a key that is not published; ServiceQuotaExceededException after too many
 *   revocations
 */
export const revokeSigningKey = (
  deps: SigningKeyRotationDependencies,
  kid: string,
): Promise<SigningKeyDescription> =>
  audited(deps.audit, { operation: 'RevokeSigningKey' }, async (annotate) => {
    const now = epochSeconds(deps.system);
    const records = await deps.store.since(oldestPublished(now));
    const record = records.find((candidate) => candidate.kid === kid);
    if (!record) {
      throw new ServiceError('ResourceNotFoundException', 'No signing key with this kid is published.', {
        detail: 'an unknown kid',
      });
    }
    annotate({ result: `of ${kid}` });
    if (!isRevoked(record)) {
      checkGenerations(records, record.period);
      if (!(await deps.store.revoke(record, now))) throw changedConcurrently();
    }
    return described(signerAmong(await neededSigningKeys(deps, now), now));
  });
