/** What listings say about a grant. It contains no token, and nothing from which one could be obtained. */
import { oauth2ProviderArn } from '../provider/oauth2-provider';
import { workloadIdentityArn } from '../identity/workload-identity';
import { NO_USER } from '../../model/user';
import { epochSeconds, type System } from '../system';
import { isFresh, isRefreshable, targetParts } from './grant';
import type { Grant, GrantTokens } from '../../model/records/grant';
import type { GrantDescription, GrantStatus } from '../../model/descriptions';
import type { Flow } from '../../model/flow';
import { encodeGrantId } from '../../model/grant-id';
import type { FoundGrants } from './selection';
import { recordUnreadable, type UnreadableDependencies, type UnreadableGrant } from './unreadable';

/** Returns what the key of a grant says, whose record is not valid. */
function describeUnreadable(
  { arnPrefix }: { readonly arnPrefix: string },
  { grantId }: UnreadableGrant,
): GrantDescription {
  const { flow, providerName } = targetParts(grantId.target);
  return {
    grantId: encodeGrantId(grantId),
    credentialProviderArn: oauth2ProviderArn(arnPrefix, providerName),
    ...(grantId.userHash !== NO_USER && { userHash: grantId.userHash }),
    flow,
    scopes: [],
    resources: [],
    audiences: [],
    status: 'UNREADABLE',
  };
}

/** Returns whether there is something to list: tokens, or the failure by which they were lost. */
export const isListed = ({ tokens, lastFailure }: Grant): boolean =>
  tokens !== undefined || lastFailure !== undefined;

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
  { grants, unreadable = [] }: FoundGrants,
): readonly GrantDescription[] {
  recordUnreadable(deps, unreadable);
  return [
    ...grants.filter(isListed).map((grant) => describeGrant(deps, grant)),
    ...unreadable.map((each) => describeUnreadable(deps, each)),
  ];
}

/** Returns the description of a grant. */
export function describeGrant(
  { system, arnPrefix }: { readonly system: System; readonly arnPrefix: string },
  grant: Grant,
): GrantDescription {
  const { flow, providerName } = targetParts(grant.target);
  const { workloadName, tokens, userHash, createdTime, lastUsedDate } = grant;
  return {
    grantId: encodeGrantId(grant),
    workloadIdentityArn: workloadIdentityArn(arnPrefix, workloadName),
    credentialProviderArn: oauth2ProviderArn(arnPrefix, providerName),
    ...(userHash !== NO_USER && { userHash }),
    flow,
    scopes: tokens?.scopes ?? [],
    resources: grant.resources,
    audiences: grant.audiences,
    ...(createdTime !== undefined && { createdTime }),
    ...(tokens && isLater(tokens, createdTime) && { lastRefreshedTime: tokens.obtainedAt }),
    ...(lastUsedDate !== undefined && { lastUsedDate }),
    ...(tokens?.expiresAt !== undefined && { expiresAt: tokens.expiresAt }),
    status: grantStatus(grant, flow, epochSeconds(system)),
  };
}
