/** Creates and changes owned resources. */
import { isDeepStrictEqual } from 'node:util';
import { epochSeconds, type System } from './system';
import type { OwnedResourceStore } from './owned-resource';
import type { OwnedResource } from '../model/records/owned-resource';
import type { ResourceKind } from '../model/error-codes';
import { ServiceError } from './service-error';

const withArticle = (kind: ResourceKind): string => `${/^[OA]/.test(kind) ? 'An' : 'A'} ${kind}`;

/** @param saysNext whether the message has the next step, for callers without the command */
export const noSuchResource = (kind: ResourceKind, name: string, saysNext = false): ServiceError =>
  new ServiceError(
    'ResourceNotFoundException',
    `There is no ${kind} named "${name}".${saysNext ? ' Correct the name, or create it.' : ''}`,
    {
      problem: { code: 'ResourceNotFound', values: { resource: kind, name } },
    },
  );

export const noSuchRevocation = (revocationId: string): ServiceError =>
  new ServiceError(
    'ResourceNotFoundException',
    `There is no revocation "${revocationId}". Revocations can be read for 30 days.`,
  );

export const deletedDuringRequest = (kind: ResourceKind, name: string): ServiceError =>
  new ServiceError('ResourceNotFoundException', `The ${kind} "${name}" was deleted during the request.`);

export const nameTaken = (kind: ResourceKind, name: string): ServiceError =>
  new ServiceError('ConflictException', `${withArticle(kind)} named "${name}" already exists.`, {
    problem: { code: 'NameTaken', values: { resource: kind, name } },
  });

/** Returns the error for a name that is in use, possibly by a resource that is no longer visible. */
const beingDeleted = (kind: ResourceKind, name: string): ServiceError =>
  new ServiceError(
    'ConflictException',
    `${withArticle(kind)} named "${name}" already exists and is being deleted. Try again shortly. If the deletion was interrupted, delete the resource again.`,
  );

/**
 * Stores a new resource.
 *
 * @throws ConflictException if the name is in use; then nothing was written
 */
export async function createResource<Resource extends OwnedResource>(
  store: Pick<OwnedResourceStore<Resource>, 'create' | 'get'>,
  kind: ResourceKind,
  resource: Resource,
): Promise<void> {
  if (await store.create(resource)) return;
  const present = await store.get(resource.name);
  // The SDK repeats a write whose response is lost. Another write can have changed the resource in between.
  if (present?.id === resource.id) return;
  throw (present ? nameTaken : beingDeleted)(kind, resource.name);
}

/**
 * Writes the change, unless a concurrent request changed the resource. Returns the changed resource.
 *
 * @param change members that differ
 * @throws ThrottlingException after a concurrent change; nothing was written, and a retry can succeed
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
  if (!(await store.replace(changed))) throw changedConcurrently();
  return changed;
}

/** Returns the names of the members whose value a change replaces. */
export const changedMembers = <Resource extends object>(
  resource: Resource,
  change: Partial<Resource>,
): (keyof Resource & string)[] =>
  (Object.keys(change) as (keyof Resource & string)[]).filter(
    (member) => !isDeepStrictEqual(change[member], resource[member]),
  );

export const changedConcurrently = (): ServiceError =>
  new ServiceError('ThrottlingException', 'Another request changed the resource. Try again.');
