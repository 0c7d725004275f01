/** Moving vault keys from one KMS key to another: the real client, with the embedded KMS and DynamoDB. */
import { createTable } from '../../lambda/adapters/dynamodb/table';
import { createSeal } from '../../lambda/adapters/kms/seal';
import { createVaultKeyMover } from '../../lambda/adapters/kms/vault-key-mover';
import { localTableName } from '../../lib/local/dynamodb';
import { createFakeSystem } from '../domain/fake-system';
import {
  allKeys,
  contextOf,
  disable,
  expectToOpen,
  keys,
  kms,
  moveTo,
  newKmsKey,
  pointTo,
  refusalOf,
  sealedRecords,
  startEmulators,
  store,
  tables,
  TOKEN_VAULT,
  tokenVault,
  vaultKeys,
} from './vault-key-moves';
import { createDynamoDb } from '../../lambda/adapters/dynamodb/sdk-client';
import { createKms } from '../../lambda/adapters/kms/sdk-client';

startEmulators();

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
  const table = createTable(createDynamoDb(tables), localTableName('Keys'));
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
    await keys.enableKey({ KeyId: old });
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
  await keys.enableKey({ KeyId: first });
  await moveTo(second);
  await disable(first);
  await expectToOpen(left);
});

it.each<[string, (arn: string) => Promise<unknown>, string]>([
  ['disabled', disable, 'Enable it in AWS KMS first'],
  [
    'pending deletion',
    (KeyId) => keys.scheduleKeyDeletion({ KeyId, PendingWindowInDays: 7 }),
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
  const mover = createVaultKeyMover({ kms: createKms(keys), tokenVaultArn: TOKEN_VAULT, store });
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
