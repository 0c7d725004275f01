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

export const noSuchArn = (arn: string): ServiceError =>
  new ServiceError('ResourceNotFoundException', `There is no resource ${arn}.`);

/** Returns the resource with this ARN and its store, for a caller whose authorization needs no resource. */
export async function findResource(
  { arnPrefix, ...stores }: ResourceStores & { readonly arnPrefix: string },
  arn: string,
): Promise<Located | undefined> {
  const [before, store] = kinds(stores, arnPrefix).find(([prefix]) => arn.startsWith(prefix)) ?? [];
  if (before === undefined || !store) return undefined;
  const resource = await store.get(arn.slice(before.length));
  return resource && { store, resource };
}

/**
 * Returns the resource and its store.
 *
 * @param arn the resource's ARN
 * @throws ResourceNotFoundException if no resource has this ARN, AccessDeniedException
 */
export async function locateResource(
  stores: ResourceStores & { readonly arnPrefix: string },
  call: Call,
  arn: string,
): Promise<Located> {
  const found = await findResource(stores, arn);
  if (!found) throw noSuchArn(arn);
  authorizeAction({ ...call, resource: found.resource });
  return { store: found.store, resource: withOwnerId(found.resource, call.principal) };
}
