/**
 * Deleting a resource also deletes its contents, including contents that are written during the deletion, and can be
 * repeated.
 */
import { deleteWithContents, writeContents } from '../../lambda/domain/sealing/deletion';
import { createInMemoryStores, type Stores } from './in-memory-stores';
import { sampleIdentity } from './samples';

const identity = sampleIdentity();
let stores: Stores;
/**
 * Each time that the contents are deleted: whether reads see the resource, and whether it still exists for its
 * deletion.
 */
let present: { seen: boolean; deletable: boolean }[];
beforeEach(async () => {
  stores = createInMemoryStores();
  present = [];
  await stores.identities.create(identity);
});

const deleteContents = async (): Promise<void> => {
  const { identities } = stores;
  const [seen, deletable] = [
    await identities.get(identity.name),
    await identities.getForDeletion(identity.name),
  ];
  present.push({ seen: seen !== undefined, deletable: deletable !== undefined });
};
const deletion = (contents = deleteContents) => deleteWithContents(stores.identities, identity, contents);
const failing = () => Promise.reject(new Error('the table'));

it('marks the resource, deletes its contents, and removes it last', async () => {
  await deletion();
  expect(present).toEqual([{ seen: false, deletable: true }]);
  expect(await stores.identities.getForDeletion(identity.name)).toBeUndefined();
});

it('hides the resource after an interrupted deletion, and can be requested again', async () => {
  await expect(deletion(failing)).rejects.toThrow('the table');
  expect(await stores.identities.get(identity.name)).toBeUndefined();
  await deletion();
  expect(present).toEqual([{ seen: false, deletable: true }]);
  expect(await stores.identities.getForDeletion(identity.name)).toBeUndefined();
});

it('succeeds for two concurrent requests', async () => {
  await Promise.all([deletion(), deletion()]);
  expect(await stores.identities.getForDeletion(identity.name)).toBeUndefined();
});

it('rejects a delete after a concurrent change', async () => {
  const changed = { ...identity, revision: identity.revision + 1 };
  await stores.identities.replace(changed);
  await expect(deletion()).rejects.toMatchObject({ name: 'ThrottlingException' });
  expect(present).toEqual([]);
  expect(await stores.identities.get(identity.name)).toEqual(changed);
});

describe('contents of a resource', () => {
  const writing = (write: () => Promise<void>) =>
    writeContents(stores.identities, identity, write, deleteContents);

  it('stay if the resource exists after the write', async () => {
    await writing(() => Promise.resolve());
    expect(present).toEqual([]);
  });

  it.each([
    ['is deleted', () => deleteWithContents(stores.identities, identity, () => Promise.resolve())],
    ['is being deleted', async () => void (await stores.identities.markDeleted(identity))],
    [
      'is deleted and recreated',
      async () => {
        await stores.identities.remove(identity);
        await stores.identities.create({ ...identity, id: 'another' });
      },
    ],
  ])('are deleted if the resource %s during the write', async (_what, during) => {
    await expect(writing(during)).rejects.toMatchObject({ name: 'ThrottlingException' });
    expect(present).toHaveLength(1);
  });
});
