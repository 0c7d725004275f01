/**
 * What workload identities and credential providers have in common: a name that can be reused, an id that
 * cannot, an owner, and a place in the directory.
 */

import type { Caller } from './principal';
import type { Owned } from './ownership';

export interface OwnedResource extends Owned {
  readonly name: string;
  /** Unique for ever: a name that is deleted and created again does not inherit what the first one held. */
  readonly id: string;
  readonly arn: string;
  readonly tags: Readonly<Record<string, string>>;
  /** IAM policy JSON: who else may do what with it, and who may not. */
  readonly policy?: string | undefined;
  /** Counts the writes; each is conditional on the one before. */
  readonly revision: number;
  /** Epoch seconds. */
  readonly createdTime: number;
  readonly lastUpdatedTime: number;
}

/** The name in a resource's ARN: its last segment. */
export const nameIn = (arn: string): string => arn.slice(arn.lastIndexOf('/') + 1);

/** Some of a listing: at most so many, by name, from behind one name on. */
export interface PageRequest {
  readonly limit: number;
  readonly after?: string | undefined;
}

export interface Page<Resource> {
  readonly resources: readonly Resource[];
  /** Name to go on behind; absent on the last page. */
  readonly last?: string;
}

/** Where resources of one kind are kept. One that is marked as deleted is there for its deletion alone. */
export interface OwnedResourceStore<Resource extends OwnedResource> {
  get(name: string): Promise<Resource | undefined>;
  /** The same, one that is marked as deleted too. */
  getForDeletion(name: string): Promise<Resource | undefined>;
  /** @returns false when the name is taken; then nothing was written */
  create(resource: Resource): Promise<boolean>;
  /** Writes the resource if the stored one is the same (by id), of the revision before and not marked as deleted. */
  replace(resource: Resource): Promise<boolean>;
  /**
   * Marks the resource as deleted, if the stored one is the same (by id) and of the same revision, marked or not.
   * Nothing but `getForDeletion` finds it from then on; its name stays taken until it is removed.
   */
  markDeleted(resource: Resource): Promise<boolean>;
  /** Removes the resource if the stored one is the same (by id) and of the same revision. */
  remove(resource: Resource): Promise<boolean>;
  /** The owner's resources by name. What was written a moment ago may be missing (a secondary index). */
  list(owner: Caller, page: PageRequest): Promise<Page<Resource>>;
  /** How many the owner has; like a listing, it may lag. */
  count(owner: Caller): Promise<number>;
}
