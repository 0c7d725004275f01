/**
 * Signing keys over time. By themselves they change with the period: whoever signs, or the schedule when nobody does,
 * makes the key of the period and, a day ahead, that of the next. By hand a key is rotated, which verifiers that
 * follow the JWKS do not notice, or revoked, which ends every token that it signed.
 */
import { epochSeconds, type System } from '../system';
import { audited, type AuditTrail } from '../audit';
import { changedConcurrently } from '../managed-resource';
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
  type SigningKeyRecord,
  type SigningKeyStore,
} from './signing-key';

/**
 * Seconds that a key which was made by hand is published before it signs: longer than functions (300) and the caches
 * in front of the JWKS (300 more) may keep a key set without it.
 */
export const ROTATION_LEAD = 900;

/**
 * Keys of one period, after which nobody gets another by hand: far more than anybody needs, and few enough to be read
 * at once. Whoever may rotate cannot fill the partition that every verifier reads.
 */
const MAX_GENERATIONS = 100;

export interface SigningKeyRotationDependencies {
  readonly store: SigningKeyStore;
  /** Wraps only: who rotates keys has no need to open one. */
  readonly wrapper: Pick<KeyWrapper, 'wrap'>;
  readonly audit: AuditTrail;
  readonly system: System;
}

/** The key that signs, or will. */
export interface SigningKeyDescription {
  readonly kid: string;
  /** Epoch seconds. */
  readonly signsFrom: number;
}

const described = ({ kid, signsFrom }: SigningKeyRecord): SigningKeyDescription => ({ kid, signsFrom });

/**
 * Makes what is missing: the key of the period, and within a day of its end that of the next.
 *
 * @param now epoch seconds
 * @returns the keys of the period and later ones, revoked ones among them
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
    // Losing this write is as good as winning it: the period has its key.
    await store.create(await newSigningKey(wrapper, system, place));
  }
  return store.since(periodAt(now));
}

/**
 * The place of a key that signs at once, in place of keys that cannot be used: their period's next generation.
 *
 * @param now epoch seconds
 */
export const replacementPlace = (records: readonly SigningKeyRecord[], now: number) => {
  const period = periodAt(now);
  return { period, generation: nextGeneration(records, period), signsFrom: period * SIGNING_PERIOD };
};

/** @throws Error when there is none although it was just made */
export function signerAmong(records: readonly SigningKeyRecord[], now: number): SigningKeyRecord {
  const signer = signerAt(records, now);
  if (!signer) throw new Error('the signing key that was just written cannot be read');
  return signer;
}

/**
 * Makes the keys that are due, so that they are published ahead although nobody asks for a token.
 *
 * @returns the key that signs now
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
    `This period of ${SIGNING_PERIOD / 86_400} days has had ${MAX_GENERATIONS} signing keys: find out who rotates them. The next period begins anew.`,
  );
}

/**
 * A new key, published at once and signing {@link ROTATION_LEAD} seconds later. Tokens of the key before stay good
 * until they end. Asked again while a key is waiting, it makes no other.
 *
 * @returns the key that will sign
 * @throws ServiceQuotaExceededException when it was asked for too often
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
      // Who lost this write has had the same done by somebody else.
      next = (await store.create(made)) ? made : waiting(await store.since(period));
    }
    if (!next) throw changedConcurrently();
    annotate({ result: `to ${next.kid}` });
    return described(next);
  });

/**
 * Takes a key back: from now on it is not published and signs nothing, and no token that it signed is good. If it was
 * the one that signs, another takes its place at once. Functions remember keys for five minutes at most.
 *
 * @param kid of a key that is published; one that was revoked stays so
 * @returns the key that signs now
 * @throws ResourceNotFoundException for a key that is not published; ServiceQuotaExceededException when too many
 *   keys were revoked
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
      throw new ServiceError('ResourceNotFoundException', 'No signing key of that kid is published.', {
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
