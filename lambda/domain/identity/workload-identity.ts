/** Workload identities: the resources of agents, and their owners. */
import type {
  CreateWorkloadIdentityInput,
  UpdateWorkloadIdentityInput,
} from '../../model/workload-identity-request';
import { type System, epochSeconds } from '../system';
import { audited, type AuditTrail } from '../audit';
import { changedMembers, changeResource, createResource } from '../resource-write';
import { authorizedResource, resourceToDelete } from '../policy/authorized-resource';
import { listOwned, type Listed, type PageTokens } from '../pagination';
import type { ListInput } from '../../model/request-values';
import type { OwnedResourceStore } from '../owned-resource';
import type { WorkloadIdentity } from '../../model/records/workload-identity';
import type { EndpointPolicy } from '../../model/endpoint';
import { ownedBy } from '../ownership';
import { checkQuota, type Quotas } from '../quotas';
import { ServiceError } from '../service-error';
import {
  deleteWithContents,
  revokeDeletedGrants,
  type DeletedGrants,
  type VaultContents,
} from '../sealing/deletion';
import type { Caller } from '../principal';
import { authorizerChange } from './trusted-issuer';

/** What identifies an agent in a workload access token. An identity that is created again has another ID. */
export type Workload = Pick<WorkloadIdentity, 'arn' | 'name' | 'id'>;

export type WorkloadIdentityStore = OwnedResourceStore<WorkloadIdentity>;

const KIND = 'workload identity';

/** Default entries of a page: the maximum in AWS. */
const PAGE = 20;

export const workloadIdentityArn = (arnPrefix: string, name: string): string =>
  `${arnPrefix}:workload-identity-directory/default/workload-identity/${name}`;

export interface IdentityDeletionDependencies {
  readonly identities: WorkloadIdentityStore;
  readonly vaultContents: VaultContents;
  readonly deletedGrants: DeletedGrants;
}

export interface WorkloadIdentityDependencies extends IdentityDeletionDependencies {
  readonly pageTokens: PageTokens;
  readonly audit: AuditTrail;
  readonly system: System;
  readonly arnPrefix: string;
  readonly quotas: Quotas;
  readonly endpointPolicy: EndpointPolicy;
}

/**
 * Creates a workload identity owned by the caller.
 *
 * @throws ConflictException if the name is in use
 */
export function createWorkloadIdentity(
  deps: WorkloadIdentityDependencies,
  principal: Caller,
  input: CreateWorkloadIdentityInput,
): Promise<WorkloadIdentity> {
  return audited(deps.audit, { operation: 'CreateWorkloadIdentity', principal }, async (annotate) => {
    const arn = workloadIdentityArn(deps.arnPrefix, input.name);
    annotate({ workloadIdentity: arn });
    const urls = input.allowedResourceOauth2ReturnUrls ?? [];
    const now = epochSeconds(deps.system);
    const identity: WorkloadIdentity = {
      name: input.name,
      id: deps.system.randomUUID(),
      arn,
      ...ownedBy(principal),
      allowedResourceOauth2ReturnUrls: urls,
      tags: input.tags ?? {},
      ...authorizerChange(input.authorizerConfiguration, deps.endpointPolicy),
      revision: 1,
      createdTime: now,
      lastUpdatedTime: now,
    };
    await checkQuota(deps.identities, principal, deps.quotas, 'workloadIdentities');
    await createResource(deps.identities, KIND, identity);
    return identity;
  });
}

/** Returns the workload identity. @throws ResourceNotFoundException, AccessDeniedException */
export function getWorkloadIdentity(
  deps: WorkloadIdentityDependencies,
  principal: Caller,
  name: string,
): Promise<WorkloadIdentity> {
  return audited(deps.audit, { operation: 'GetWorkloadIdentity', principal }, async (annotate, call) => {
    annotate({ workloadIdentity: workloadIdentityArn(deps.arnPrefix, name) });
    return authorizedResource(deps.identities, KIND, call, name);
  });
}

/**
 * Changes the given members. Omitted members stay.
 *
 * @throws ResourceNotFoundException, AccessDeniedException, ThrottlingException after a concurrent change
 */
export function updateWorkloadIdentity(
  deps: WorkloadIdentityDependencies,
  principal: Caller,
  { name, allowedResourceOauth2ReturnUrls: urls, authorizerConfiguration }: UpdateWorkloadIdentityInput,
): Promise<WorkloadIdentity> {
  return audited(deps.audit, { operation: 'UpdateWorkloadIdentity', principal }, async (annotate, call) => {
    annotate({ workloadIdentity: workloadIdentityArn(deps.arnPrefix, name) });
    const authorizer = authorizerChange(authorizerConfiguration, deps.endpointPolicy);
    const identity = await authorizedResource(deps.identities, KIND, call, name);
    const change = { ...(urls && { allowedResourceOauth2ReturnUrls: urls }), ...authorizer };
    annotate({ changed: changedMembers(identity, change) });
    return changeResource(deps.identities, deps.system, identity, change);
  });
}

/**
 * Deletes an identity for a principal whose authorization was checked.
 *
 * @param identity as it was read, marked as deleted or not
 * @throws ThrottlingException if a retry must continue
 */
export const deleteIdentity = (
  { identities, deletedGrants, vaultContents }: IdentityDeletionDependencies,
  principal: Caller,
  identity: WorkloadIdentity,
): Promise<void> =>
  deleteWithContents(identities, identity, async () => {
    await revokeDeletedGrants(deletedGrants, {
      id: identity.id,
      requestedBy: principal.arn,
      grants: { workloadId: identity.id },
    });
    await vaultContents.shredKeys(identity.id);
    await vaultContents.deleteGrantsOfWorkload(identity.id);
  });

/**
 * Deletes the identity and all of its grants, whose tokens their providers revoke, and shreds its vault keys. Its workload
 * access tokens are no longer valid. An identity that is created later with this name inherits nothing. Requests in
 * progress obtain nothing.
 *
 * @throws ResourceNotFoundException, AccessDeniedException; ThrottlingException if a retry must continue
 */
export function deleteWorkloadIdentity(
  deps: WorkloadIdentityDependencies,
  principal: Caller,
  name: string,
): Promise<void> {
  return audited(deps.audit, { operation: 'DeleteWorkloadIdentity', principal }, async (annotate, call) => {
    annotate({ workloadIdentity: workloadIdentityArn(deps.arnPrefix, name) });
    const identity = await resourceToDelete(deps.identities, KIND, call, name);
    annotate({ result: identity.id });
    await deleteIdentity(deps, principal, identity);
  });
}

/** Lists the caller's workload identities by name. @throws ValidationException for a token of another listing */
export function listWorkloadIdentities(
  deps: WorkloadIdentityDependencies,
  principal: Caller,
  input: ListInput,
): Promise<Listed<WorkloadIdentity>> {
  return audited(deps.audit, { operation: 'ListWorkloadIdentities', principal }, (_annotate, call) =>
    listOwned({ store: deps.identities, tokens: deps.pageTokens, most: PAGE }, call, input),
  );
}

/** The error for a token whose workload identity was deleted, or deleted and created again. */
export const workloadGone = (): ServiceError =>
  new ServiceError('UnauthorizedException', 'The workload identity of this token was deleted.', {
    detail: 'workload identity deleted or recreated after the token was issued',
  });
