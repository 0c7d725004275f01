/** What listings say about a grant. It contains no token, and nothing from which one could be obtained. */
import { oauth2ProviderArn } from '../provider/oauth2-provider';
import { workloadIdentityArn } from '../identity/workload-identity';
import { NO_USER } from '../../model/user';
import { epochSeconds, type System } from '../system';
import { isFresh, isRefreshable, targetParts } from './grant';
import type { Grant, GrantTokens } from '../../model/records/grant';
import type { GrantDescription, GrantStatus } from '../../model/responses';
import type { Flow } from '../../model/flow';
import { encodeGrantId } from '../../model/grant-id';
import { isUnreadable, recordUnreadable, type FoundGrant, type UnreadableDependencies } from './unreadable';

/** Returns whether there is something to list: tokens, the failure by which they were lost, or a record that is not valid. */
export const isListed = (grant: FoundGrant): boolean =>
  isUnreadable(grant) || grant.tokens !== undefined || grant.lastFailure !== undefined;

/** Returns the state of the grant. @param now epoch seconds */
export function grantStatus(grant: Grant, flow: Flow, now: number): Exclude<GrantStatus, 'UNREADABLE'> {
  const { tokens, lastFailure, rejected, generation } = grant;
  if (lastFailure !== undefined && lastFailure.notBefore > now * 1000) return 'BACKING_OFF';
  if (tokens && isFresh(tokens, now) && rejected !== generation) return 'ACTIVE';
  // Neither client credentials nor a user token needs the user's consent.
  if (flow !== 'USER_FEDERATION') return 'RENEWABLE';
  return tokens && isRefreshable(tokens, now) ? 'RENEWABLE' : 'NEEDS_CONSENT';
}

const isLater = ({ obtainedAt }: GrantTokens, createdTime: number | undefined): boolean =>
  createdTime !== undefined && obtainedAt > createdTime;

/** Returns the descriptions of the grants that a listing shows, and records those that could not be read. */
export function listedIn(
  deps: UnreadableDependencies & { readonly system: System; readonly arnPrefix: string },
  grants: readonly FoundGrant[],
): readonly GrantDescription[] {
  recordUnreadable(deps, grants);
  return grants.filter(isListed).map((grant) => describeGrant(deps, grant));
}

/** Returns the description of a grant. */
export function describeGrant(
  { system, arnPrefix }: { readonly system: System; readonly arnPrefix: string },
  grant: FoundGrant,
): GrantDescription {
  const { flow, providerName } = targetParts(grant.target);
  const named = {
    grantId: encodeGrantId(grant),
    credentialProviderArn: oauth2ProviderArn(arnPrefix, providerName),
    ...(grant.userHash !== NO_USER && { userHash: grant.userHash }),
    flow,
  };
  if (isUnreadable(grant)) {
    return {
      ...named,
      scopes: [],
      resources: [],
      audiences: [],
      status: 'UNREADABLE',
      renewsAutomatically: false,
    };
  }
  const { workloadName, tokens, createdTime, lastUsedDate } = grant;
  const now = epochSeconds(system);
  return {
    ...named,
    workloadIdentityArn: workloadIdentityArn(arnPrefix, workloadName),
    scopes: tokens?.scopes ?? [],
    resources: grant.resources,
    audiences: grant.audiences,
    ...(createdTime !== undefined && { createdTime }),
    ...(tokens && isLater(tokens, createdTime) && { lastRefreshedTime: tokens.obtainedAt }),
    ...(lastUsedDate !== undefined && { lastUsedDate }),
    ...(tokens?.expiresAt !== undefined && { expiresAt: tokens.expiresAt }),
    status: grantStatus(grant, flow, now),
    renewsAutomatically: flow === 'M2M' || (tokens !== undefined && isRefreshable(tokens, now)),
  };
}
