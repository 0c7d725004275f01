/** Moving vault keys from one KMS key to another: the real client, with the embedded KMS and DynamoDB. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  CreateKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  KMSClient,
  ScheduleKeyDeletionCommand,
} from '@aws-sdk/client-kms';
import { createTable } from '../../lambda/adapters/dynamodb/table';
import { createTokenVaultStore } from '../../lambda/adapters/dynamodb/token-vault-store';
import {
  createVaultKeyStore,
  type VaultKeyRecord,
  type VaultKeyStore,
} from '../../lambda/adapters/dynamodb/vault-key-store';
import { createSeal, createSealOnly } from '../../lambda/adapters/kms/seal';
import { createKmsKeyStates } from '../../lambda/adapters/kms/kms-key-states';
import { createVaultKeyMover } from '../../lambda/adapters/kms/vault-key-mover';
import { createVaultKeys, type VaultKeysDependencies } from '../../lambda/adapters/kms/vault-keys';
import { unexpected } from '../../lambda/api/unexpected';
import { FUNCTION_LOG_PATTERNS } from '../../lib/constructs/log-metrics';
import type { ServiceError } from '../../lambda/domain/service-error';
import type { SealingContext } from '../../lambda/domain/sealing/sealing';
import { setTokenVaultCmk } from '../../lambda/domain/token-vault/token-vault';
import { localTableName, startDynamoDb, type LocalDynamoDb } from '../../lib/local/dynamodb';
import { newEmulatorCredentials } from '../../lib/local/emulator-access';
import { startKms, type LocalKms } from '../../lib/local/kms';
import { createFakeSystem } from '../domain/fake-system';

const TOKEN_VAULT = 'arn:aws:bedrock-agentcore:eu-central-1:123456789012:token-vault/default';
const PRINCIPAL = 'arn:aws:iam::123456789012:user/operator';

const credentials = newEmulatorCredentials();
let folder: string;
let kms: LocalKms;
let dynamodb: LocalDynamoDb;
let keys: KMSClient;
let tables: DynamoDBClient;
let store: VaultKeyStore;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'move-'));
  kms = await startKms(join(folder, 'kms.json'), credentials);
  keys = new KMSClient({ endpoint: kms.endpoint, region: 'us-east-1', credentials });
});

beforeEach(async () => {
  dynamodb = await startDynamoDb(join(folder, randomUUID()), credentials);
  tables = new DynamoDBClient({ endpoint: dynamodb.endpoint, region: 'us-east-1', credentials });
  store = createVaultKeyStore(createTable(tables, localTableName('Keys')));
});

afterEach(async () => {
  tables.destroy();
  await dynamodb.close();
});

afterAll(async () => {
  keys.destroy();
  await kms.close();
  await rm(folder, { recursive: true });
});

const tokenVault = () => createTokenVaultStore(createTable(tables, localTableName('Directory')));

async function newKmsKey(): Promise<string> {
  const { KeyMetadata } = await keys.send(new CreateKeyCommand({}));
  return KeyMetadata?.Arn ?? '';
}
const disable = (KeyId: string) => keys.send(new DisableKeyCommand({ KeyId }));

/** The vault keys as a function that has just started sees them. */
const vaultKeys = (through: Partial<VaultKeyStore> = {}, replaced: Partial<VaultKeysDependencies> = {}) =>
  createVaultKeys({
    kms: keys,
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
const moveTo = (kmsKeyArn: string | undefined, through: Partial<VaultKeyStore> = {}, now?: () => number) =>
  setTokenVaultCmk(
    {
      tokenVault: tokenVault(),
      vaultKeyMover: createVaultKeyMover({
        kms: keys,
        tokenVaultArn: TOKEN_VAULT,
        store: { ...store, ...through },
      }),
      kmsKeyStates: createKmsKeyStates(keys, TOKEN_VAULT),
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
async function pointTo(kmsKeyArn: string): Promise<void> {
  const { revision, ...vault } = await tokenVault().get();
  const next = { ...vault, kmsKeyArn, revision: revision + 1, lastModifiedDate: 0 };
  expect(await tokenVault().replace(next)).toBe(true);
}

/** Returns the error of the work. */
async function refusalOf(work: Promise<unknown>): Promise<ServiceError> {
  const [outcome] = await Promise.allSettled([work]);
  if (outcome.status === 'fulfilled') throw new Error('it was not refused');
  return outcome.reason as ServiceError;
}

const contextOf = (ownerId: string = randomUUID()): SealingContext => ({
  purpose: 'grant',
  ownerId,
  ownerArn: `arn-of-${ownerId}`,
  binding: {},
});

/** Records, each encrypted under its own vault key. */
async function sealedRecords(count: number) {
  const seal = createSealOnly(vaultKeys());
  return Promise.all(
    Array.from({ length: count }, async () => {
      const context = contextOf();
      return { context, sealed: await seal.seal(context, context.ownerId) };
    }),
  );
}

async function expectToOpen(records: Awaited<ReturnType<typeof sealedRecords>>): Promise<void> {
  const seal = createSeal(vaultKeys());
  for (const { context, sealed } of records) expect(await seal.open(context, sealed)).toBe(context.ownerId);
}

const allKeys = async (): Promise<VaultKeyRecord[]> => {
  const found: VaultKeyRecord[] = [];
  for (let page = await store.wrappedBefore(1_000); ; page = await store.wrappedBefore(1_000, page.next)) {
    found.push(...page.keys);
    if (!page.next) return found;
  }
};

it('moves every vault key and back, and all records can be decrypted without the old KMS key', async () => {
  const [first, second] = [await newKmsKey(), await newKmsKey()];
  const before = await sealedRecords(260);
  await moveTo(first);
  const between = await sealedRecords(3);
  await moveTo(second);
  await disable(first);
  await expectToOpen([...before.slice(0, 40), ...between]);
  expect(new Set((await allKeys()).map(({ kmsKeyArn }) => kmsKeyArn))).toEqual(new Set([second]));

  expect(await moveTo(undefined)).toEqual(await tokenVault().get());
  await disable(second);
  await expectToOpen([...before.slice(0, 40), ...between]);
  expect(new Set((await allKeys()).map(({ kmsKeyArn }) => kmsKeyArn))).toEqual(new Set([kms.keyArn]));
});

it('an interrupted move reports its progress, and continues when it is requested again', async () => {
  const records = await sealedRecords(260);
  const target = await newKmsKey();
  // The first page takes twenty seconds.
  let now = 0;
  const slow = await refusalOf(moveTo(target, {}, () => (now += 15_000)));
  expect(slow).toMatchObject({ type: 'ThrottlingException' });
  const [, moved] = /moved (\d+) vault keys/.exec(slow.message) ?? [];
  expect(Number(moved)).toBeGreaterThan(0);
  const under = async () => (await allKeys()).filter(({ kmsKeyArn }) => kmsKeyArn === target).length;
  expect(await under()).toBe(Number(moved));
  await expectToOpen(records.slice(0, 20));

  const vault = await tokenVault().get();
  expect(await moveTo(target)).toEqual(vault);
  expect(await under()).toBe(260);
});

it('a move that fails at a write leaves every record readable', async () => {
  const records = await sealedRecords(10);
  let writes = 0;
  const failing = moveTo(await newKmsKey(), {
    rewrap: (read, rewrapped) =>
      (writes += 1) > 5 ? Promise.reject(new Error('no more')) : store.rewrap(read, rewrapped),
  });
  await expect(failing).rejects.toThrow('no more');
  await expectToOpen(records);
});

it('a move does not restore a key that is deleted during the move', async () => {
  const [{ context } = { context: contextOf() }] = await sealedRecords(1);
  const table = createTable(tables, localTableName('Keys'));
  const { version = '' } = (await store.latest(context)) ?? {};
  await moveTo(await newKmsKey(), {
    rewrap: async (read, rewrapped) => {
      await table.remove({ pk: `VAULT-KEY#grant#${context.ownerId}`, sk: version });
      return store.rewrap(read, rewrapped);
    },
  });
  expect(await store.latest(context)).toBeUndefined();
});

it('a move that another move overtook loses no key', async () => {
  const records = await sealedRecords(5);
  const [overtaken, final] = [await newKmsKey(), await newKmsKey()];
  let other: Promise<unknown> | undefined;
  await moveTo(overtaken, {
    // Both moves have read the record. The later move writes first, then the earlier one tries.
    rewrap: async (read, rewrapped) => {
      await (other ??= moveTo(final));
      return store.rewrap(read, rewrapped);
    },
  });
  expect(new Set((await allKeys()).map(({ kmsKeyArn }) => kmsKeyArn))).toEqual(new Set([final]));
  await disable(overtaken);
  await expectToOpen(records);
});

it('a move also moves a key that an earlier move wrote after the read', async () => {
  await sealedRecords(1);
  const [earlier, final] = [await newKmsKey(), await newKmsKey()];
  const read = await allKeys();
  await moveTo(earlier);
  // The final move reads the record as it was before.
  await moveTo(final, { wrappedBefore: () => Promise.resolve({ keys: read }) });
  expect((await allKeys()).map(({ kmsKeyArn }) => kmsKeyArn)).toEqual([final]);
});

it('a key that is created during a move is replaced by one under the new KMS key', async () => {
  const target = await newKmsKey();
  const old = kms.keyArn;
  let late = 0;
  // Written under the old KMS key after the move has finished.
  const seal = createSeal(
    vaultKeys({
      create: async (record) => {
        if ((late += 1) === 1) await moveTo(target);
        await store.create(record);
      },
    }),
  );
  const context = contextOf();
  const sealed = await seal.seal(context, 'a secret');
  expect(late).toBe(2);
  await disable(old);
  try {
    expect(await createSeal(vaultKeys()).open(context, sealed)).toBe('a secret');
    expect((await allKeys()).map(({ kmsKeyArn }) => kmsKeyArn).sort()).toEqual([old, target].sort());
  } finally {
    await keys.send(new EnableKeyCommand({ KeyId: old }));
  }
});

it('a key that no move can have seen is not used to encrypt', async () => {
  const target = await newKmsKey();
  const context = contextOf();
  // The function ended after it wrote its key and before it read the vault again.
  const orphan = vaultKeys({
    create: async (record) => {
      await moveTo(target);
      await store.create(record);
      throw new Error('ended here');
    },
  });
  await expect(orphan.fresh(context)).rejects.toThrow('ended here');
  const { version } = await vaultKeys().current(context);
  expect(await store.get(context, version)).toMatchObject({ kmsKeyArn: target });
});

it('a function with an old record reads the key again after the old KMS key is deleted', async () => {
  const [{ context, sealed } = { context: contextOf(), sealed: '' }] = await sealedRecords(1);
  const [first, second] = [await newKmsKey(), await newKmsKey()];
  await moveTo(first);
  let reads = 0;
  const reader = createSeal(
    vaultKeys({
      get: async (owner, version) => {
        const record = await store.get(owner, version);
        if ((reads += 1) === 1) {
          await moveTo(second);
          await disable(first);
        }
        return record;
      },
    }),
  );
  expect(await reader.open(context, sealed)).toBe(context.ownerId);
  expect(reads).toBe(2);
});

describe('a move to a KMS key that cannot be used', () => {
  it.each<[string, () => Promise<string>, string]>([
    ['does not exist', () => Promise.resolve(kms.keyArn.replace(/.{4}$/, '0000')), 'does not exist here'],
    [
      'is disabled',
      async () => {
        const arn = await newKmsKey();
        await disable(arn);
        return arn;
      },
      'is disabled',
    ],
  ])('changes nothing because the key %s', async (_why, make, message) => {
    const records = await sealedRecords(1);
    const error = await refusalOf(moveTo(await make()));
    expect(error).toMatchObject({ type: 'ValidationException' });
    expect(error.message).toContain(message);
    expect(await tokenVault().get()).toMatchObject({ revision: 0 });
    await expectToOpen(records);
  });
});

it('a move names the missing KMS key of the remaining vault keys, moves the others, and continues when the key is back', async () => {
  const [first, second] = [await newKmsKey(), await newKmsKey()];
  await moveTo(first);
  const left = await sealedRecords(2);
  await pointTo(second);
  await disable(first);
  const error = await refusalOf(moveTo(second));
  expect(error).toMatchObject({ type: 'ValidationException' });
  expect(error.message).toContain(`2 remain under ${first}`);
  await keys.send(new EnableKeyCommand({ KeyId: first }));
  await moveTo(second);
  await disable(first);
  await expectToOpen(left);
});

it.each<[string, (arn: string) => Promise<unknown>, string]>([
  ['disabled', disable, 'Enable it in AWS KMS first'],
  [
    'pending deletion',
    (KeyId) => keys.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 })),
    'Cancel its scheduled deletion',
  ],
])('a move away from a KMS key that is %s changes nothing', async (_state, change, message) => {
  const first = await newKmsKey();
  await moveTo(first);
  await sealedRecords(1);
  const before = [await tokenVault().get(), await allKeys()];
  await change(first);
  for (const target of [await newKmsKey(), undefined]) {
    const error = await refusalOf(moveTo(target));
    expect(error).toMatchObject({ type: 'ValidationException' });
    expect(error.message).toContain(message);
  }
  expect([await tokenVault().get(), await allKeys()]).toEqual(before);
});

it('a mover names the former KMS keys of vault keys that remain, except those that a reset gave up', async () => {
  const [former, given, target] = [await newKmsKey(), await newKmsKey(), await newKmsKey()];
  for (const arn of [former, given]) {
    await pointTo(arn);
    await sealedRecords(1);
  }
  await pointTo(target);
  const { revision } = await tokenVault().get();
  const vault = { revision, lastModifiedDate: 0, resets: [{ kmsKeyArn: given, revision }] };
  const mover = createVaultKeyMover({ kms: keys, tokenVaultArn: TOKEN_VAULT, store });
  expect(await mover.formerKmsKeys(target, vault)).toEqual([former]);
});

it("a function reads the token vault once a minute to decrypt, and not for vault keys under the deployment's own key", async () => {
  const system = createFakeSystem();
  let reads = 0;
  const counted = {
    get() {
      reads += 1;
      return tokenVault().get();
    },
  };
  const seal = createSeal(vaultKeys({}, { tokenVault: counted, system }));
  const openAll = async (records: Awaited<ReturnType<typeof sealedRecords>>) => {
    for (const { context, sealed } of records) expect(await seal.open(context, sealed)).toBe(context.ownerId);
  };
  await openAll(await sealedRecords(2));
  expect(reads).toBe(0);
  await moveTo(await newKmsKey());
  await openAll(await sealedRecords(3));
  expect(reads).toBe(1);
  system.advance(60);
  await openAll(await sealedRecords(1));
  expect(reads).toBe(2);
});

describe('a record whose KMS key', () => {
  let abandoned: string;
  let record: Awaited<ReturnType<typeof sealedRecords>>[number];
  let reported: unknown[];
  beforeEach(async () => {
    reported = [];
    abandoned = await newKmsKey();
    await moveTo(abandoned);
    [record] = (await sealedRecords(1)) as [typeof record];
    await disable(abandoned);
  });

  const missing = () => abandoned.replace(/.{4}$/, '0000');
  /** @param kmsKeyArn of the vault key, in place of the one that wraps it */
  const open = (kmsKeyArn = abandoned, through: Partial<VaultKeysDependencies> = {}) =>
    createSeal(
      vaultKeys(
        {
          get: async (owner, version) => {
            const found = await store.get(owner, version);
            return found && { ...found, kmsKeyArn };
          },
        },
        { report: (error) => reported.push(error), ...through },
      ),
    ).open(record.context, record.sealed);

  it('is deleted is shredded after the token vault has moved, and reported as a failure of the key', async () => {
    await expect(open(missing())).rejects.toMatchObject({ name: 'NotFoundException' });
    expect(reported).toEqual([]);
    await pointTo(await newKmsKey());
    await expect(open(missing())).rejects.toMatchObject({
      name: 'LostKmsKeyError',
      cause: expect.objectContaining({ name: 'NotFoundException' }) as Error,
    });
    expect(reported).toHaveLength(1);
    // The log entry has this name, and the alarm `key-failures` counts it.
    expect(FUNCTION_LOG_PATTERNS.KeyFailure['$.errorName']).toContain(unexpected(reported[0]).name);
  });

  it('is disabled is not shredded by a move, because a person can enable the key', async () => {
    await pointTo(await newKmsKey());
    await expect(open()).rejects.toMatchObject({ name: 'DisabledException' });
    await keys.send(new EnableKeyCommand({ KeyId: abandoned }));
    expect(await open()).toBe(record.context.ownerId);
    expect(reported).toEqual([]);
  });

  describe('was named by a reset', () => {
    const GIVEN_UP = { name: 'KeyMaterialResetError' };
    const returns = () => keys.send(new EnableKeyCommand({ KeyId: abandoned }));
    const reset = async () => {
      const { revision: before } = await tokenVault().get();
      const revision = before + 1;
      const resets = [{ kmsKeyArn: abandoned, revision }];
      expect(await tokenVault().replace({ revision, lastModifiedDate: 0, resets })).toBe(true);
    };

    it('is given up without a question to KMS, not reported, and left behind by moves', async () => {
      await reset();
      await returns();
      const calls: unknown[] = [];
      const kms = { ...keys, send: (command: unknown) => calls.push(command) } as unknown as KMSClient;
      await expect(open(abandoned, { kms })).rejects.toMatchObject(GIVEN_UP);
      expect(calls).toEqual([]);
      expect(reported).toEqual([]);
      const later = await sealedRecords(1);
      await moveTo(await newKmsKey());
      await expectToOpen(later);
      await expect(open()).rejects.toMatchObject(GIVEN_UP);
    });

    it('stays given up if the key is the one of the token vault again, and what it encrypts then can be read', async () => {
      await reset();
      await returns();
      await moveTo(abandoned);
      const later = await sealedRecords(1);
      await expectToOpen(later);
      await expect(open()).rejects.toMatchObject(GIVEN_UP);
      const next = await newKmsKey();
      await moveTo(next);
      await disable(abandoned);
      await expectToOpen(later);
      await expect(open()).rejects.toMatchObject(GIVEN_UP);
    });

    it('is given up immediately, too, in a function that read the token vault just before the reset', async () => {
      const before = await tokenVault().get();
      let reads = 0;
      const vault = {
        get: () => ((reads += 1) === 1 ? Promise.resolve(before) : tokenVault().get()),
      };
      await reset();
      await expect(open(abandoned, { tokenVault: vault })).rejects.toMatchObject({
        ...GIVEN_UP,
        cause: expect.objectContaining({ name: 'DisabledException' }) as Error,
      });
    });

    it('is not used while the token vault cannot be read', async () => {
      await reset();
      await returns();
      const unreadable = { get: () => Promise.reject(new Error('no table')) };
      await expect(open(abandoned, { tokenVault: unreadable })).rejects.toThrow('no table');
    });

    it('is used by a function without permission to read the token vault, if the key returns', async () => {
      await reset();
      const unreadable = { get: () => Promise.reject(new Error('denied')) };
      const publicly = () => open(abandoned, { tokenVault: unreadable, readsTokenVault: false });
      await expect(publicly()).rejects.toMatchObject({ name: 'DisabledException' });
      await returns();
      expect(await publicly()).toBe(record.context.ownerId);
    });
  });

  it('is the present one of the token vault again is not shredded', async () => {
    await pointTo(await newKmsKey());
    const { revision } = await tokenVault().get();
    const tokenVaultBack = { kmsKeyArn: missing(), revision: revision + 1, lastModifiedDate: 0 };
    const through = { tokenVault: { get: () => Promise.resolve(tokenVaultBack) } };
    await expect(open(missing(), through)).rejects.toMatchObject({ name: 'NotFoundException' });
  });

  it('is in another Region is not shredded, because the key might only have no replica here', async () => {
    await pointTo(await newKmsKey());
    const elsewhere = missing().replace(':us-east-1:', ':eu-central-1:');
    expect(elsewhere).not.toBe(missing());
    await expect(open(elsewhere)).rejects.toMatchObject({ name: 'NotFoundException' });
  });
});
