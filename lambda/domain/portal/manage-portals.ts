/** Creates, reads, changes, deletes, and lists consent portals. */
import type { CreatePortalInput, UpdatePortalInput } from '../../model/portal-request';
import { audited, type Annotate, type AuditTrail } from '../audit';
import { ownedBy, withOwnerId } from '../ownership';
import { listOwned, type Listed, type PageTokens } from '../pagination';
import type { ListInput } from '../../model/request-values';
import { authorizeAction, type Call } from '../policy/access';
import type { Caller } from '../principal';
import { checkQuota, type Quotas } from '../quotas';
import { changedConcurrently, changedMembers, changeResource, createResource } from '../resource-write';
import { ServiceError } from '../service-error';
import { epochSeconds, type System } from '../system';
import { consentPortalArn, findPortal, type ConsentPortalStore } from './consent-portal';
import type { ConsentPortal } from '../../model/records/consent-portal';
import { leftOutAfter, resourcesAfter } from './configured-resources';
import {
  checkExecutionRole,
  checkPortal,
  storedSources,
  type PortalCheckDependencies,
} from './portal-checks';
import { concludeVerification, type PortalVerification } from './verification';

export interface PortalDependencies extends PortalCheckDependencies {
  readonly portals: ConsentPortalStore;
  readonly portalVerification: PortalVerification;
  readonly pageTokens: PageTokens;
  readonly audit: AuditTrail;
  readonly system: System;
  readonly quotas: Quotas;
}

const KIND = 'consent portal';

/** Default entries of a page. */
const PAGE = 20;

/** Characters of the random part of an ID, and the bytes that nearly always contain as many letters and digits. */
const SUFFIX_LENGTH = 10;
const SUFFIX_BYTES = 48;

function suffixOf(system: System): string {
  const characters = system.randomToken(SUFFIX_BYTES).replace(/[-_]/g, '');
  return characters.length < SUFFIX_LENGTH ? suffixOf(system) : characters.slice(0, SUFFIX_LENGTH);
}

const noSuchPortal = (identifier: string): ServiceError =>
  new ServiceError('ResourceNotFoundException', `There is no consent portal "${identifier}".`, {
    problem: { code: 'ResourceNotFound', values: { resource: KIND, name: identifier } },
  });

/** Returns the ARN that an identifier means: an ID or an ARN. */
const arnOf = (arnPrefix: string, identifier: string): string =>
  identifier.startsWith('arn:') ? identifier : consentPortalArn(arnPrefix, identifier);

/** Returns the portal for its owner. @throws ResourceNotFoundException, AccessDeniedException */
async function ownedPortal(
  { portals, arnPrefix }: PortalDependencies,
  call: Call,
  identifier: string,
): Promise<ConsentPortal> {
  const arn = arnOf(arnPrefix, identifier);
  const prefix = consentPortalArn(arnPrefix, '');
  const portal = arn.startsWith(prefix) ? await findPortal(portals, arn.slice(prefix.length)) : undefined;
  if (!portal) throw noSuchPortal(identifier);
  authorizeAction({ ...call, resource: portal });
  return withOwnerId(portal, call.principal);
}

/** Starts the verification of a portal that was written. Returns the portal, whose status is final if that failed. */
async function startVerification(
  deps: PortalDependencies,
  annotate: Annotate,
  portal: ConsentPortal,
): Promise<ConsentPortal> {
  const { id: portalId, configurationRevision: revision } = portal;
  try {
    await deps.portalVerification.start(portalId, revision);
    return portal;
  } catch (error) {
    annotate({ reason: error instanceof Error ? error.message : 'the verification was not started' });
    const fault = 'The service could not start to verify the portal. Call UpdateConsentPortal to try again.';
    return (await concludeVerification(deps, { portalId, revision, fault })) ?? portal;
  }
}

/**
 * Creates a consent portal owned by the caller, and starts to verify it. The portal has its pages as soon as its status is
 * `ACTIVE`.
 *
 * @throws ConflictException if the name is in use, ServiceQuotaExceededException; as `checkPortal`
 */
export function createConsentPortal(
  deps: PortalDependencies,
  principal: Caller,
  input: CreatePortalInput,
): Promise<ConsentPortal> {
  return audited(deps.audit, { operation: 'CreateConsentPortal', principal }, async (annotate) => {
    const id = `${input.name}-${suffixOf(deps.system)}`;
    const arn = consentPortalArn(deps.arnPrefix, id);
    annotate({ resource: arn });
    checkExecutionRole(input.executionRoleArn, deps.arnPrefix);
    const now = epochSeconds(deps.system);
    const portal: Omit<ConsentPortal, 'resources'> = {
      name: input.name,
      id,
      arn,
      ...ownedBy(principal),
      description: input.description,
      executionRoleArn: input.executionRoleArn,
      sources: storedSources(input.sources, deps.arnPrefix),
      idpConfig: input.idpConfig,
      branding: input.branding,
      connections: input.connections ?? [],
      status: 'CREATING',
      configurationRevision: 1,
      tags: input.tags ?? {},
      revision: 1,
      createdTime: now,
      lastUpdatedTime: now,
    };
    const named = await checkPortal(deps, principal, portal);
    const resources = named.map(({ arn, id }) => ({ arn, id }));
    await checkQuota(deps.portals, principal, deps.quotas, 'consentPortals');
    const configured = { ...portal, resources };
    await createResource(deps.portals, KIND, configured);
    return startVerification(deps, annotate, configured);
  });
}

