/**
 * A signing key: its record, and which of several keys signs. Time is divided into periods. Each period starts with its
 * own key, and gets further generations after a manual rotation or a revocation.
 */
import * as v from 'valibot';
import { PublicJwkSchema, type SigningKeyRecord } from '../../model/records/signing-key';
import { exportJWK, exportPKCS8, generateKeyPair } from 'jose';
import type { System } from '../system';

/** Seconds for which a key signs, unless it is rotated manually: 30 days. */
export const SIGNING_PERIOD = 30 * 24 * 3600;

/** Seconds before a period at which its key is created and published: 1 day. */
export const PUBLISH_AHEAD = 24 * 3600;

/** Stores signing keys. */
export interface SigningKeyStore {
  /** Returns the keys of this and later periods, including revoked ones. */
  since(period: number): Promise<SigningKeyRecord[]>;
  /** Returns false if the period already has a key of that generation; then nothing was written. */
  create(record: SigningKeyRecord): Promise<boolean>;
  /**
   * Marks the key as revoked permanently. Returns false if there is no key with that `kid`; then nothing was written.
   */
  revoke(record: SigningKeyRecord, revokedAt: number): Promise<boolean>;
}

/** A private key as it is stored. */
export type WrappedKey = Pick<SigningKeyRecord, 'kid' | 'wrappedPrivateKey'>;

/** Wraps a private key with KMS, bound to its `kid` and to the token vault, independent of the service's address. */
export interface KeyWrapper {
  wrap(kid: string, plaintext: string): Promise<string>;
  /**
   * Returns undefined for a key that can never be unwrapped here: it was wrapped with another KMS key, or was modified.
   *
   * @throws for temporary errors, such as a KMS outage, which say nothing about the key
   */
  unwrap(key: WrappedKey): Promise<string | undefined>;
}

/** @param seconds since the epoch */
export const periodAt = (seconds: number): number => Math.floor(seconds / SIGNING_PERIOD);

/** Returns whether a key is published: in its period and the next one, for the last tokens that it signed. */
export const oldestPublished = (now: number): number => periodAt(now) - 1;

export const isRevoked = ({ revokedAt }: SigningKeyRecord): boolean => revokedAt !== undefined;

const byGeneration = (a: SigningKeyRecord, b: SigningKeyRecord): number => a.generation - b.generation;

/** Returns the keys of a period that are not revoked, oldest first. */
export const usableIn = (records: readonly SigningKeyRecord[], period: number): SigningKeyRecord[] =>
  records.filter((record) => record.period === period && !isRevoked(record)).sort(byGeneration);

/**
 * Returns the key that signs now: the newest key whose start has passed. If all of those are revoked, returns the newest
 * waiting key: it is better that some verifier does not know it yet than that no key signs. Returns undefined if the
 * period has no usable key.
 *
 * @param now epoch seconds
 */
export function signerAt(records: readonly SigningKeyRecord[], now: number): SigningKeyRecord | undefined {
  const usable = usableIn(records, periodAt(now));
  return usable.findLast(({ signsFrom }) => signsFrom <= now) ?? usable.at(-1);
}

/** Returns the next generation of the period, after all keys, including revoked ones. */
export const nextGeneration = (records: readonly SigningKeyRecord[], period: number): number =>
  1 +
  Math.max(-1, ...records.filter((record) => record.period === period).map(({ generation }) => generation));

/** Returns a new key pair with its private key wrapped. It is not stored yet. */
export async function newSigningKey(
  wrapper: Pick<KeyWrapper, 'wrap'>,
  system: System,
  place: Pick<SigningKeyRecord, 'period' | 'generation' | 'signsFrom'>,
): Promise<SigningKeyRecord> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const kid = system.randomUUID();
  const wrappedPrivateKey = await wrapper.wrap(kid, await exportPKCS8(privateKey));
  const publicJwk = v.parse(PublicJwkSchema, await exportJWK(publicKey));
  return { ...place, kid, publicJwk, wrappedPrivateKey };
}
