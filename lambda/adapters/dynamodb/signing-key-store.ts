/** Signing keys in the directory table: a handful, in one partition. */
import * as v from 'valibot';
import type { SigningKeyRecord, SigningKeyStore } from '../../domain/workload-token/signing-keys';
import { PREFIX, signingKeyKey } from './keys';
import { parseRecord, versioned } from './record';
import { ABSENT, type Table } from './table';

const SigningKeyItem = v.object({
  period: v.number(),
  kid: v.string(),
  publicJwk: v.strictObject({ kty: v.literal('EC'), crv: v.literal('P-256'), x: v.string(), y: v.string() }),
  wrappedPrivateKey: v.string(),
});

export const createSigningKeyStore = (directory: Table): SigningKeyStore => ({
  async since(period) {
    const items = await directory.query(PREFIX.signingKey, { from: signingKeyKey(period).sk });
    return items.flatMap((item): SigningKeyRecord | [] => parseRecord(SigningKeyItem, item) ?? []);
  },
  create: (record) => directory.put(signingKeyKey(record.period), versioned(record), ABSENT),
});
