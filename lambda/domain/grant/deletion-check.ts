/**
 * Deletion stops requests that are in progress. A request is authorized once and then waits for a provider, a lease, or
 * a user. While it waits, its agent or its provider can be deleted, and no write spans their records and the grant. So a
 * request that wrote to a grant, lost a write, or waited for another request's token reads the directory again before it
 * returns anything.
 *
 *     request    write ────▶ read the directory: both exist?  ──▶ continue
 *                                               one deleted? ──▶ undo the write, stop
 *     deletion   mark the record as deleted ──▶ delete the grants
 *
 * If the read after a write finds both, the write came before the mark, and the deletion finds it. If the write came
 * after the mark, its request undoes it. The same read finds a suspension or the end of the user's session, which stops
 * the request but keeps the grant.
 */
import { workloadGone } from '../identity/workload-identity';
import type { Directory } from './directory';
import type { GrantStore } from './grant';
import type { ResourceKind } from '../../model/error-codes';
import { deletedDuringRequest } from '../resource-write';
import { nameIn } from '../owned-resource';
import { restrictionDenial } from '../restriction/restriction';
import type { RevocationQueue } from './revocation-queue';
import type { ServiceError } from '../service-error';
import { tokenOrigin, type RequestUser, type TokenHolder } from './tokens';

export interface DeletionCheckDependencies {
  readonly directory: Pick<Directory, 'read'>;
  readonly grants: Pick<GrantStore, 'get' | 'remove'>;
  readonly revocationQueue: RevocationQueue;
}

/** The agent, the provider, the grant between them, and the user of the request. */
export type CheckedParties = Pick<TokenHolder, 'grantId' | 'workloadArn' | 'requestUser'> & {
  readonly provider: Pick<TokenHolder['provider'], 'id' | 'name'>;
};

/**
 * Returns the error for the agent or the provider, if it is not the one that was authorized.
 *
 * @param found the records under their names now
 */
export function deletionIn(
  found: {
    readonly identity: { readonly id: string } | undefined;
    readonly provider: { readonly id: string } | undefined;
  },
  workloadId: string,
  provider: CheckedParties['provider'],
  kind: ResourceKind = 'OAuth 2.0 credential provider',
): ServiceError | undefined {
  if (found.identity?.id !== workloadId) return workloadGone();
  return found.provider?.id === provider.id ? undefined : deletedDuringRequest(kind, provider.name);
}

/**
 * Reads the directory again. If the agent or the provider is not the one that was authorized, removes the grant. Tokens in
 * it might have been written after the deletion, so they are queued for revocation first.
 *
 * Returns the error for the caller; undefined if both exist and no restriction applies to the agent or to the user: that
 * of the request or, without a request, that of the grant. The agents before the agent of the request count, too.
 */
export async function deletionDuring(
  { directory, grants, revocationQueue }: DeletionCheckDependencies,
  { grantId, workloadArn, provider, requestUser }: CheckedParties,
): Promise<ServiceError | undefined> {
  const { userHash, userToken, chain }: Partial<RequestUser> = requestUser ?? { userHash: grantId.userHash };
  const found = await directory.read(nameIn(workloadArn), provider.name, userHash, undefined, chain);
  const deletion = deletionIn(found, grantId.workloadId, provider);
  if (!deletion) return restrictionDenial(found.restrictions, userToken);
  const grant = await grants.get(grantId);
  if (grant?.tokens && grant.providerId === provider.id) {
    await revocationQueue.enqueue({
      ...tokenOrigin({ grantId, workloadArn, provider }),
      tokens: grant.tokens,
      cause: 'not-stored',
    });
  }
  await grants.remove(grantId, provider.id);
  return deletion;
}

/**
 * Throws the error of {@link deletionDuring}, if there is one.
 *
 * @throws UnauthorizedException, ResourceNotFoundException if the agent or the provider was deleted during the request;
 *   AccessDeniedException if the agent or the user was suspended; UnauthorizedException if the session of the user ended
 */
export async function stopIfDeleted(deps: DeletionCheckDependencies, parties: CheckedParties): Promise<void> {
  const deletion = await deletionDuring(deps, parties);
  if (deletion) throw deletion;
}