/** Returns the portal. @param identifier its ID or its ARN @throws ResourceNotFoundException, AccessDeniedException */
export function getConsentPortal(
  deps: PortalDependencies,
  principal: Caller,
  identifier: string,
): Promise<ConsentPortal> {
  return audited(deps.audit, { operation: 'GetConsentPortal', principal }, async (annotate, call) => {
    annotate({ resource: arnOf(deps.arnPrefix, identifier) });
    return ownedPortal(deps, call, identifier);
  });
}

/** Returns the members that are given. */
function given(
  arnPrefix: string,
  {
    description,
    executionRoleArn,
    idpConfig,
    sources,
    branding,
    connections,
  }: Omit<UpdatePortalInput, 'consentPortalIdentifier'>,
) {
  return {
    ...(description !== undefined && { description }),
    ...(executionRoleArn !== undefined && { executionRoleArn }),
    ...(idpConfig && { idpConfig }),
    ...(sources && { sources: storedSources(sources, arnPrefix) }),
    ...(branding && { branding: Object.keys(branding).length > 0 ? branding : undefined }),
    ...(connections && { connections }),
  };
}

/** Returns the status that an update begins with; undefined if it needs no verification. */
function statusOfUpdate(
  { status, statusReason }: ConsentPortal,
  { idpConfig, sources, connections, acceptedResourceIds }: UpdatePortalInput,
): 'CREATING' | 'UPDATING' | undefined {
  const failed = status === 'FAILED' || status === 'UPDATE_FAILED';
  const warned = status === 'ACTIVE' && statusReason !== undefined;
  if (!failed && !warned && !idpConfig && !sources && !connections && !acceptedResourceIds) return undefined;
  return status === 'CREATING' ? status : 'UPDATING';
}

/**
 * Changes the given members. Omitted members stay. Given sign-in, sources, and connections are verified, as is every change
 * of a portal whose verification failed or ended with a warning.
 *
 * @throws ResourceNotFoundException, AccessDeniedException, ThrottlingException after a concurrent change; as `checkPortal`
 */
export function updateConsentPortal(
  deps: PortalDependencies,
  principal: Caller,
  input: UpdatePortalInput,
): Promise<ConsentPortal> {
  return audited(deps.audit, { operation: 'UpdateConsentPortal', principal }, async (annotate, call) => {
    const { consentPortalIdentifier: identifier } = input;
    annotate({ resource: arnOf(deps.arnPrefix, identifier) });
    const portal = await ownedPortal(deps, call, identifier);
    if (input.executionRoleArn !== undefined) checkExecutionRole(input.executionRoleArn, deps.arnPrefix);
    const change = given(deps.arnPrefix, input);
    annotate({ changed: changedMembers(portal, change) });
    const status = statusOfUpdate(portal, input);
    if (!status) return changeResource(deps.portals, deps.system, portal, change);
    const staysLeftOut = leftOutAfter(portal, input.acceptedResourceIds);
    const update = { before: portal, staysLeftOut };
    const named = await checkPortal(deps, principal, { ...portal, ...change }, update);
    const { resources, accepted } = resourcesAfter(portal, named, staysLeftOut);
    if (accepted.length > 0) annotate({ accepted: accepted.map(({ arn, id }) => `${arn} (${id})`) });
    const changed = await changeResource(deps.portals, deps.system, portal, {
      ...change,
      resources,
      status,
      statusReason: undefined,
      configurationRevision: portal.revision + 1,
    });
    return startVerification(deps, annotate, changed);
  });
}

/**
 * Deletes the portal and its pages. The connections that users made stay: they belong to the agents.
 *
 * @throws ResourceNotFoundException, AccessDeniedException, ThrottlingException after a concurrent change
 */
export function deleteConsentPortal(
  deps: PortalDependencies,
  principal: Caller,
  identifier: string,
): Promise<void> {
  return audited(deps.audit, { operation: 'DeleteConsentPortal', principal }, async (annotate, call) => {
    annotate({ resource: arnOf(deps.arnPrefix, identifier) });
    const portal = await ownedPortal(deps, call, identifier);
    if (await deps.portals.remove(portal)) return;
    // If the response to a write is lost, the SDK retries the write, which then finds nothing.
    if (await findPortal(deps.portals, portal.id)) throw changedConcurrently();
  });
}

/** Lists the caller's portals by name. @throws ValidationException for a token of another listing */
export function listConsentPortals(
  deps: PortalDependencies,
  principal: Caller,
  input: ListInput,
): Promise<Listed<ConsentPortal>> {
  return audited(deps.audit, { operation: 'ListConsentPortals', principal }, (_annotate, call) =>
    listOwned({ store: deps.portals, tokens: deps.pageTokens, most: PAGE }, call, input),
  );
}
