/**
 * Whose a resource is: the IAM principal's that created it, by its ARN and by IAM's unique id. A role or user that is
 * deleted and made again has the ARN of the one before and another id, and is not the owner of what that one had.
 *
 * A record from before ids were kept has the ARN alone. It belongs to whoever has the ARN now, as it always did, and
 * takes the owner's id with the owner's next write: that gives a principal that was made again nothing that it did not
 * have already, and is the last time that the ARN alone decides.
 */
import type { Caller } from './principal';

/** What a resource says of its owner. */
export interface Owned {
  /** ARN of the IAM principal that created it. */
  readonly owner: string;
  /** The owner's unique id; absent in a record from before ids were kept, or where the gateway gave none. */
  readonly ownerId?: string | undefined;
}

/** If an ID is recorded, the caller must present the same ID; a missing ID does not match. */
const isRecorded = (ownerId: string | undefined, id: string | undefined): boolean =>
  ownerId === undefined || ownerId === id;

export const isOwnedBy = ({ owner, ownerId }: Owned, caller: Caller): boolean =>
  owner === caller.arn && isRecorded(ownerId, caller.id);

/** Whether the caller has the owner's ARN and is not the owner. */
export const isRecreatedPrincipal = (resource: Owned, caller: Caller): boolean =>
  resource.owner === caller.arn && !isOwnedBy(resource, caller);

/**
 * Whether a tag gives what it is on to the owner: by the ARN, or by ARN and unique id with a space between them, which
 * a principal that is made again does not inherit.
 */
export const isNamedBy = (tag: string | undefined, { owner, ownerId }: Owned): boolean =>
  tag === owner || (ownerId !== undefined && tag === `${owner} ${ownerId}`);

/** What a resource that the caller creates says of its owner. */
export const ownedBy = ({ arn, id }: Caller): Owned => ({
  owner: arn,
  ...(id !== undefined && { ownerId: id }),
});

/** The resource with its owner's id, if the caller is the owner and the record has none. */
export const withOwnerId = <Resource extends Owned>(resource: Resource, caller: Caller): Resource =>
  isOwnedBy(resource, caller) ? { ...resource, ...ownedBy(caller) } : resource;

/**
 * Whether a workload identity and a credential provider have the same owner.
 *
 * A workload identity from before ids were kept has none until its owner's next write. If its owner calls, the caller's
 * id counts: a namesake that holds on to such an identity reaches no provider that has an id. If a delegate calls, the
 * ARN decides: the policy that lets the delegate in is from before that write too, since putting a policy is a write.
 * Otherwise, an owner that updates a provider would cut off every delegate.
 */
export function haveSameOwner(identity: Owned, provider: Owned, caller: Caller): boolean {
  if (identity.owner !== provider.owner) return false;
  if (identity.ownerId === undefined && identity.owner !== caller.arn) return true;
  return isRecorded(provider.ownerId, withOwnerId(identity, caller).ownerId);
}
