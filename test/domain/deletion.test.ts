/** A deleted resource takes along what belongs to it, also what is written meanwhile, and can be asked for again. */
import { deleteWithContents } from '../../lambda/domain/vault/deletion';
import { createInMemoryStores, type Stores } from './in-memory-stores';
import { sampleIdentity } from './samples';

const identity = sampleIdentity();
let stores: Stores;
/** Whether the resource was there at each time that its contents were deleted. */
let present: boolean[];
beforeEach(async () => {
  stores = createInMemoryStores();
  present = [];
  await stores.identities.create(identity);
});

const deleteContents = async (): Promise<void> => {
  present.push((await stores.identities.get(identity.name)) !== undefined);
};

it('deletes the contents before the resource and once more after it', async () => {
  await deleteWithContents(stores.identities, identity, deleteContents);
  expect(present).toEqual([true, false]);
});

it('keeps the resource when the contents could not be deleted', async () => {
  const failing = () => Promise.reject(new Error('the table'));
  await expect(deleteWithContents(stores.identities, identity, failing)).rejects.toThrow('the table');
  expect(await stores.identities.get(identity.name)).toBeDefined();
});

it('tells who deletes what was changed meanwhile to look again', async () => {
  await stores.identities.replace({ ...identity, revision: identity.revision + 1 });
  const deletion = deleteWithContents(stores.identities, identity, deleteContents);
  await expect(deletion).rejects.toMatchObject({ name: 'ThrottlingException' });
  expect(present).toEqual([true]);
});
