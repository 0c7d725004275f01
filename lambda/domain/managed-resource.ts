/** What every operation on an owned resource does first and last: find it for a caller who may, write it back once. */
import { isDeepStrictEqual } from 'node:util';
import { epochSeconds, type System } from './system';
import type { OwnedResource, OwnedResourceStore } from './owned-resource';
import { withOwnerId } from './ownership';
import { authorizeAction, type Call } from './policy/access';
import { ServiceError } from './service-error';

/** How a kind of resource is spoken of. */
export type ResourceKind = 'workload identity' | 'credential provider';

export const noSuchResource = (kind: ResourceKind, name: string): ServiceError =>
  new ServiceError('ResourceNotFoundException', `There is no ${kind} named "${name}".`);

export const deletedDuringRequest = (kind: ResourceKind, name: string): ServiceError =>
  new ServiceError('ResourceNotFoundException', `The ${kind} "${name}" was deleted during the request.`);

export const nameTaken = (kind: ResourceKind, name: string): ServiceError =>
  new ServiceError('ConflictException', `A ${kind} named "${name}" already exists.`);

/** The name is taken, perhaps by a resource that nothing shows any more. */
const beingDeleted = (kind: ResourceKind, name: string): ServiceError =>
  new ServiceError(
    'ConflictException',
    `A ${kind} named "${name}" already exists and is being deleted. Try again shortly. If the deletion was interrupted, delete the resource again.`,
  );

/** @throws ConflictException when the name is taken; then nothing was written */
export async function createResource<Resource extends OwnedResource>(
  store: Pick<OwnedResourceStore<Resource>, 'create' | 'get'>,
  kind: ResourceKind,
  resource: Resource,
): Promise<void> {
  if (await store.create(resource)) return;
  const present = await store.get(resource.name);
  // A write whose answer was lost is tried again by the SDK, and then finds its own resource.
  if (present?.id === resource.id) return;
  throw (present ? nameTaken : beingDeleted)(kind, resource.name);
}

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

/** @throws ResourceNotFoundException when there is none, AccessDeniedException for a caller who may not */
export const managedResource = async <Resource extends OwnedResource>(
  store: Pick<OwnedResourceStore<Resource>, 'get'>,
  kind: ResourceKind,
  call: Call,
  name: string,
): Promise<Resource> => found(await store.get(name), kind, call, name);

/** For deletion: also finds a resource whose deletion was interrupted. */
export const resourceToDelete = async <Resource extends OwnedResource>(
  store: Pick<OwnedResourceStore<Resource>, 'getForDeletion'>,
  kind: ResourceKind,
  call: Call,
  name: string,
): Promise<Resource> => found(await store.getForDeletion(name), kind, call, name);

/**
 * Writes the change, if nobody wrote meanwhile.
 *
 * @param change members that differ
 * @returns the resource as it is now
 * @throws ThrottlingException when somebody did; nothing was written, and asking again helps
 */
export async function changeResource<Resource extends OwnedResource>(
  store: Pick<OwnedResourceStore<Resource>, 'replace'>,
  system: System,
  resource: Resource,
  change: Partial<Resource>,
): Promise<Resource> {
  const changed: Resource = {
    ...resource,
    ...change,
    revision: resource.revision + 1,
    lastUpdatedTime: epochSeconds(system),
  };
  if (!(await store.replace(changed))) throw changedMeanwhile();
  return changed;
}

/** Names of the members that a change gives another value. */
export const changedMembers = <Resource extends OwnedResource>(
  resource: Resource,
  change: Partial<Resource>,
): (keyof Resource & string)[] =>
  (Object.keys(change) as (keyof Resource & string)[]).filter(
    (member) => !isDeepStrictEqual(change[member], resource[member]),
  );

export const changedMeanwhile = (): ServiceError =>
  new ServiceError('ThrottlingException', 'The resource was changed by somebody else meanwhile. Try again.');
