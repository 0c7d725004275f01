/** The filters by which operators name grants. */
import { decodeGrantId, type GrantId } from '../../model/grant-id';
import type { GrantFilters } from '../../model/operator-request';
import { selectedUserHash } from '../../model/user';
import type { WorkloadIdentityStore } from '../identity/workload-identity';
import type { Oauth2ProviderStore } from '../provider/oauth2-provider';
import { noSuchResource } from '../resource-write';
import { invalidMember, ServiceError } from '../service-error';
import type { GrantFilter } from './selection';

export interface FilterDependencies {
  readonly identities: Pick<WorkloadIdentityStore, 'get'>;
  readonly providers: Pick<Oauth2ProviderStore, 'get'>;
}

/**
 * Returns the filter by IDs, and the provider's name.
 *
 * @throws ValidationException if there is no filter; ResourceNotFoundException if nothing has a name, because a mistyped
 *   name must not look like an agent without grants
 */
export async function grantFilter(
  { identities, providers }: FilterDependencies,
  { workloadName, providerName, user }: GrantFilters,
): Promise<GrantFilter> {
  if (workloadName === undefined && providerName === undefined && user === undefined) {
    throw new ServiceError(
      'ValidationException',
      'Set at least one of workloadName, providerName, and user.',
    );
  }
  const [identity, provider] = await Promise.all([
    workloadName === undefined ? undefined : identities.get(workloadName),
    providerName === undefined ? undefined : providers.get(providerName),
  ]);
  if (workloadName !== undefined && !identity) throw noSuchResource('workload identity', workloadName);
  if (providerName !== undefined && !provider)
    throw noSuchResource('OAuth 2.0 credential provider', providerName);
  return {
    ...(identity && { workloadId: identity.id }),
    ...(provider && { providerId: provider.id, providerName }),
    ...(user && { userHash: selectedUserHash(user) }),
  };
}

/** Returns the grant that the member `grantId` of a request names. @throws ValidationException if it names none */
export function grantIdMember(text: string): GrantId {
  const grantId = decodeGrantId(text);
  if (!grantId) throw invalidMember('grantId', 'must be the grantId of a listed grant');
  return grantId;
}
