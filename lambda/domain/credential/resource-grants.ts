/**
 * What an agent holds for the user of its workload access token: ListResourceGrants returns it, so that an application can
 * show it to the user, and RevokeResourceGrant revokes one of these grants.
 */
import { audited, type Annotate } from '../audit';
import { listedIn, type GrantDescription } from '../grant/description';
import { grantIdMember } from '../grant/grant-id';
import { FLOWS, targetsOf } from '../grant/grant';
import type { Directory } from '../grant/directory';
import { isRevocable, pagesOf, type GrantHolder, type GrantIndex } from '../grant/selection';
import type { UnreadableDependencies, UnreadableGrant } from '../grant/unreadable';
import { userHashOf } from '../identity/user';
import { workloadGone } from '../identity/workload-identity';
import type { Caller } from '../principal';
import { authorizeAction } from '../policy/access';
import { beginRevocation, type BeginRevocationDependencies, type BegunRevocation } from '../revocation/begin';
import type { RevocationFilter } from '../revocation/revocation';
import { invalidMember, ServiceError } from '../service-error';
import { checkRestrictions } from '../restriction/restriction';
import { verifyWorkloadAccessToken, type VerifyDependencies } from '../workload-token/verify';
import type { Delegation } from '../workload-token/claims';

export interface ResourceGrantsDependencies extends VerifyDependencies, UnreadableDependencies {
  readonly directory: Pick<Directory, 'readIdentity'>;
  readonly grantIndex: Pick<GrantIndex, 'ofAgentAndUser'>;
  readonly arnPrefix: string;
}

/** An operation on the grants of an agent for a user. */
export interface ResourceGrantsCall {
  readonly operation: 'ListResourceGrants' | 'RevokeResourceGrant';
  readonly principal: Caller;
}

/** Returns the agent and the user of a token, which become part of the audit entry. @throws UnauthorizedException */
async function verifiedDelegation(
  deps: VerifyDependencies,
  workloadIdentityToken: string,
  annotate: Annotate,
): Promise<Delegation> {
  const delegation = await verifyWorkloadAccessToken(deps, workloadIdentityToken);
  annotate({
    jti: delegation.tokenId,
    workloadIdentity: delegation.workload.arn,
    user: userHashOf(delegation.user),
  });
  return delegation;
}

/**
 * Admits the caller, and returns the agent and the user.
 *
 * @throws UnauthorizedException for the token, a deleted agent, or an ended session of the user; AccessDeniedException
 *   if the caller has no access to the workload identity, or the agent or the user is suspended
 */
async function admitToGrants(
  directory: Pick<Directory, 'readIdentity'>,
  call: ResourceGrantsCall,
  { workload, user, userToken }: Delegation,
): Promise<{ readonly workloadId: string; readonly userHash: string }> {
  const userHash = userHashOf(user);
  const { identity, restrictions } = await directory.readIdentity(workload.name, userHash);
  if (identity?.id !== workload.id) throw workloadGone();
  authorizeAction({ ...call, resource: identity });
  checkRestrictions(restrictions, userToken);
  return { workloadId: workload.id, userHash };
}

/**
 * Returns the grants of the token's agent for the token's user; for a token without a user, the agent's own.
 *
 * @param principal the caller; must have access to the workload identity that the token names
 * @throws UnauthorizedException, AccessDeniedException
 */
export function listResourceGrants(
  deps: ResourceGrantsDependencies,
  principal: Caller,
  workloadIdentityToken: string,
): Promise<readonly GrantDescription[]> {
  const call = { operation: 'ListResourceGrants', principal } as const;
  return audited(deps.audit, call, async (annotate) => {
    const delegation = await verifiedDelegation(deps, workloadIdentityToken, annotate);
    const holder = await admitToGrants(deps.directory, call, delegation);
    const grants: GrantDescription[] = [];
    for await (const page of pagesOf(deps.grantIndex, holder)) {
      grants.push(...listedIn(deps, page));
    }
    return grants;
  });
}

export type RevokeResourceGrantDependencies = ResourceGrantsDependencies & BeginRevocationDependencies;

/** One grant by its ID, or the grants at one provider. */
export interface ResourceGrantSelector {
  readonly grantId?: string | undefined;
  readonly resourceCredentialProviderName?: string | undefined;
}

const noSuchGrant = (): ServiceError =>
  new ServiceError(
    'ResourceNotFoundException',
    'This agent has no such grant for the user. List its grants with ListResourceGrants.',
  );

/**
 * Returns whether there is a grant to revoke whose target begins with one of these texts. A record that is not valid keeps
 * no other grant from its revocation.
 *
 * @throws the error of a record that is not valid if there is no such grant
 */
async function holdsRevocable(
  index: Pick<GrantIndex, 'ofAgentAndUser'>,
  holder: GrantHolder,
  targets: readonly string[],
): Promise<boolean> {
  const unreadable: UnreadableGrant[] = [];
  for (const each of targets) {
    for await (const page of pagesOf(index, { ...holder, targets: each })) {
      if (page.grants.some(isRevocable)) return true;
      unreadable.push(...(page.unreadable ?? []));
    }
  }
  const [first] = unreadable;
  if (first) throw first;
  return false;
}

/**
 * Revokes grants of the token's agent for the token's user. When it returns, no read returns their tokens any more.
 *
 * @param principal the caller; must have access to the workload identity that the token names
 * @throws UnauthorizedException, AccessDeniedException; ResourceNotFoundException if there is no such grant;
 *   ValidationException unless exactly one of the two is given
 */
export function revokeResourceGrant(
  deps: RevokeResourceGrantDependencies,
  principal: Caller,
  workloadIdentityToken: string,
  { grantId: text, resourceCredentialProviderName: providerName }: ResourceGrantSelector,
): Promise<Omit<BegunRevocation, 'matched'>> {
  const call = { operation: 'RevokeResourceGrant', principal } as const;
  return audited(deps.audit, call, async (annotate) => {
    const delegation = await verifiedDelegation(deps, workloadIdentityToken, annotate);
    annotate({ ...(providerName !== undefined && { provider: providerName }) });
    if ((text === undefined) === (providerName === undefined)) {
      throw invalidMember('grantId', 'must be set if and only if resourceCredentialProviderName is omitted');
    }
    const grantId = text === undefined ? undefined : grantIdMember(text);
    const holder = await admitToGrants(deps.directory, call, delegation);
    const isOwn =
      !grantId || (grantId.workloadId === holder.workloadId && grantId.userHash === holder.userHash);
    const targets = grantId ? [grantId.target] : FLOWS.map((flow) => targetsOf(flow, providerName));
    // A grant that was revoked before has nothing left, and gets no other revocation.
    if (!isOwn || !(await holdsRevocable(deps.grantIndex, holder, targets))) throw noSuchGrant();
    const filter: RevocationFilter = grantId ? { grantId } : { ...holder, providerName };
    const { revocationId, status, reach } = await beginRevocation(deps, {
      requestedBy: principal.arn,
      cause: 'agent',
      filter,
    });
    annotate({ result: revocationId });
    return { revocationId, status, ...(reach !== undefined && { reach }) };
  });
}
