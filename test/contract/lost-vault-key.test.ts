/** Records whose KMS key is lost, disabled, or given up: the real client, with the embedded KMS and DynamoDB. */
import type { Kms } from '../../lambda/adapters/kms/client';
import { createKms } from '../../lambda/adapters/kms/sdk-client';
import { createSeal } from '../../lambda/adapters/kms/seal';
import type { VaultKeysDependencies } from '../../lambda/adapters/kms/vault-keys';
import { createMetrics } from '../../lambda/adapters/log/metrics';
import { unexpected } from '../../lambda/api/unexpected';
import {
  disable,
  expectToOpen,
  keys,
  moveTo,
  newKmsKey,
  pointTo,
  sealedRecords,
  startEmulators,
  store,
  tokenVault,
  vaultKeys,
} from './vault-key-moves';

startEmulators();

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
    // The alarm `key-failures` counts it.
    const { ofUnexpected } = createMetrics('test', false, () => 1);
    expect(ofUnexpected(unexpected(reported[0]).name)).toMatchObject([{ KeyFailure: 1 }]);
  });

  it('is disabled is not shredded by a move, because a person can enable the key', async () => {
    await pointTo(await newKmsKey());
    await expect(open()).rejects.toMatchObject({ name: 'DisabledException' });
    await keys.enableKey({ KeyId: abandoned });
    expect(await open()).toBe(record.context.ownerId);
    expect(reported).toEqual([]);
  });

  describe('was named by a reset', () => {
    const GIVEN_UP = { name: 'KeyMaterialResetError' };
    const returns = () => keys.enableKey({ KeyId: abandoned });
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
      const kms = { ...createKms(keys), send: (name: string) => calls.push(name) } as unknown as Kms;
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
