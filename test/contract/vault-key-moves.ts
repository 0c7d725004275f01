/** Vault keys with the real client, the embedded KMS, and the embedded DynamoDB, and moves between KMS keys. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DynamoDB } from '@aws-sdk/client-dynamodb';
import { KMS } from '@aws-sdk/client-kms';
import { createTable } from '../../lambda/adapters/dynamodb/table';
import { createTokenVaultStore } from '../../lambda/adapters/dynamodb/directory-stores';
import { createVaultKeyStore, type VaultKeyStore } from '../../lambda/adapters/dynamodb/vault-key-store';
import type { VaultKeyRecord } from '../../lambda/model/records/vault-key';
import { createSeal, createSealOnly } from '../../lambda/adapters/kms/seal';
import { createKmsKeyStates } from '../../lambda/adapters/kms/kms-key-states';
import { createVaultKeyMover } from '../../lambda/adapters/kms/vault-key-mover';
import { createVaultKeys, type VaultKeysDependencies } from '../../lambda/adapters/kms/vault-keys';
import type { ServiceError } from '../../lambda/domain/service-error';
import type { SealingContext } from '../../lambda/domain/sealing/sealing';
import { setTokenVaultCmk } from '../../lambda/domain/token-vault/token-vault';
import { localTableName, startDynamoDb, type LocalDynamoDb } from '../../lib/local/dynamodb';
import { newEmulatorCredentials } from '../../lib/local/emulator-access';
import { startKms, type LocalKms } from '../../lib/local/kms';
import { createFakeSystem } from '../domain/fake-system';
import { createDynamoDb } from '../../lambda/adapters/dynamodb/sdk-client';
import { createKms } from '../../lambda/adapters/kms/sdk-client';
import { temporaryFolder } from '../environment/temporary-folder';

export const TOKEN_VAULT = 'arn:aws:bedrock-agentcore:eu-central-1:123456789012:token-vault/default';
const PRINCIPAL = 'arn:aws:iam::123456789012:user/operator';

const credentials = newEmulatorCredentials();
const folder = temporaryFolder('move');
export let kms: LocalKms;
let dynamodb: LocalDynamoDb;
export let keys: KMS;
export let tables: DynamoDB;
export let store: VaultKeyStore;

/** Starts the emulators for the tests of a file. Each test has its own tables. */
export function startEmulators(): void {
  beforeAll(async () => {
    kms = await startKms(join(folder, 'kms.json'), credentials);
    keys = new KMS({ endpoint: kms.endpoint, region: 'us-east-1', credentials });
  });

  beforeEach(async () => {
    dynamodb = await startDynamoDb(join(folder, randomUUID()), credentials);
    tables = new DynamoDB({ endpoint: dynamodb.endpoint, region: 'us-east-1', credentials });
    store = createVaultKeyStore(createTable(createDynamoDb(tables), localTableName('Keys')));
  });

  afterEach(async () => {
    tables.destroy();
    await dynamodb.close();
  });

  afterAll(async () => {
    keys.destroy();
    await kms.close();
  });
}

export const tokenVault = () =>
  createTokenVaultStore(createTable(createDynamoDb(tables), localTableName('Directory')));

export async function newKmsKey(): Promise<string> {
  const { KeyMetadata } = await keys.createKey({});
  return KeyMetadata?.Arn ?? '';
}
export const disable = (KeyId: string) => keys.disableKey({ KeyId });

/** The vault keys as a function that has just started sees them. */
export const vaultKeys = (
  through: Partial<VaultKeyStore> = {},
  replaced: Partial<VaultKeysDependencies> = {},
) =>
  createVaultKeys({
    kms: createKms(keys),
    keyArn: kms.keyArn,
    tokenVaultArn: TOKEN_VAULT,
    tokenVault: tokenVault(),
    owners: { exists: () => Promise.resolve(true) },
    store: { ...store, ...through },
    system: createFakeSystem(),
    sealsFor: 86_400,
    readsTokenVault: true,
    report: () => undefined,
    ...replaced,
  });

/** @param through store methods that a test replaces */
export const moveTo = (
  kmsKeyArn: string | undefined,
  through: Partial<VaultKeyStore> = {},
  now?: () => number,
) =>
  setTokenVaultCmk(
    {
      tokenVault: tokenVault(),
      vaultKeyMover: createVaultKeyMover({
        kms: createKms(keys),
        tokenVaultArn: TOKEN_VAULT,
        store: { ...store, ...through },
      }),
      kmsKeyStates: createKmsKeyStates(createKms(keys), TOKEN_VAULT),
      audit: { record: () => undefined },
      system: { ...createFakeSystem(), ...(now && { now }) },
      serviceKeyArn: kms.keyArn,
      replicated: false,
    },
    { arn: PRINCIPAL },
    undefined,
    kmsKeyArn === undefined ? { keyType: 'ServiceManagedKey' } : { keyType: 'CustomerManagedKey', kmsKeyArn },
  );

/** Points the token vault to another KMS key without moving vault keys, as an interrupted move does. */
export async function pointTo(kmsKeyArn: string): Promise<void> {
  const { revision, ...vault } = await tokenVault().get();
  const next = { ...vault, kmsKeyArn, revision: revision + 1, lastModifiedDate: 0 };
  expect(await tokenVault().replace(next)).toBe(true);
}

/** Returns the error of the work. */
export async function refusalOf(work: Promise<unknown>): Promise<ServiceError> {
  const [outcome] = await Promise.allSettled([work]);
  if (outcome.status === 'fulfilled') throw new Error('it was not refused');
  return outcome.reason as ServiceError;
}

export const contextOf = (ownerId: string = randomUUID()): SealingContext => ({
  purpose: 'grant',
  ownerId,
  ownerArn: `arn-of-${ownerId}`,
  binding: {},
});

/** Records, each encrypted under its own vault key. */
export async function sealedRecords(count: number) {
  const seal = createSealOnly(vaultKeys());
  return Promise.all(
    Array.from({ length: count }, async () => {
      const context = contextOf();
      return { context, sealed: await seal.seal(context, context.ownerId) };
    }),
  );
}

export async function expectToOpen(records: Awaited<ReturnType<typeof sealedRecords>>): Promise<void> {
  const seal = createSeal(vaultKeys());
  for (const { context, sealed } of records) expect(await seal.open(context, sealed)).toBe(context.ownerId);
}

export const allKeys = async (): Promise<VaultKeyRecord[]> => {
  const found: VaultKeyRecord[] = [];
  for (let page = await store.wrappedBefore(1_000); ; page = await store.wrappedBefore(1_000, page.next)) {
    found.push(...page.keys);
    if (!page.next) return found;
  }
};
