/**
 * One signing key: what is kept of it, and which of several signs. Time is cut into periods; each begins with a key
 * of its own, and may get further generations when somebody rotates by hand or revokes.
 */
import { exportJWK, exportPKCS8, generateKeyPair, type JWK } from 'jose';
import type { System } from '../system';

/** Seconds that one key signs, unless it is rotated by hand: thirty days. */
export const SIGNING_PERIOD = 30 * 24 * 3600;

/** Seconds before a period at which its key is made and published: a day. */
export const PUBLISH_AHEAD = 24 * 3600;

export interface SigningKeyRecord {
  /** Number of the period, counted from the epoch. */
  readonly period: number;
  /** Counts the keys of one period, from 0. */
  readonly generation: number;
  readonly kid: string;
  readonly publicJwk: JWK;
  /** PKCS#8 PEM under KMS, base64. */
  readonly wrappedPrivateKey: string;
  /**
   * What the private key is bound to besides its `kid`. Absent in a key of before, which is bound to the address that
   * the service had then.
   */
  readonly boundTo?: 'token-vault' | undefined;
  /** Epoch seconds from which on it signs; published before. */
  readonly signsFrom: number;
  /** Epoch seconds; from then on it is neither published nor used. */
  readonly revokedAt?: number | undefined;
}

/** Where signing keys are kept. */
export interface SigningKeyStore {
  /** Keys of this period and later ones, revoked ones among them. */
  since(period: number): Promise<SigningKeyRecord[]>;
  /** @returns false when the period has a key of that generation already; then nothing was written */
  create(record: SigningKeyRecord): Promise<boolean>;
  /**
   * Marks the key as revoked, for good.
   *
   * @returns false when it is not there under that `kid`; then nothing was written
   */
  revoke(record: SigningKeyRecord, revokedAt: number): Promise<boolean>;
}

/** A private key as it is kept. */
export type WrappedKey = Pick<SigningKeyRecord, 'kid' | 'wrappedPrivateKey' | 'boundTo'>;

/** Wraps a private key under KMS, bound to its `kid` and to the token vault, whatever address the service has. */
export interface KeyWrapper {
  wrap(kid: string, plaintext: string): Promise<string>;
  /**
   * @returns undefined for a key that can never be opened here: it was wrapped for another address or under another
   *   KMS key, or was changed
   * @throws for what passes, such as an outage of KMS: that says nothing about the key
   */
  unwrap(key: WrappedKey): Promise<string | undefined>;
}

/** @param seconds since the epoch */
export const periodAt = (seconds: number): number => Math.floor(seconds / SIGNING_PERIOD);

/** A key is published through its period and the one after, for the tokens that it signed last. */
export const oldestPublished = (now: number): number => periodAt(now) - 1;

export const isRevoked = ({ revokedAt }: SigningKeyRecord): boolean => revokedAt !== undefined;

const byGeneration = (a: SigningKeyRecord, b: SigningKeyRecord): number => a.generation - b.generation;

/** The keys of a period that may be used, oldest first. */
export const usableIn = (records: readonly SigningKeyRecord[], period: number): SigningKeyRecord[] =>
  records.filter((record) => record.period === period && !isRevoked(record)).sort(byGeneration);

/**
 * The key that signs at that moment: the newest whose time has come. When all of those were revoked, the newest that
 * is still waiting: that some verifier has not seen it yet is better than to go on without a key.
 *
 * @param now epoch seconds
 * @returns undefined when the period has none that may be used
 */
export function signerAt(records: readonly SigningKeyRecord[], now: number): SigningKeyRecord | undefined {
  const usable = usableIn(records, periodAt(now));
  return usable.findLast(({ signsFrom }) => signsFrom <= now) ?? usable.at(-1);
}

/** The generation after all that the period has, revoked or not. */
export const nextGeneration = (records: readonly SigningKeyRecord[], period: number): number =>
  1 +
  Math.max(-1, ...records.filter((record) => record.period === period).map(({ generation }) => generation));

/** A new key pair, its private half wrapped; not written anywhere yet. */
export async function newSigningKey(
  wrapper: Pick<KeyWrapper, 'wrap'>,
  system: System,
  place: Pick<SigningKeyRecord, 'period' | 'generation' | 'signsFrom'>,
): Promise<SigningKeyRecord> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const kid = system.randomUUID();
  const wrappedPrivateKey = await wrapper.wrap(kid, await exportPKCS8(privateKey));
  return { ...place, kid, publicJwk: await exportJWK(publicKey), wrappedPrivateKey, boundTo: 'token-vault' };
}
