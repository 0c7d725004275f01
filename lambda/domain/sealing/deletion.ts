/**
 * What goes along with a deleted resource: its vault keys, without which nothing that they sealed can be read
 * again, and the records themselves.
 */
import type { OwnedResource, OwnedResourceStore } from '../owned-resource';
import { changedMeanwhile } from '../managed-resource';

export interface VaultContents {
  /** Deletes every vault key of an owner (a workload identity's or a provider's id). */
  shredKeys(ownerId: string): Promise<void>;
  deleteGrantsOfWorkload(workloadId: string): Promise<void>;
  deleteGrantsOfProvider(providerId: string): Promise<void>;
}

/**
 * Deletes a resource with what belongs to it. From the mark on it is deleted for all who ask; who was admitted before
 * and writes into the vault after it takes that back (deletion-check.ts). The record goes last, so that a deletion that
 * was cut short can be asked for again.
 *
 * @param resource as it was read, marked already or not
 * @throws ThrottlingException when the resource was changed meanwhile
 */
export async function deleteWithContents<Resource extends OwnedResource>(
  store: Pick<OwnedResourceStore<Resource>, 'markDeleted' | 'remove'>,
  resource: Resource,
  deleteContents: () => Promise<void>,
): Promise<void> {
  if (!(await store.markDeleted(resource))) throw changedMeanwhile();
  await deleteContents();
  // Not there any more means that it was deleted twice at once.
  await store.remove(resource);
}

/**
 * Writes what belongs to a resource, and takes it back if the resource was deleted meanwhile: its deletion may have
 * passed by without seeing it.
 *
 * @throws ThrottlingException in that case; asking again says that there is none
 */
export async function writeContents<Resource extends OwnedResource>(
  store: Pick<OwnedResourceStore<Resource>, 'get'>,
  resource: Resource,
  write: () => Promise<void>,
  deleteContents: () => Promise<void>,
): Promise<void> {
  await write();
  if ((await store.get(resource.name))?.id === resource.id) return;
  await deleteContents();
  throw changedMeanwhile();
}
