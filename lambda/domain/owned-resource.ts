/** Stores of workload identities, credential providers, consent portals, and gateways. */
import type { OwnedResource } from '../model/records/owned-resource';
import type { Caller } from './principal';

/** Returns the name in a resource's ARN: its last segment. */
export const nameIn = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1);

/** A page of a listing by name: up to a limit, after a name. */
export interface PageRequest {
  readonly limit: number;
  readonly after?: string | undefined;
}

export interface Page<Resource> {
  readonly resources: readonly Resource[];
  /** Name after which the next page starts; absent on the last page. */
  readonly last?: string;
}

/** Stores resources of one kind. A resource that is marked as deleted is visible only to its deletion. */
export interface OwnedResourceStore<Resource extends OwnedResource> {
  get(name: string): Promise<Resource | undefined>;
  /** Returns the resource, even if it is marked as deleted. */
  getForDeletion(name: string): Promise<Resource | undefined>;
  /** Returns false if the name is in use; then nothing was written. */
  create(resource: Resource): Promise<boolean>;
  /** Writes the resource if the stored one has the same ID and the previous revision, and is not marked as deleted. */
  replace(resource: Resource): Promise<boolean>;
  /**
   * Marks the resource as deleted, if the stored one has the same ID and revision, marked or not. After that, only
   * `getForDeletion` finds it. Its name stays in use until it is removed.
   */
  markDeleted(resource: Resource): Promise<boolean>;
  /** Removes the resource if the stored one has the same ID and revision. */
  remove(resource: Resource): Promise<boolean>;
  /** Returns the owner's resources by name. Recent writes can be missing (a secondary index). */
  list(owner: Caller, page: PageRequest): Promise<Page<Resource>>;
  /** Returns the number of the owner's resources. Like a listing, it can lag. */
  count(owner: Caller): Promise<number>;
}
