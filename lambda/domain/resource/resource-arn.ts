/** Finds resources by ARN, for tags and resource policies. */
import { apiKeyProviderArn, type ApiKeyProviderStore } from '../provider/api-key-provider';
import { oauth2ProviderArn, type Oauth2ProviderStore } from '../provider/oauth2-provider';
import { workloadIdentityArn, type WorkloadIdentityStore } from '../identity/workload-identity';
import type { OwnedResource, OwnedResourceStore } from '../owned-resource';
import { withOwnerId } from '../ownership';
import { authorizeAction, type Call } from '../policy/access';
import { ServiceError } from '../service-error';

/** Every kind of resource that has an ARN. */
export interface ResourceStores {
  readonly identities: WorkloadIdentityStore;
  readonly providers: Oauth2ProviderStore;
  readonly apiKeyProviders: ApiKeyProviderStore;
}

export interface Located {
  readonly store: OwnedResourceStore<OwnedResource>;
  readonly resource: OwnedResource;
}

/** Returns the stores by ARN prefix: the ARN of a resource with an empty name. */
const kinds = (stores: ResourceStores, arnPrefix: string): [string, OwnedResourceStore<OwnedResource>][] => [
  [workloadIdentityArn(arnPrefix, ''), stores.identities],
  [oauth2ProviderArn(arnPrefix, ''), stores.providers],
  [apiKeyProviderArn(arnPrefix, ''), stores.apiKeyProviders],
];

/**
 * Returns the resource and its store.
 *
 * @param arn the resource's ARN
 * @throws ResourceNotFoundException if no resource has this ARN, AccessDeniedException
 */
export async function locateResource(
  { arnPrefix, ...stores }: ResourceStores & { readonly arnPrefix: string },
  call: Call,
  arn: string,
): Promise<Located> {
  for (const [before, store] of kinds(stores, arnPrefix)) {
    if (!arn.startsWith(before)) continue;
    const resource = await store.get(arn.slice(before.length));
    if (!resource) break;
    authorizeAction({ ...call, resource });
    return { store, resource: withOwnerId(resource, call.principal) };
  }
  throw new ServiceError('ResourceNotFoundException', `There is no resource ${arn}.`);
}
