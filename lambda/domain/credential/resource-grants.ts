/**
 * What an agent holds for the user of its workload access token: ListResourceGrants returns it, so that an application can
 * show it to the user, and RevokeResourceGrant revokes one of these grants.
 */
import { audited, type Annotate } from '../audit';
import type { BegunRevocation, GrantDescription } from '../../model/responses';
import { listedIn } from '../grant/description';
import { decodeGrantId, encodeGrantId } from '../../model/grant-id';
import { grantIdMember } from '../grant/grant-filter';
import { targetsOf } from '../grant/grant';
import { FLOWS } from '../../model/flow';
import type { Directory } from '../grant/directory';
import { isRevocable, pagesOf, type GrantHolder, type GrantIndex } from '../grant/selection';
import type { UnreadableDependencies } from '../grant/unreadable';
import { userHashOf } from '../../model/user';
import { workloadGone } from '../identity/workload-identity';
import type { Caller } from '../principal';
import { authorizeAction, chainContext } from '../policy/access';
import { invalidPageToken, isPageFull } from '../pagination';
import type { ListInput } from '../../model/request-values';
import { beginRevocation, type BeginRevocationDependencies } from '../revocation/begin';
import type { RevocationFilter } from '../../model/records/revocation-outbox';
import { invalidMember, ServiceError } from '../service-error';
import { checkRestrictions } from '../restriction/restriction';
import { delegationEntry } from '../workload-token/audit';
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
  annotate(delegationEntry(delegation));
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
  { workload, chain, user, userToken }: Delegation,
): Promise<{ readonly workloadId: string; readonly userHash: string }> {
  const userHash = userHashOf(user);
  const { identity, restrictions } = await directory.readIdentity(workload.name, userHash, chain);
  if (identity?.id !== workload.id) throw workloadGone();
  authorizeAction({ ...call, resource: identity, context: chainContext(chain) });
  checkRestrictions(restrictions, userToken);
  return { workloadId: workload.id, userHash };
}

/** Grants on a page if the caller does not set `maxResults`. */
const PAGE = 100;

/** Records to read for one page: a page can be short if the user has given no consent for many of them. */
const MAX_READ = 500;

/** Records that a read counts for at least, so that a page of one grant takes few reads. */
const MIN_READ = 25;

/**
 * Returns the target of the grant that a page token names. It needs no seal: it is the ID of a grant, and opens only the
 * listing of the same agent and user.
 *
 * @throws ValidationException for any other text
 */
function targetBefore(nextToken: string, { workloadId, userHash }: GrantHolder): string {
  const last = decodeGrantId(nextToken);
  if (last?.workloadId !== workloadId || last.userHash !== userHash) throw invalidPageToken();
  return last.target;
}

/**
 * Returns a page of the grants of the token's agent for the token's user; for a token without a user, of the agent's own.
 * It can be short, or empty, before the last page.
 *
 * @param principal the caller; must have access to the workload identity that the token names
 * @throws UnauthorizedException, AccessDeniedException; ValidationException for a page token of another listing
 */
export function listResourceGrants(
  deps: ResourceGrantsDependencies,
  principal: Caller,
  workloadIdentityToken: string,
  { maxResults = PAGE, nextToken }: ListInput,
): Promise<{ readonly grants: readonly GrantDescription[]; readonly nextToken?: string }> {
  const call = { operation: 'ListResourceGrants', principal } as const;
  return audited(deps.audit, call, async (annotate) => {
    const delegation = await verifiedDelegation(deps, workloadIdentityToken, annotate);
    const holder = await admitToGrants(deps.directory, call, delegation);
    let afterTarget = nextToken === undefined ? undefined : targetBefore(nextToken, holder);
    const grants: GrantDescription[] = [];
    let read = 0;
    do {
      const limit = maxResults - grants.length;
      const page = await deps.grantIndex.ofAgentAndUser(holder, { afterTarget, limit });
      grants.push(...listedIn(deps, page.grants));
      afterTarget = page.next === undefined ? undefined : page.grants.at(-1)?.target;
      read += Math.max(limit, MIN_READ);
    } while (afterTarget !== undefined && !isPageFull(grants, maxResults) && read < MAX_READ);
    return {
      grants,
      ...(afterTarget !== undefined && { nextToken: encodeGrantId({ ...holder, target: afterTarget }) }),
    };
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
 * Returns whether there is a grant to revoke whose target begins with one of these texts. A record that is not valid might
 * be one: its revocation is in progress until the record can be read, as that of an operator is.
 */
async function holdsRevocable(
  index: Pick<GrantIndex, 'ofAgentAndUser'>,
  holder: GrantHolder,
  targets: readonly string[],
): Promise<boolean> {
  for (const each of targets) {
    for await (const grants of pagesOf(index, { ...holder, targets: each })) {
      if (grants.some(isRevocable)) return true;
    }
  }
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
