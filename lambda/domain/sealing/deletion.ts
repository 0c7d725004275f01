/**
 * Deletes a resource's contents: its vault keys, without which their ciphertexts can never be decrypted, and the records.
 */
import type { OwnedResource, OwnedResourceStore } from '../owned-resource';
import { changedConcurrently } from '../resource-write';

export interface VaultContents {
  /** Deletes every vault key of an owner (the ID of a workload identity or a provider). */
  shredKeys(ownerId: string): Promise<void>;
  deleteGrantsOfWorkload(workloadId: string): Promise<void>;
  deleteGrantsOfProvider(providerId: string): Promise<void>;
}

/**
 * Deletes a resource and its contents. After the mark, every request finds the resource deleted. A request that was
 * authorized before and writes to the token vault after the mark undoes its write (deletion-check.ts). The record is
 * removed last, so that an interrupted deletion can be repeated.
 *
 * @param resource as it was read, marked or not
 * @throws ThrottlingException after a concurrent change
 */
export async function deleteWithContents<Resource extends OwnedResource>(
  store: Pick<OwnedResourceStore<Resource>, 'markDeleted' | 'remove'>,
  resource: Resource,
  deleteContents: () => Promise<void>,
): Promise<void> {
  if (!(await store.markDeleted(resource))) throw changedConcurrently();
  await deleteContents();
  // If the record is missing, a concurrent request deleted it too.
  await store.remove(resource);
}

/**
 * Writes a resource's contents, and deletes them if the resource was deleted during the request: its deletion might not
 * have found them.
 *
 * @throws ThrottlingException in that case; a retry finds no resource
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
  throw changedConcurrently();
}
