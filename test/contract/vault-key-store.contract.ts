/** What every store of wrapped vault keys promises. */
import { randomUUID } from 'node:crypto';
import type { VaultKeyOwner } from '../../lambda/adapters/dynamodb/vault-key-store';
import type { Stores } from '../domain/in-memory-stores';
import { AT_ONCE, outcomes } from './concurrency';

const owner = (change: object = {}) => ({ purpose: 'grant', ownerId: randomUUID(), ...change });
const version = (name: string) => ({ version: name, wrapped: `wrapped-${name}` });

export function vaultKeyStoreContract(stores: () => Stores): void {
  const keys = () => stores().vaultKeys;
  const get = async (of: VaultKeyOwner, name: string) => await keys().get(of, name);
  const latest = async (of: VaultKeyOwner) => await keys().latest(of);

  it('gives back each version', async () => {
    const agent = owner();
    for (const name of ['1', '2']) await keys().create(agent, version(name));
    expect(await get(agent, '1')).toEqual(version('1'));
    expect(await get(agent, '2')).toEqual(version('2'));
    expect(await get(agent, '3')).toBeUndefined();
  });

  it('gives the version with the highest name as the latest, whenever it was created', async () => {
    const agent = owner();
    expect(await latest(agent)).toBeUndefined();
    for (const name of ['000000000000009-b', '000000000000010-a', '000000000000009-c']) {
      await keys().create(agent, version(name));
    }
    expect(await latest(agent)).toEqual(version('000000000000010-a'));
  });

  it('keeps owners apart, and the purposes of one owner', async () => {
    const agent = owner();
    await keys().create(agent, version('1'));
    for (const other of [owner(), { ...agent, purpose: 'consent' }]) {
      expect(await get(other, '1')).toBeUndefined();
      expect(await latest(other)).toBeUndefined();
    }
  });

  it('refuses to create a version twice, and leaves the first, however many try at once', async () => {
    const agent = owner();
    const rivals = AT_ONCE.map((place) => ({ version: '1', wrapped: `wrapped-${place}` }));
    const { won } = await outcomes(rivals, (rival) =>
      keys()
        .create(agent, rival)
        .then(
          () => true,
          () => false,
        ),
    );
    expect(won).toHaveLength(1);
    expect(await get(agent, '1')).toEqual(won[0]);
    await expect(keys().create(agent, version('1'))).rejects.toThrow('twice');
  });
}
