/**
 * An operator transfers a resource to another owner, for example after its team has moved to another role. ID, policy,
 * tags, and grants stay.
 */
import { audited, type AuditTrail } from '../audit';
import { changeResource } from '../resource-write';
import type { Caller } from '../principal';
import { findResource, noSuchArn, type ResourceStores } from '../resource/resource-arn';
import { invalidMember } from '../service-error';
import type { System } from '../system';

export interface TransferDependencies extends ResourceStores {
  readonly audit: AuditTrail;
  readonly system: System;
  readonly arnPrefix: string;
}

export interface TransferInput {
  readonly resourceArn: string;
  /** ARN of a role, without its path, or of a user. */
  readonly newOwner: string;
}

/** Returns why the principal cannot become an owner. Requests come from the service's own account. */
function rejectionOf(newOwner: string, arnPrefix: string): string | undefined {
  const [, partition, , , account] = arnPrefix.split(':');
  if (!newOwner.startsWith(`arn:${partition}:iam::${account}:`)) {
    return `must be a role or user of the account of this service (${account})`;
  }
  return /[*?]/.test(newOwner) ? 'must be one principal, without wildcards' : undefined;
}

/**
 * Makes the principal the owner. The recorded unique ID is dropped, because only IAM knows the ID of the new owner: the next
 * write of the new owner records it. Until then, the ARN alone decides, as for a record from before IDs were stored.
 *
 * Returns the previous owner.
 *
 * @throws ValidationException for a principal that cannot become the owner; ResourceNotFoundException;
 *   ThrottlingException after a concurrent change
 */
export function transferOwnership(
  deps: TransferDependencies,
  principal: Caller,
  { resourceArn, newOwner }: TransferInput,
): Promise<{ readonly previousOwner: string }> {
  return audited(deps.audit, { operation: 'TransferOwnership', principal }, async (annotate) => {
    annotate({ resource: resourceArn, newOwner });
    const rejection = rejectionOf(newOwner, deps.arnPrefix);
    if (rejection !== undefined) throw invalidMember('newOwner', rejection);
    const found = await findResource(deps, resourceArn);
    if (!found) throw noSuchArn(resourceArn);
    const { store, resource } = found;
    annotate({ previousOwner: resource.owner });
    // An operator that made itself the owner could act as the agent, and the operators' plane gives no token.
    if (newOwner === principal.arn && newOwner !== resource.owner) {
      throw invalidMember('newOwner', 'must not be the calling operator: ask another operator');
    }
    await changeResource(store, deps.system, resource, { owner: newOwner, ownerId: undefined });
    return { previousOwner: resource.owner };
  });
}
