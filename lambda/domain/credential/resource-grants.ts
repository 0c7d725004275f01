/**
 * ListResourceGrants returns what an agent holds for the user of its workload access token, so that an application can
 * show it to the user.
 */
import { audited, type AuditTrail } from '../audit';
import { describeGrant, isListed, type GrantDescription } from '../grant/description';
import type { Directory } from '../grant/directory';
import type { GrantIndex } from '../grant/selection';
import { subjectHash } from '../identity/user';
import { workloadGone } from '../identity/workload-identity';
import type { Caller } from '../principal';
import { authorizeAction } from '../policy/access';
import { checkRestrictions } from '../restriction/restriction';
import { verifyWorkloadAccessToken, type VerifyDependencies } from '../workload-token/verify';
import type { Delegation } from '../workload-token/claims';

export interface ResourceGrantsDependencies extends VerifyDependencies {
  readonly directory: Pick<Directory, 'readIdentity'>;
  readonly grantIndex: Pick<GrantIndex, 'ofAgentAndUser'>;
  readonly audit: AuditTrail;
  readonly arnPrefix: string;
}

/** An operation on the grants of an agent for a user. */
export interface ResourceGrantsCall {
  readonly operation: 'ListResourceGrants' | 'RevokeResourceGrant';
  readonly principal: Caller;
}

/**
 * Admits the caller, and returns the agent and the user.
 *
 * @throws UnauthorizedException for the token, a deleted agent, or an ended session of the user; AccessDeniedException if the caller has no access to the
 *   workload identity, or the agent or the user is suspended
 */
export async function admitToGrants(
  directory: Pick<Directory, 'readIdentity'>,
  call: ResourceGrantsCall,
  { workload, user, userToken }: Delegation,
): Promise<{ readonly workloadId: string; readonly subjectHash: string }> {
  const holder = subjectHash(user);
  const { identity, restrictions } = await directory.readIdentity(workload.name, holder);
  if (identity?.id !== workload.id) throw workloadGone();
  authorizeAction({ ...call, resource: identity });
  checkRestrictions(restrictions, userToken);
  return { workloadId: workload.id, subjectHash: holder };
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
    const delegation = await verifyWorkloadAccessToken(deps, workloadIdentityToken);
    annotate({
      jti: delegation.tokenId,
      workloadIdentity: delegation.workload.arn,
      user: subjectHash(delegation.user),
    });
    const holder = await admitToGrants(deps.directory, call, delegation);
    const grants = await deps.grantIndex.ofAgentAndUser(holder.workloadId, holder.subjectHash);
    return grants.filter(isListed).map((grant) => describeGrant(deps, grant));
  });
}
