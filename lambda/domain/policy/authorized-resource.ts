/** Finds an owned resource for an authorized caller. */
import type { ResourceKind } from '../../model/error-codes';
import { noSuchResource } from '../resource-write';
import type { OwnedResourceStore } from '../owned-resource';
import type { OwnedResource } from '../../model/records/owned-resource';
import { withOwnerId } from '../ownership';
import { authorizeAction, type Call } from './access';

function found<Resource extends OwnedResource>(
  resource: Resource | undefined,
  kind: ResourceKind,
  call: Call,
  name: string,
): Resource {
  if (!resource) throw noSuchResource(kind, name);
  authorizeAction({ ...call, resource });
  return withOwnerId(resource, call.principal);
}

/** Returns the resource. @throws ResourceNotFoundException, AccessDeniedException */
export const authorizedResource = async <Resource extends OwnedResource>(
  store: Pick<OwnedResourceStore<Resource>, 'get'>,
  kind: ResourceKind,
  call: Call,
  name: string,
): Promise<Resource> => found(await store.get(name), kind, call, name);

/** Returns the resource for its deletion, even if an earlier deletion was interrupted. */
export const resourceToDelete = async <Resource extends OwnedResource>(
  store: Pick<OwnedResourceStore<Resource>, 'getForDeletion'>,
  kind: ResourceKind,
  call: Call,
  name: string,
): Promise<Resource> => found(await store.getForDeletion(name), kind, call, name);
