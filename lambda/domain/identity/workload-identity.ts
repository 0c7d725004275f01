/** Workload identities: what an agent is, and who owns it. */
import { type System, epochSeconds } from '../system';
import { audited, type AuditTrail } from '../audit';
import {
  changedMembers,
  changeResource,
  createResource,
  managedResource,
  resourceToDelete,
} from '../managed-resource';
import { listOwned, type Listed, type ListInput, type PageTokens } from '../pagination';
import type { OwnedResource, OwnedResourceStore } from '../owned-resource';
import type { EndpointPolicy } from '../endpoint';
import { ownedBy } from '../ownership';
import { checkQuota, type Quotas } from '../quotas';
import { invalidMember, ServiceError } from '../service-error';
import { deleteWithContents, type VaultContents } from '../sealing/deletion';
import type { Caller } from '../principal';
import { authorizerChange, type AuthorizerConfiguration } from './trusted-issuer';

export interface WorkloadIdentity extends OwnedResource {
  readonly allowedResourceOauth2ReturnUrls: readonly string[];
  /** Whose user tokens this identity believes, in place of the deployment's issuers. Not in AWS's shape. */
  readonly authorizerConfiguration?: AuthorizerConfiguration | undefined;
}

export type WorkloadIdentityStore = OwnedResourceStore<WorkloadIdentity>;

const KIND = 'workload identity';

/** Entries of a page when the caller does not say: AWS's most. */
const PAGE = 20;

export const workloadIdentityArn = (arnPrefix: string, name: string): string =>
  `${arnPrefix}:workload-identity-directory/default/workload-identity/${name}`;

/**
 * Schemes that a browser would run or read rather than leave for. A return URL becomes a link on the page
 * that a person sees when consent fails.
 */
const UNSAFE_SCHEMES = new Set(['javascript', 'data', 'vbscript', 'file', 'blob', 'about', 'view-source']);

/** What a header can hold of a URL (RFC 9110 section 5.5, RFC 3986 section 2): a browser is sent there by `Location`. */
const HEADER_TEXT = /^[\x21-\x7e]+$/;

function returnUrlFault(url: string): string | undefined {
  if (!HEADER_TEXT.test(url)) return 'must be printable ASCII; percent-encode all other characters';
  if (!URL.canParse(url)) return 'must be a URL';
  const scheme = url.slice(0, url.indexOf(':')).toLowerCase();
  return UNSAFE_SCHEMES.has(scheme) ? `must not use the scheme ${scheme}` : undefined;
}

function checkReturnUrls(urls: readonly string[]): void {
  for (const [index, url] of urls.entries()) {
    const fault = returnUrlFault(url);
    if (fault !== undefined) throw invalidMember(`allowedResourceOauth2ReturnUrls.${index}`, fault);
  }
}

export interface WorkloadIdentityDependencies {
  readonly identities: WorkloadIdentityStore;
  readonly vaultContents: VaultContents;
  readonly pageTokens: PageTokens;
  readonly audit: AuditTrail;
  readonly system: System;
  readonly arnPrefix: string;
  readonly quotas: Quotas;
  readonly endpointPolicy: EndpointPolicy;
}

export interface CreateWorkloadIdentityInput {
  readonly name: string;
  readonly allowedResourceOauth2ReturnUrls?: readonly string[] | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  readonly authorizerConfiguration?: Partial<AuthorizerConfiguration> | undefined;
}

/**
 * Creates a workload identity owned by the caller.
 *
 * @param principal who calls
 * @throws ConflictException when the name is taken, ValidationException for a return URL that is unsafe
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
    checkReturnUrls(urls);
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

/**
 * @param principal who calls
 * @throws ResourceNotFoundException when there is none, AccessDeniedException for another principal's
 */
export function getWorkloadIdentity(
  deps: WorkloadIdentityDependencies,
  principal: Caller,
  name: string,
): Promise<WorkloadIdentity> {
  return audited(deps.audit, { operation: 'GetWorkloadIdentity', principal }, async (annotate, call) => {
    annotate({ workloadIdentity: workloadIdentityArn(deps.arnPrefix, name) });
    return managedResource(deps.identities, KIND, call, name);
  });
}

/**
 * Changes what is given; what is left out stays.
 *
 * @throws ResourceNotFoundException, AccessDeniedException, ValidationException for an unsafe return URL,
 *   ThrottlingException when it was changed meanwhile
 */
export function updateWorkloadIdentity(
  deps: WorkloadIdentityDependencies,
  principal: Caller,
  {
    name,
    allowedResourceOauth2ReturnUrls: urls,
    authorizerConfiguration,
  }: Omit<CreateWorkloadIdentityInput, 'tags'>,
): Promise<WorkloadIdentity> {
  return audited(deps.audit, { operation: 'UpdateWorkloadIdentity', principal }, async (annotate, call) => {
    annotate({ workloadIdentity: workloadIdentityArn(deps.arnPrefix, name) });
    checkReturnUrls(urls ?? []);
    const authorizer = authorizerChange(authorizerConfiguration, deps.endpointPolicy);
    const identity = await managedResource(deps.identities, KIND, call, name);
    const change = { ...(urls && { allowedResourceOauth2ReturnUrls: urls }), ...authorizer };
    annotate({ changed: changedMembers(identity, change) });
    return changeResource(deps.identities, deps.system, identity, change);
  });
}

/**
 * Deletes the identity with every grant that it holds, and shreds its vault keys. Its workload access tokens
 * count no more from now on; one of the same name that is created later inherits nothing. Requests of it that are
 * under way obtain nothing any more.
 *
 * @throws ResourceNotFoundException, AccessDeniedException
 */
export function deleteWorkloadIdentity(
  deps: WorkloadIdentityDependencies,
  principal: Caller,
  name: string,
): Promise<void> {
  return audited(deps.audit, { operation: 'DeleteWorkloadIdentity', principal }, async (annotate, call) => {
    annotate({ workloadIdentity: workloadIdentityArn(deps.arnPrefix, name) });
    const identity = await resourceToDelete(deps.identities, KIND, call, name);
    await deleteWithContents(deps.identities, identity, async () => {
      await deps.vaultContents.shredKeys(identity.id);
      await deps.vaultContents.deleteGrantsOfWorkload(identity.id);
    });
  });
}

/** The caller's workload identities, by name. @throws ValidationException for a token of another listing */
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
  new ServiceError('UnauthorizedException', 'The workload identity that this token names is gone.', {
    detail: 'workload identity deleted or created anew since the token was issued',
  });
