/**
 * The keys that sign workload access tokens: ES256 key pairs made in the function, the private half wrapped
 * by KMS. Time is cut into periods, each with one key. The key of the next period is made and published
 * ahead, so that verifiers know it before its first token; the key of the last period stays published until
 * its last token has ended. No KMS call per token.
 */
import {
  exportJWK,
  exportPKCS8,
  generateKeyPair,
  importJWK,
  importPKCS8,
  type CryptoKey,
  type JWK,
} from 'jose';
import type { Ambient } from '../ambient';
import { epochSeconds } from '../ambient';

/** Seconds that one key signs: thirty days. */
export const SIGNING_PERIOD = 30 * 24 * 3600;

/** Seconds before a period at which its key is made and published: a day. */
export const PUBLISH_AHEAD = 24 * 3600;

/** Seconds that keys stay in memory. */
const CACHE_SECONDS = 300;

export interface SigningKeyRecord {
  /** Number of the period, counted from the epoch. */
  readonly period: number;
  readonly kid: string;
  readonly publicJwk: JWK;
  /** PKCS#8 PEM under KMS, base64. */
  readonly wrappedPrivateKey: string;
}

/** Where signing keys are kept. */
export interface SigningKeyStore {
  /** Keys of this period and later ones. */
  since(period: number): Promise<SigningKeyRecord[]>;
  /** @returns false when the period has a key already; then nothing was written */
  create(record: SigningKeyRecord): Promise<boolean>;
}

/** Wraps a private key under KMS, bound to its `kid`. */
export interface KeyWrapper {
  wrap(kid: string, plaintext: string): Promise<string>;
  unwrap(kid: string, wrapped: string): Promise<string>;
}

/** The public half: what verifiers and the JWKS document need. */
export interface PublicKeys {
  /** The published keys, as RFC 7517 wants them. */
  published(): Promise<JWK[]>;
  /** @returns undefined for a key that is not (or no longer) published */
  find(kid: string): Promise<CryptoKey | undefined>;
}

const periodAt = (seconds: number): number => Math.floor(seconds / SIGNING_PERIOD);

/** A key is published through its period and the one after, for the tokens that it signed last. */
const oldestPublished = (now: number): number => periodAt(now) - 1;

export function createPublicKeys(store: Pick<SigningKeyStore, 'since'>, ambient: Ambient): PublicKeys {
  let cached: { keys: JWK[]; until: number } | undefined;
  let lastMiss = 0;

  async function load(now: number): Promise<JWK[]> {
    const records = await store.since(oldestPublished(now));
    const keys = records.map(({ kid, publicJwk }) => ({ ...publicJwk, kid, alg: 'ES256', use: 'sig' }));
    cached = { keys, until: now + CACHE_SECONDS };
    return keys;
  }

  const published = async (): Promise<JWK[]> => {
    const now = epochSeconds(ambient);
    return cached && cached.until > now ? cached.keys : load(now);
  };

  const imported = new Map<string, CryptoKey>();

  return {
    published,
    async find(kid) {
      let jwk = (await published()).find((key) => key.kid === kid);
      const now = epochSeconds(ambient);
      // A key made after the last read; made-up key ids cause one read a second at most.
      if (!jwk && lastMiss < now) {
        lastMiss = now;
        jwk = (await load(now)).find((key) => key.kid === kid);
      }
      if (!jwk) return undefined;
      const known = imported.get(kid);
      if (known) return known;
      const key = (await importJWK(jwk, 'ES256')) as CryptoKey;
      imported.set(kid, key);
      return key;
    },
  };
}

export interface SigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
}

export interface SigningKeys {
  /** The key to sign with now; made when there is none. */
  current(): Promise<SigningKey>;
}

export function createSigningKeys(
  store: SigningKeyStore,
  wrapper: KeyWrapper,
  ambient: Ambient,
): SigningKeys {
  let cached: { key: SigningKey; until: number } | undefined;

  async function make(period: number): Promise<void> {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
    const kid = ambient.randomUUID();
    const wrappedPrivateKey = await wrapper.wrap(kid, await exportPKCS8(privateKey));
    // Losing this write is as good as winning it: the period has its key.
    await store.create({ period, kid, publicJwk: await exportJWK(publicKey), wrappedPrivateKey });
  }

  return {
    async current() {
      const now = epochSeconds(ambient);
      if (cached && cached.until > now) return cached.key;

      const period = periodAt(now);
      const needed = [...new Set([period, periodAt(now + PUBLISH_AHEAD)])];
      let records = await store.since(period);
      const missing = needed.filter((wanted) => !records.some((record) => record.period === wanted));
      if (missing.length > 0) {
        for (const wanted of missing) await make(wanted);
        records = await store.since(period);
      }
      const record = records.find((candidate) => candidate.period === period);
      if (!record) throw new Error('the signing key that was just written cannot be read');
      const pem = await wrapper.unwrap(record.kid, record.wrappedPrivateKey);
      const key = { kid: record.kid, privateKey: await importPKCS8(pem, 'ES256') };
      cached = { key, until: Math.min(now + CACHE_SECONDS, (period + 1) * SIGNING_PERIOD) };
      return key;
    },
  };
}
