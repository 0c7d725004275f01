/**
 * An operator transfers a resource to another owner, for example after its team has moved to another role. ID, policy,
 * tags, and grants stay.
 */
import { arnParts } from '../../model/arn';
import type { TransferInput } from '../../model/operator-request';
import type { OwnedResource } from '../../model/records/owned-resource';
import type { WorkloadIdentity } from '../../model/records/workload-identity';
import * as v from 'valibot';
import { audited, type AuditTrail } from '../audit';
import { parseConfiguration } from '../configuration';
import { gatewayArn } from '../gateway/manage/gateway';
import { changeResource } from '../resource-write';
import type { Caller } from '../principal';
import { findResource, noSuchArn, type ResourceStores } from '../resource/resource-arn';
import { invalidMember } from '../service-error';
import type { System } from '../system';

export interface TransferDependencies extends ResourceStores {
  readonly audit: AuditTrail;
  readonly system: System;
  readonly arnPrefix: string;
  /** Other accounts whose principals can create and own resources. */
  readonly ownerAccounts: readonly string[];
}

/**
 * Returns why the principal cannot become an owner. The function does not know the accounts of an organization, so a
 * principal of one of them can only follow another principal of its account.
 *
 * @param owner the present owner, if there is such a resource
 */
function rejectionOf(
  { arnPrefix, ownerAccounts }: Pick<TransferDependencies, 'arnPrefix' | 'ownerAccounts'>,
  newOwner: string,
  owner: string | undefined,
): string | undefined {
  const { partition, account: own } = arnParts(arnPrefix);
  const accounts = [own, ...ownerAccounts, ...(owner === undefined ? [] : [arnParts(owner).account])];
  if (!newOwner.startsWith(`arn:${partition}:iam::`) || !accounts.includes(arnParts(newOwner).account)) {
    return `must be a role or user of the account of this service (${own}), of an account in callers.accountIds with manageResources, or of the account of the present owner`;
  }
  return /[*?]/.test(newOwner) ? 'must be one principal, without wildcards' : undefined;
}

/**
 * Makes the principal the owner, of a gateway together with its workload identity. The recorded unique ID is dropped, because only IAM knows the ID of the new owner: the next
 * write of the new owner records it. Until then, the ARN alone decides.
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
    const found = await findResource(deps, resourceArn);
    const rejection = rejectionOf(deps, newOwner, found?.resource.owner);
    if (rejection !== undefined) throw invalidMember('newOwner', rejection);
    if (!found) throw noSuchArn(resourceArn);
    const { store, resource } = found;
    const { gatewayId }: OwnedResource & Pick<WorkloadIdentity, 'gatewayId'> = resource;
    if (gatewayId !== undefined) {
      throw invalidMember('resourceArn', `belongs to the gateway ${gatewayId}: transfer the gateway`);
    }
    annotate({ previousOwner: resource.owner });
    // An operator that made itself the owner could act as the agent, and the operators' plane gives no token.
    if (newOwner === principal.arn && newOwner !== resource.owner) {
      throw invalidMember('newOwner', 'must not be the calling operator: ask another operator');
    }
    const change = { owner: newOwner, ownerId: undefined };
    await changeResource(store, deps.system, resource, change);
    if (resource.arn.startsWith(gatewayArn(deps.arnPrefix, ''))) {
      // After an interruption, a repetition continues here.
      const identity = await deps.identities.get(resource.id);
      if (identity) await changeResource(deps.identities, deps.system, identity, change);
    }
    return { previousOwner: resource.owner };
  });
}

const OwnerAccountsSchema = v.array(
  v.pipe(v.string(), v.regex(/^\d{12}$/, 'must be the ID of an account, which has 12 digits')),
);

/**
 * Returns the other accounts whose principals can own resources, from configuration.
 *
 * @param json a JSON array of account IDs
 * @throws Error that names the entry
 */
export const parseOwnerAccounts = (json: string): string[] =>
  parseConfiguration(OwnerAccountsSchema, 'ownerAccounts', 'an array like ["111122223333"]', json);
