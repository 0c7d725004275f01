/**
 * Deletes a resource's contents: its vault keys, without which their ciphertexts can never be decrypted, and the records.
 */
import type { OwnedResourceStore } from '../owned-resource';
import type { OwnedResource } from '../../model/records/owned-resource';
import { changedConcurrently } from '../resource-write';
import { ServiceError } from '../service-error';

export interface VaultContents {
  /** Deletes every vault key of an owner (the ID of a workload identity or a provider). */
  shredKeys(ownerId: string): Promise<void>;
  deleteGrantsOfWorkload(workloadId: string): Promise<void>;
  deleteGrantsOfProvider(providerId: string): Promise<void>;
}

/** The grants of a deleted workload identity or provider. */
export type GrantsOfDeleted = { readonly workloadId: string } | { readonly providerId: string };

/** Keeps the tokens of deleted grants until their provider has revoked them (the module `revocation`). */
export interface DeletedGrants {
  /**
   * Takes the tokens out of the grants, for up to 20 seconds. A repetition continues.
   *
   * @param deletion.id the deleted resource's ID
   * @param deletion.requestedBy ARN of the IAM principal
   * @returns whether no grant is left that has tokens, and how many were revoked so far
   * @throws Error if the grants could not be found or changed; a provider that is unavailable is no error
   */
  revoke(deletion: {
    readonly id: string;
    readonly requestedBy: string;
    readonly grants: GrantsOfDeleted;
  }): Promise<{ readonly finished: boolean; readonly matched: number }>;
}

/**
 * Has the tokens of a deleted resource's grants revoked at their providers. Must precede the deletion of the grants and
 * of the vault keys, without which the tokens cannot be read.
 *
 * @returns how many grants had tokens
 * @throws ThrottlingException if grants are left after 20 seconds; a retry continues. A grant whose record is not valid is
 *   left until the operator corrects it
 */
export async function revokeDeletedGrants(
  deletedGrants: DeletedGrants,
  deletion: Parameters<DeletedGrants['revoke']>[0],
): Promise<number> {
  const { finished, matched } = await deletedGrants.revoke(deletion);
  if (finished) return matched;
  throw new ServiceError(
    'ThrottlingException',
    'The deletion has begun, and grants are left to revoke. Call again to continue. If this persists, ask the operator to look for UnreadableGrant in the runbook (unexpected-errors).',
    { problem: { code: 'DeletionIncomplete', values: {} } },
  );
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
