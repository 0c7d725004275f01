/**
 * Deletion stops what is under way. A request is admitted once and then waits: for a provider, for a lease, for a user.
 * Meanwhile its agent or its provider may be deleted, and no write spans their records and the grant. So who has
 * written into a grant, or found a write lost, reads the directory again before anything comes of it.
 *
 *     request    write ────▶ read the directory: both there? ──▶ go on
 *                                               gone? ──▶ take the write back, stop
 *     deletion   mark the record as deleted ──▶ delete the grants
 *
 * A write that is followed by a read which finds both was there before the mark, and the deletion finds it. One that
 * comes after the mark is taken back by the request that made it.
 */
import { workloadGone } from '../identity/workload-identity';
import type { Directory } from './directory';
import type { GrantStore } from './grant';
import { deletedDuringRequest } from '../managed-resource';
import { nameIn } from '../owned-resource';
import type { ServiceError } from '../service-error';
import type { TokenOwner } from './tokens';

export interface DeletionCheckDependencies {
  readonly directory: Pick<Directory, 'read'>;
  readonly grants: Pick<GrantStore, 'remove'>;
}

/** The agent, the provider, and the grant between them. */
export type CheckedParties = Pick<TokenOwner, 'grantId' | 'workloadArn'> & {
  readonly provider: Pick<TokenOwner['provider'], 'id' | 'name'>;
};

/**
 * Reads the directory again. If the agent or the provider is not the one that the request was admitted for, removes
 * what the grant still holds.
 *
 * @returns what there is to tell the caller then; undefined when both are there
 */
export async function deletionDuring(
  { directory, grants }: DeletionCheckDependencies,
  { grantId, workloadArn, provider: { id, name } }: CheckedParties,
): Promise<ServiceError | undefined> {
  const { identity, provider } = await directory.read(nameIn(workloadArn), name);
  if (identity?.id === grantId.workloadId && provider?.id === id) return undefined;
  await grants.remove(grantId, id);
  return identity?.id === grantId.workloadId
    ? deletedDuringRequest('credential provider', name)
    : workloadGone();
}

/** @throws UnauthorizedException, ResourceNotFoundException when the agent or the provider was deleted since */
export async function stopIfDeleted(deps: DeletionCheckDependencies, parties: CheckedParties): Promise<void> {
  const deletion = await deletionDuring(deps, parties);
  if (deletion) throw deletion;
}
