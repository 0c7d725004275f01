/**
 * A resource belongs to the IAM principal that created it, by ARN and by IAM's unique ID. A role or user that is deleted
 * and created again has the same ARN and another ID, and does not own the earlier principal's resources.
 *
 * After a transfer, a record contains the ARN only, because only IAM knows the ID. It belongs to the principal that has the
 * ARN, and the owner's next write adds the owner's ID. From then on the ARN alone does not decide.
 */
import type { Caller } from './principal';
import { ServiceError } from './service-error';

/** The owner of a resource. */
export interface Owned {
  /** ARN of the IAM principal that created it. */
  readonly owner: string;
  /** The owner's unique ID; absent after a transfer until the owner's next write, and if the gateway provided none. */
  readonly ownerId?: string | undefined;
}

/** If an ID is recorded, the caller must present the same ID; a missing ID does not match. */
const isRecorded = (ownerId: string | undefined, id: string | undefined): boolean =>
  ownerId === undefined || ownerId === id;

export const isOwnedBy = ({ owner, ownerId }: Owned, caller: Caller): boolean =>
  owner === caller.arn && isRecorded(ownerId, caller.id);

/** A request that must not give a secret to another principal's resource. */
export interface OwnershipRequirement {
  /** Whether the request fails unless the caller owns the resource; by default, it does not. */
  readonly requireOwnership?: boolean | undefined;
}

/**
 * A name can belong to another principal since the caller used it last: that principal deleted the resource, and created
 * one that the caller is allowed to change.
 *
 * @throws AccessDeniedException
 */
export function checkOwnership(
  resource: Owned & { readonly name: string },
  caller: Caller,
  { requireOwnership = false }: OwnershipRequirement,
): void {
  if (!requireOwnership || isOwnedBy(resource, caller)) return;
  throw new ServiceError(
    'AccessDeniedException',
    `"${resource.name}" belongs to another principal, and the request requires that the caller owns it (requireOwnership). It was not changed. If it was yours, it was transferred, or deleted and created again under its name: look in the audit log for TransferOwnership or a deletion.`,
    {
      detail: 'the caller does not own the resource, as the request requires',
      problem: { code: 'NotOwner', values: { name: resource.name } },
    },
  );
}

/** Returns whether the caller has the owner's ARN but is not the owner. */
export const isRecreatedPrincipal = (resource: Owned, caller: Caller): boolean =>
  resource.owner === caller.arn && !isOwnedBy(resource, caller);

/** Tag of a secret or a KMS key: the IAM principal whose providers can use it, in the form of {@link isNamedBy}. */
export const OWNER_TAG = 'agent-identity:owner';

/**
 * Returns whether a tag names the owner: by ARN, or by ARN and unique ID with a space between them, which a recreated
 * principal does not match.
 */
export const isNamedBy = (tag: string | undefined, { owner, ownerId }: Owned): boolean =>
  tag === owner || (ownerId !== undefined && tag === `${owner} ${ownerId}`);

/** Returns the owner of a resource that the caller creates. */
export const ownedBy = ({ arn, id }: Caller): Owned => ({
  owner: arn,
  ...(id !== undefined && { ownerId: id }),
});

/** Returns the resource with its owner's ID, if the caller is the owner and the record contains none. */
export const withOwnerId = <Resource extends Owned>(resource: Resource, caller: Caller): Resource =>
  isOwnedBy(resource, caller) ? { ...resource, ...ownedBy(caller) } : resource;

/** Returns whether two resources have the same owner. One without its owner's ID has the owner of its ARN. */
export const haveEqualOwners = (one: Owned, other: Owned): boolean =>
  one.owner === other.owner &&
  (one.ownerId === undefined || other.ownerId === undefined || one.ownerId === other.ownerId);

/**
 * Returns whether a workload identity and a credential provider have the same owner.
 *
 * A transferred workload identity has no owner ID until its owner's next write. If its owner calls, the caller's ID applies:
 * a recreated principal with such an identity gets no access to a provider with an ID. If a delegate calls, the ARN decides:
 * the policy that allows the delegate is older than that write too, because putting a policy is a write. Otherwise, an
 * owner that updates a provider would cut off every delegate.
 */
export function haveSameOwner(identity: Owned, provider: Owned, caller: Caller): boolean {
  if (identity.owner !== provider.owner) return false;
  if (identity.ownerId === undefined && identity.owner !== caller.arn) return true;
  return isRecorded(provider.ownerId, withOwnerId(identity, caller).ownerId);
}
