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
 * Deletes a resource with what belongs to it. The contents go first, so that a deletion that was cut short can
 * be asked for again; and once more afterwards, for what was written in between.
 *
 * @throws ThrottlingException when the resource was changed meanwhile
 */
export async function deleteWithContents<Resource extends OwnedResource>(
  store: Pick<OwnedResourceStore<Resource>, 'remove'>,
  resource: Resource,
  deleteContents: () => Promise<void>,
): Promise<void> {
  await deleteContents();
  if (!(await store.remove(resource))) throw changedMeanwhile();
  await deleteContents();
}
