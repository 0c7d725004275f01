/**
 * The keys that sign workload access tokens: ES256 key pairs that the function creates, with the private key wrapped by
 * KMS. This file reads, caches, and uses them. `signing-key.ts` determines which key is valid, and
 * `signing-key-rotation.ts` creates keys before their period and after a revocation. A key that can never be unwrapped is
 * replaced here. Issuing a token needs no KMS call.
 */
import type { KeyObject } from 'node:crypto';
import type { JWK } from 'jose';
import { type System, epochSeconds } from '../system';
import { audited, type AuditTrail } from '../audit';
import { changedConcurrently } from '../resource-write';
import { es256PrivateKeyOfPem, es256PublicKeyOfJwk } from '../es256';
import {
  isRevoked,
  newSigningKey,
  oldestPublished,
  periodAt,
  signerAt,
  SIGNING_PERIOD,
  type KeyWrapper,
  type SigningKeyStore,
} from './signing-key';
import type { SigningKeyRecord } from '../../model/records/signing-key';
import { neededSigningKeys, replacementPlace } from './signing-key-rotation';

/** Seconds that keys stay in memory. */
const CACHE_SECONDS = 300;

/** The public keys, for verifiers and the JWKS document. */
export interface PublicKeys {
  /** Returns the published keys as a JWK Set (RFC 7517). */
  published(): Promise<JWK[]>;
  /** Returns undefined for a key that is not published. */
  find(kid: string): Promise<KeyObject | undefined>;
}

export function createPublicKeys(store: Pick<SigningKeyStore, 'since'>, system: System): PublicKeys {
  let cached: { readonly keys: JWK[]; readonly until: number } | undefined;
  let lastMiss = 0;

  async function load(now: number): Promise<JWK[]> {
    const records = (await store.since(oldestPublished(now))).filter((record) => !isRevoked(record));
    const keys = records.map(({ kid, publicJwk }) => ({ ...publicJwk, kid, alg: 'ES256', use: 'sig' }));
    // Without a key of this period, as before the first token, a key that is not here yet will sign the next token.
    const isSettled = records.some(({ period }) => period === periodAt(now));
    cached = isSettled ? { keys, until: now + CACHE_SECONDS } : undefined;
    return keys;
  }

  async function published(): Promise<JWK[]> {
    const now = epochSeconds(system);
    return cached && cached.until > now ? cached.keys : load(now);
  }

  const imported = new Map<string, KeyObject>();

  return {
    published,
    async find(kid) {
      let jwk = (await published()).find((key) => key.kid === kid);
      const now = epochSeconds(system);
      // The key can be newer than the last read. Invented key IDs cause at most one read per second.
      if (!jwk && lastMiss < now) {
        lastMiss = now;
        jwk = (await load(now)).find((key) => key.kid === kid);
      }
      if (!jwk) return undefined;
      const before = imported.get(kid);
      if (before) return before;
      const key = es256PublicKeyOfJwk(jwk);
      imported.set(kid, key);
      return key;
    },
  };
}

export interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
}

export interface SigningKeys {
  /** Returns the key that signs now; creates one if none can be used. */
  current(): Promise<SigningKey>;
}

export interface SigningKeysDependencies {
  readonly store: SigningKeyStore;
  readonly wrapper: KeyWrapper;
  readonly audit: AuditTrail;
  readonly system: System;
}

/** A key with its decrypted private key. */
interface Opened {
  readonly record: SigningKeyRecord;
  readonly pem: string;
}

export function createSigningKeys({ store, wrapper, audit, system }: SigningKeysDependencies): SigningKeys {
  let cached: { key: SigningKey; until: number } | undefined;

  /** Returns the signing key, of the keys that can be unwrapped; an older one rather than none. */
  async function openedSigner(
    records: readonly SigningKeyRecord[],
    now: number,
  ): Promise<Opened | undefined> {
    let left = records;
    for (let record = signerAt(left, now); record; record = signerAt(left, now)) {
      const pem = await wrapper.unwrap(record);
      if (pem !== undefined) return { record, pem };
      const { kid } = record;
      left = left.filter((other) => other.kid !== kid);
    }
    return undefined;
  }

  /**
   * Replaces keys that cannot be unwrapped. The new key is stored only after it was unwrapped again: if KMS unwraps
   * nothing, token requests create no keys.
   */
  const replaced = (records: readonly SigningKeyRecord[], now: number): Promise<Opened> =>
    audited(audit, { operation: 'ReplaceSigningKey' }, async (annotate) => {
      const record = await newSigningKey(wrapper, system, replacementPlace(records, now));
      const pem = await wrapper.unwrap(record);
      if (pem === undefined) throw new Error('KMS cannot unwrap the signing key that it just wrapped');
      if (await store.create(record)) {
        annotate({ result: `by ${record.kid}` });
        return { record, pem };
      }
      // Another function was first.
      const winner = await openedSigner(await store.since(periodAt(now)), now);
      if (!winner) throw changedConcurrently();
      annotate({ result: `by ${winner.record.kid}` });
      return winner;
    });

  return {
    async current() {
      const now = epochSeconds(system);
      if (cached && cached.until > now) return cached.key;

      const records = await neededSigningKeys({ store, wrapper, system }, now);
      const { record, pem } = (await openedSigner(records, now)) ?? (await replaced(records, now));
      const key = { kid: record.kid, privateKey: es256PrivateKeyOfPem(pem) };
      cached = { key, until: Math.min(now + CACHE_SECONDS, (record.period + 1) * SIGNING_PERIOD) };
      return key;
    },
  };
}
