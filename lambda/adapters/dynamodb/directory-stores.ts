/** What the directory table has in addition to resources. */
import * as v from 'valibot';
import type { AuditHeadStore } from '../../domain/audit-trail/write-digest';
import type { ClientMetadataStore } from '../../domain/provider/published-client';
import type { RegisteredClients } from '../../domain/provider/registered-clients';
import type { RestrictionStore } from '../../domain/restriction/restriction';
import type { UserEmailStore } from '../../domain/restriction/user-emails';
import { NEVER_MOVED, type TokenVaultStore } from '../../domain/token-vault/token-vault';
import type { SigningKeyStore } from '../../domain/workload-token/signing-key';
import type { WritingRegionStore } from '../../domain/writing-region';
import {
  agentRestrictionKey,
  auditHeadKey,
  clientMetadataKey,
  PARTITION_KEY,
  PREFIX,
  registeredClientKey,
  signingKeyKey,
  TOKEN_VAULT_KEY,
  userEmailKey,
  userEmailPartition,
  userRestrictionKey,
  WRITING_REGION_KEY,
} from '../../model/table-keys';
import { PublishedClientSchema } from '../../model/records/published-client';
import { AgentRestrictionSchema, UserRestrictionSchema } from '../../model/records/restriction';
import { SigningKeySchema, type SigningKeyRecord } from '../../model/records/signing-key';
import { TokenVaultSchema } from '../../model/records/token-vault';
import { parseRecord, readRecord, versioned, writeRevision } from './record';
import { ABSENT, type Table } from './table';

export const createRestrictionStore = (directory: Table): RestrictionStore => ({
  ofAgent: (name) => readRecord(directory, agentRestrictionKey(name), AgentRestrictionSchema),
  ofUser: (userHash) => readRecord(directory, userRestrictionKey(userHash), UserRestrictionSchema),
  putAgent: (restriction) => writeRevision(directory, agentRestrictionKey(restriction.name), restriction),
  putUser: (restriction) => writeRevision(directory, userRestrictionKey(restriction.userHash), restriction),
});

/** A user's hash for each hash of an address. */
const UserEmailSchema = v.object({ userHash: v.string() });

export const createUserEmailStore = (directory: Table): UserEmailStore => ({
  async usersOf(emailHash) {
    const items = await directory.query(userEmailPartition(emailHash));
    return items.map((item) => parseRecord(UserEmailSchema, item)!.userHash);
  },
  has: async (emailHash, userHash) => (await directory.get(userEmailKey(emailHash, userHash))) !== undefined,
  async add(emailHash, userHash) {
    await directory.put(userEmailKey(emailHash, userHash), versioned({ userHash }));
  },
});

/** There is one record, which names the KMS key for vault keys. */
export const createTokenVaultStore = (directory: Table): TokenVaultStore => ({
  get: async () => (await readRecord(directory, TOKEN_VAULT_KEY, TokenVaultSchema)) ?? NEVER_MOVED,
  replace: (vault) => writeRevision(directory, TOKEN_VAULT_KEY, vault),
});

/** A few items in one partition. */
export function createSigningKeyStore(directory: Table): SigningKeyStore {
  const keyOf = ({ period, generation }: SigningKeyRecord) => signingKeyKey(period, generation);
  return {
    async since(period) {
      const items = await directory.query(PREFIX.signingKey, { from: signingKeyKey(period).sk });
      return items.flatMap((item) => parseRecord(SigningKeySchema, item) ?? []);
    },
    create: (record) => directory.put(keyOf(record), versioned(record), ABSENT),
    revoke: (record, revokedAt) =>
      directory.put(keyOf(record), versioned({ ...record, revokedAt }), {
        condition: 'kid = :kid',
        values: { ':kid': record.kid },
      }),
  };
}

const AuditHeadSchema = v.object({ digestS3Object: v.string(), hashValue: v.string() });

/** The head moves only from one digest to the next. @param bucket name of the bucket that contains the digests */
export const createAuditHeadStore = (directory: Table, bucket: string): AuditHeadStore => ({
  get: () => readRecord(directory, auditHeadKey(bucket), AuditHeadSchema),
  advance: (before, after) =>
    directory.put(
      auditHeadKey(bucket),
      versioned(after),
      before
        ? {
            condition: 'hashValue = :before AND digestS3Object < :after',
            values: { ':before': before.hashValue, ':after': after.digestS3Object },
          }
        : ABSENT,
    ),
});

export const createClientMetadataStore = (directory: Table): ClientMetadataStore => ({
  get: (callbackId) => readRecord(directory, clientMetadataKey(callbackId), PublishedClientSchema),
  async put(callbackId, client, revision) {
    await directory.put(clientMetadataKey(callbackId), versioned({ ...client, revision }), {
      condition: `attribute_not_exists(${PARTITION_KEY}) OR revision <= :revision`,
      values: { ':revision': revision },
    });
  },
  async remove(callbackId) {
    await directory.remove(clientMetadataKey(callbackId));
  },
  async removeBefore(callbackId, revision) {
    await directory.remove(clientMetadataKey(callbackId), {
      condition: 'revision < :revision',
      values: { ':revision': revision },
    });
  },
});

const ClientProviderSchema = v.object({ name: v.string(), id: v.string() });

/** One partition for each client. */
export const createRegisteredClientStore = (directory: Table): RegisteredClients => ({
  async add(clientHash, { name, id }) {
    await directory.put(registeredClientKey(clientHash, id), versioned({ name, id }));
  },
  async remove(clientHash, { id }) {
    await directory.remove(registeredClientKey(clientHash, id));
  },
  async providersOf(clientHash) {
    const items = await directory.query(registeredClientKey(clientHash, '').pk);
    return items.flatMap((item) => parseRecord(ClientProviderSchema, item) ?? []);
  },
});

const WritingRegionSchema = v.object({ region: v.string(), since: v.number() });

/** Operators write the record (docs/runbook.md). */
export const createWritingRegionStore = (directory: Pick<Table, 'get'>): WritingRegionStore => ({
  get: () => readRecord(directory, WRITING_REGION_KEY, WritingRegionSchema),
});
