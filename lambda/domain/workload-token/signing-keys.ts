/**
 * The keys that sign workload access tokens: ES256 key pairs made in the function, the private half wrapped
 * by KMS. Here they are read, kept in memory, and used; `signing-key.ts` says when a key counts, and
 * `signing-key-rotation.ts` makes them, ahead of their period and after a revocation. No KMS call per token.
 */
import { importJWK, importPKCS8, type CryptoKey, type JWK } from 'jose';
import type { Ambient } from '../ambient';
import { epochSeconds } from '../ambient';
import {
  isRevoked,
  oldestPublished,
  periodAt,
  SIGNING_PERIOD,
  type KeyWrapper,
  type SigningKeyStore,
} from './signing-key';
import { neededSigningKeys, signerAmong } from './signing-key-rotation';

/** Seconds that keys stay in memory. */
const CACHE_SECONDS = 300;

/** The public half: what verifiers and the JWKS document need. */
export interface PublicKeys {
  /** The published keys, as RFC 7517 wants them. */
  published(): Promise<JWK[]>;
  /** @returns undefined for a key that is not (or no longer) published */
  find(kid: string): Promise<CryptoKey | undefined>;
}

export function createPublicKeys(store: Pick<SigningKeyStore, 'since'>, ambient: Ambient): PublicKeys {
  let cached: { keys: JWK[]; until: number } | undefined;
  let lastMiss = 0;

  async function load(now: number): Promise<JWK[]> {
    const records = (await store.since(oldestPublished(now))).filter((record) => !isRevoked(record));
    const keys = records.map(({ kid, publicJwk }) => ({ ...publicJwk, kid, alg: 'ES256', use: 'sig' }));
    // Without a key of this period, as before the first token ever, the next token will be by one that is not here.
    const isWhole = records.some(({ period }) => period === periodAt(now));
    cached = isWhole ? { keys, until: now + CACHE_SECONDS } : undefined;
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

  return {
    async current() {
      const now = epochSeconds(ambient);
      if (cached && cached.until > now) return cached.key;

      const record = signerAmong(await neededSigningKeys({ store, wrapper, ambient }, now), now);
      const pem = await wrapper.unwrap(record.kid, record.wrappedPrivateKey);
      const key = { kid: record.kid, privateKey: await importPKCS8(pem, 'ES256') };
      cached = { key, until: Math.min(now + CACHE_SECONDS, (record.period + 1) * SIGNING_PERIOD) };
      return key;
    },
  };
}
