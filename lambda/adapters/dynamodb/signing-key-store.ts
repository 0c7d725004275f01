/** Signing keys in the directory table: a few items in one partition. */
import * as v from 'valibot';
import type { SigningKeyRecord, SigningKeyStore } from '../../domain/workload-token/signing-key';
import { PREFIX, signingKeyKey, type Key } from '../../contract/table-keys';
import { parseRecord, versioned, type Upgrade } from './record';
import { ABSENT, type Table } from './table';

const SigningKeyItem = v.object({
  period: v.number(),
  generation: v.number(),
  revokedAt: v.optional(v.number()),
  kid: v.string(),
  publicJwk: v.strictObject({ kty: v.literal('EC'), crv: v.literal('P-256'), x: v.string(), y: v.string() }),
  wrappedPrivateKey: v.string(),
  // Absent from a key that is bound to an address. The record version is unchanged, because earlier code publishes such
  // a key and verifies with it, and cannot open it.
  boundTo: v.exactOptional(v.literal('token-vault')),
  signsFrom: v.number(),
});

/**
 * In version 1, a period had one key, which signed from its start and could not be revoked. Code of version 1 must not
 * read a revoked key, so this is a new version.
 */
const toVersion2: Upgrade = (members) => ({ ...members, generation: 0, signsFrom: 0 });

const UPGRADES = [toVersion2];

const keyOf = ({ period, generation }: SigningKeyRecord): Key => signingKeyKey(period, generation);

export const createSigningKeyStore = (directory: Table): SigningKeyStore => ({
  async since(period) {
    const items = await directory.query(PREFIX.signingKey, { from: signingKeyKey(period).sk });
    return items.flatMap((item): SigningKeyRecord | [] => parseRecord(SigningKeyItem, item, UPGRADES) ?? []);
  },
  create: (record) => directory.put(keyOf(record), versioned(record, UPGRADES), ABSENT),
  revoke: (record, revokedAt) =>
    directory.put(keyOf(record), versioned({ ...record, revokedAt }, UPGRADES), {
      condition: 'kid = :kid',
      values: { ':kid': record.kid },
    }),
});
