/** The contract of every store of wrapped vault keys. */
import { randomUUID } from 'node:crypto';
import type { VaultKeyOwner } from '../../lambda/adapters/dynamodb/vault-key-store';
import type { VaultKeyRecord } from '../../lambda/model/records/vault-key';
import type { Stores } from '../domain/in-memory-stores';
import { CONCURRENT, outcomes } from './concurrency';

const owner = (change: Partial<VaultKeyOwner> = {}): VaultKeyOwner => ({
  purpose: 'grant',
  ownerId: randomUUID(),
  ...change,
});

const key = (of: VaultKeyOwner, version: string, change: Partial<VaultKeyRecord> = {}): VaultKeyRecord => ({
  ...of,
  ownerArn: `arn-of-${of.ownerId}`,
  version,
  wrapped: `wrapped-${version}`,
  kmsKeyArn: 'arn-of-the-kms-key',
  vaultRevision: 7,
  ...change,
});

export function vaultKeyStoreContract(stores: () => Stores): void {
  const keys = () => stores().vaultKeys;

  it('returns each version', async () => {
    const agent = owner();
    for (const version of ['1', '2']) await keys().create(key(agent, version));
    expect(await keys().get(agent, '1')).toEqual(key(agent, '1'));
    expect(await keys().get(agent, '2')).toEqual(key(agent, '2'));
    expect(await keys().get(agent, '3')).toBeUndefined();
  });

  it('returns the version with the highest name as the latest, whenever it was created', async () => {
    const agent = owner();
    expect(await keys().latest(agent)).toBeUndefined();
    for (const version of ['000000000000009-b', '000000000000010-a', '000000000000009-c']) {
      await keys().create(key(agent, version));
    }
    expect(await keys().latest(agent)).toEqual(key(agent, '000000000000010-a'));
  });

  it('distinguishes owners, and the purposes of one owner', async () => {
    const agent = owner();
    await keys().create(key(agent, '1'));
    for (const other of [owner(), owner({ ...agent, purpose: 'consent' })]) {
      expect(await keys().get(other, '1')).toBeUndefined();
      expect(await keys().latest(other)).toBeUndefined();
    }
  });

  it('rejects the creation of a version that exists and keeps it, even if many callers try concurrently', async () => {
    const agent = owner();
    const rivals = CONCURRENT.map((place) => key(agent, '1', { wrapped: `wrapped-${place}` }));
    const { won } = await outcomes(rivals, (rival) =>
      keys()
        .create(rival)
        .then(
          () => true,
          () => false,
        ),
    );
    expect(won).toHaveLength(1);
    expect(await keys().get(agent, '1')).toEqual(won[0]);
    await expect(keys().create(key(agent, '1'))).rejects.toThrow('twice');
  });

  it('removes one version, and keeps the others', async () => {
    const agent = owner();
    for (const version of ['1', '2']) await keys().create(key(agent, version));
    await keys().remove(agent, '2');
    expect(await keys().latest(agent)).toEqual(key(agent, '1'));
    await keys().remove(agent, '2');
  });

  async function wrappedBefore(vaultRevision: number): Promise<VaultKeyRecord[]> {
    const found: VaultKeyRecord[] = [];
    let page = await keys().wrappedBefore(vaultRevision);
    found.push(...page.keys);
    while (page.next) {
      page = await keys().wrappedBefore(vaultRevision, page.next);
      found.push(...page.keys);
    }
    return found;
  }

  it('finds the keys of every owner and purpose of earlier revisions, over many pages, each once', async () => {
    const old = Array.from({ length: 260 }, () => key(owner(), '1', { vaultRevision: 1 }));
    old.push(key(owner({ purpose: 'api-key' }), '1', { vaultRevision: 0 }));
    const newer = key(owner(), '1', { vaultRevision: 2 });
    await Promise.all([...old, newer].map((record) => keys().create(record)));
    const found = await wrappedBefore(2);
    expect(found.map(({ ownerId }) => ownerId).sort()).toEqual(old.map(({ ownerId }) => ownerId).sort());
    expect(found).toContainEqual(old.at(-1));
  });

  it('rewraps a key once, even if many callers try concurrently', async () => {
    const agent = owner();
    const read = key(agent, '1');
    await keys().create(read);
    const rivals = CONCURRENT.map((place) => ({ ...read, wrapped: `rewrapped-${place}`, vaultRevision: 8 }));
    const { won } = await outcomes(rivals, (rival) => keys().rewrap(read, rival));
    expect(won).toHaveLength(1);
    expect(await keys().get(agent, '1')).toEqual(won[0]);
  });

  it('does not restore a key that was deleted', async () => {
    const agent = owner();
    const deleted = key(agent, '1');
    expect(await keys().rewrap(deleted, { ...deleted, wrapped: 'rewrapped' })).toBe(false);
    expect(await keys().get(agent, '1')).toBeUndefined();
  });
}
