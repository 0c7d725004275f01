/** What every operation on an owned resource does first and last: find it for a caller who may, write it back once. */
import { isDeepStrictEqual } from 'node:util';
import { epochSeconds, type Ambient } from './ambient';
import type { OwnedResource, OwnedResourceStore } from './owned-resource';
import { mayAct, type Call } from './policy/access';
import { ServiceError } from './service-error';

/** How a kind of resource is spoken of. */
export type ResourceKind = 'workload identity' | 'credential provider';

export const noSuchResource = (kind: ResourceKind, name: string): ServiceError =>
  new ServiceError('ResourceNotFoundException', `There is no ${kind} named "${name}".`);

export const nameTaken = (kind: ResourceKind, name: string): ServiceError =>
  new ServiceError('ConflictException', `A ${kind} named "${name}" already exists.`);

/** @throws ResourceNotFoundException when there is none, AccessDeniedException for a caller who may not */
export async function managedResource<Resource extends OwnedResource>(
  store: Pick<OwnedResourceStore<Resource>, 'get'>,
  kind: ResourceKind,
  call: Call,
  name: string,
): Promise<Resource> {
  const resource = await store.get(name);
  if (!resource) throw noSuchResource(kind, name);
  mayAct({ ...call, resource });
  return resource;
}

/**
 * Writes the change, if nobody wrote meanwhile.
 *
 * @param change members that differ
 * @returns the resource as it is now
 * @throws ThrottlingException when somebody did; nothing was written, and asking again helps
 */
export async function changeResource<Resource extends OwnedResource>(
  store: Pick<OwnedResourceStore<Resource>, 'replace'>,
  ambient: Ambient,
  resource: Resource,
  change: Partial<Resource>,
): Promise<Resource> {
  const changed: Resource = {
    ...resource,
    ...change,
    revision: resource.revision + 1,
    lastUpdatedTime: epochSeconds(ambient),
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
