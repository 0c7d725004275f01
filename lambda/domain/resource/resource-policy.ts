/** Puts, gets, and deletes the resource policy of a workload identity or a credential provider. */
import type { System } from '../system';
import { audited, type AuditTrail } from '../audit';
import type { Caller } from '../principal';
import { changeResource } from '../resource-write';
import { locateResource, type ResourceStores } from './resource-arn';
import { checkAdmission } from '../policy/policy-admission';
import { parsePolicyDocument } from '../policy/policy-document';

export interface ResourcePolicyDependencies extends ResourceStores {
  readonly audit: AuditTrail;
  readonly system: System;
  readonly arnPrefix: string;
}

/**
 * Puts the policy, which applies from the next request, and returns it.
 *
 * @param policy IAM policy JSON; stored unchanged
 * @throws ValidationException that names the element that is not supported, or for a policy that is too complex;
 *   ResourceNotFoundException, AccessDeniedException, ThrottlingException after a concurrent change
 */
export function putResourcePolicy(
  deps: ResourcePolicyDependencies,
  principal: Caller,
  resourceArn: string,
  policy: string,
): Promise<string> {
  return audited(deps.audit, { operation: 'PutResourcePolicy', principal }, async (annotate, call) => {
    annotate({ resource: resourceArn });
    const { store, resource } = await locateResource(deps, call, resourceArn);
    checkAdmission(parsePolicyDocument(policy, resource.arn));
    await changeResource(store, deps.system, resource, { policy });
    return policy;
  });
}

/** Returns the policy; undefined if the resource has none. @throws ResourceNotFoundException, AccessDeniedException */
export function getResourcePolicy(
  deps: ResourcePolicyDependencies,
  principal: Caller,
  resourceArn: string,
): Promise<string | undefined> {
  return audited(deps.audit, { operation: 'GetResourcePolicy', principal }, async (annotate, call) => {
    annotate({ resource: resourceArn });
    const { resource } = await locateResource(deps, call, resourceArn);
    return resource.policy;
  });
}

/**
 * Deletes the policy. From the next request, only the owner has access.
 *
 * @throws ResourceNotFoundException, AccessDeniedException
 */
export function deleteResourcePolicy(
  deps: ResourcePolicyDependencies,
  principal: Caller,
  resourceArn: string,
): Promise<void> {
  return audited(deps.audit, { operation: 'DeleteResourcePolicy', principal }, async (annotate, call) => {
    annotate({ resource: resourceArn });
    const { store, resource } = await locateResource(deps, call, resourceArn);
    await changeResource(store, deps.system, resource, { policy: undefined });
  });
}
