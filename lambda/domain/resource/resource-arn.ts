/** Finds resources by ARN, for tags and resource policies. */
import { apiKeyProviderArn, type ApiKeyProviderStore } from '../provider/api-key-provider';
import { findGateway, gatewayArn, type GatewayStore } from '../gateway/manage/gateway';
import { findPolicyEngine, policyEngineArn, type PolicyEngineStore } from '../gateway/manage/policy-engine';
import { consentPortalArn, findPortal, type ConsentPortalStore } from '../portal/consent-portal';
import { oauth2ProviderArn, type Oauth2ProviderStore } from '../provider/oauth2-provider';
import { workloadIdentityArn, type WorkloadIdentityStore } from '../identity/workload-identity';
import type { OwnedResourceStore } from '../owned-resource';
import type { OwnedResource } from '../../model/records/owned-resource';
import { withOwnerId } from '../ownership';
import { authorizeAction, type Call } from '../policy/access';
import { ServiceError } from '../service-error';

/** Every kind of resource that has an ARN. */
export interface ResourceStores {
  readonly identities: WorkloadIdentityStore;
  readonly providers: Oauth2ProviderStore;
  readonly apiKeyProviders: ApiKeyProviderStore;
  readonly portals: ConsentPortalStore;
  readonly gateways: GatewayStore;
  readonly policyEngines: PolicyEngineStore;
}

export interface Located {
  readonly store: OwnedResourceStore<OwnedResource>;
  readonly resource: OwnedResource;
}

interface Kind {
  /** The ARN of a resource with an empty name or ID. */
  readonly prefix: string;
  readonly store: OwnedResourceStore<OwnedResource>;
  /** @param last what follows the prefix */
  readonly find: (last: string) => Promise<OwnedResource | undefined>;
}

const byName = (prefix: string, store: OwnedResourceStore<OwnedResource>): Kind => ({
  prefix,
  store,
  find: (name) => store.get(name),
});

const kinds = (
  { identities, providers, apiKeyProviders, portals, gateways, policyEngines }: ResourceStores,
  arnPrefix: string,
): Kind[] => [
  byName(workloadIdentityArn(arnPrefix, ''), identities),
  byName(oauth2ProviderArn(arnPrefix, ''), providers),
  byName(apiKeyProviderArn(arnPrefix, ''), apiKeyProviders),
  { prefix: consentPortalArn(arnPrefix, ''), store: portals, find: (id) => findPortal(portals, id) },
  { prefix: gatewayArn(arnPrefix, ''), store: gateways, find: (id) => findGateway(gateways, id) },
  {
    prefix: policyEngineArn(arnPrefix, ''),
    store: policyEngines,
    find: (id) => findPolicyEngine(policyEngines, id),
  },
];

export const noSuchArn = (arn: string): ServiceError =>
  new ServiceError('ResourceNotFoundException', `There is no resource ${arn}.`);

/** Returns the resource with this ARN and its store, for a caller whose authorization needs no resource. */
export async function findResource(
  { arnPrefix, ...stores }: ResourceStores & { readonly arnPrefix: string },
  arn: string,
): Promise<Located | undefined> {
  const kind = kinds(stores, arnPrefix).find(({ prefix }) => arn.startsWith(prefix));
  const resource = await kind?.find(arn.slice(kind.prefix.length));
  return kind && resource && { store: kind.store, resource };
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
