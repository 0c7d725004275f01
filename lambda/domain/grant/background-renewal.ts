/**
 * Background renewal: in the last part of a token's lifetime, requests get the token immediately. The request that takes
 * the lease dispatches the renewal to a function that no request waits for.
 */
import { audited, type Annotate, type AuditTrail } from '../audit';
import { ProviderFailure } from '../oauth/provider-failure';
import { RestrictionDenial, restrictionDenial } from '../restriction/restriction';
import { KeyMaterialResetError } from '../sealing/sealing';
import { ERROR_STATUS, ServiceError } from '../service-error';
import { epochSeconds } from '../system';
import type { Grant } from '../../model/records/grant';
import type { RenewalRequest } from '../../model/events/provider-client';
import { deletionDuring } from './deletion-check';
import { isLongPast, LEASE } from './lease';
import { BeingRenewed, CONSENT_NEEDED, prepareWithLease, type RenewalDependencies } from './renewal';
import { backsOff } from './renewal-failure';
import {
  clientCredentialsOf,
  refreshTokenOf,
  type RequestHolder,
  type TokenSourceDependencies,
} from './token-sources';
import { detailsOf, grantEndDuringRenewal } from './tokens';

/** Dispatches a renewal and returns before it is done. */
export interface BackgroundRenewals {
  dispatch(request: RenewalRequest): Promise<void>;
}

export interface DispatchDependencies extends Pick<RenewalDependencies, 'grants' | 'system'> {
  readonly backgroundRenewals: BackgroundRenewals;
  readonly audit: AuditTrail;
}

/**
 * Dispatches the renewal of a grant, unless it is in progress or the provider is in back-off. A failure does not affect
 * the request, because the stored token is valid.
 *
 * @param grant as it was read, with its tokens
 */
export async function dispatchRenewal(
  deps: DispatchDependencies,
  tokenHolder: RequestHolder,
  grant: Grant,
  request: Omit<RenewalRequest, 'holder' | 'grantId'>,
): Promise<void> {
  const { system, grants } = deps;
  const { grantId } = tokenHolder;
  const now = system.now();
  if (backsOff(grant, tokenHolder.provider, now) || (grant.lease && !isLongPast(grant.lease, now))) return;
  const holder = system.randomUUID();
  try {
    const lease = { holder, deadline: now + LEASE };
    const endsAt = grantEndDuringRenewal(tokenHolder, grant, epochSeconds(system));
    const taken = {
      providerId: tokenHolder.provider.id,
      details: detailsOf(tokenHolder),
      seen: grant,
      lease,
      endsAt,
    };
    if (!(await grants.takeLease(grantId, taken))) return;
    try {
      await deps.backgroundRenewals.dispatch({ ...request, grantId, holder });
    } catch (error) {
      await grants.releaseLease(grantId, { holder, dropTokens: false });
      throw error;
    }
  } catch {
    const { principal, providerName: provider, flow } = request;
    const entry = {
      principal,
      workloadIdentity: tokenHolder.workloadArn,
      user: grantId.userHash,
      provider,
      credentialProvider: tokenHolder.provider.arn,
      flow,
    };
    const reason = 'the renewal could not be dispatched';
    deps.audit.record({ ...entry, operation: 'BackgroundRenewal', outcome: 'failed', reason });
  }
}

export interface BackgroundRenewalDependencies
  extends RenewalDependencies, Omit<TokenSourceDependencies, 'seal'> {
  readonly audit: AuditTrail;
}

/**
 * Performs a dispatched renewal, if the lease is still the one of the dispatch and neither the agent nor the user is
 * suspended.
 *
 * @throws Error if it fails unexpectedly. A provider's rejection is the last failure of the grant, and in the audit log. A
 *   client secret or a signing key that cannot be used is in the audit log
 */
export async function renewInBackground(
  deps: BackgroundRenewalDependencies,
  request: RenewalRequest,
): Promise<void> {
  const call = { operation: 'BackgroundRenewal', principal: { arn: request.principal } };
  try {
    await audited(deps.audit, call, (annotate) => performRenewal(deps, request, annotate));
  } catch (error) {
    // No request waits for the renewal, so a suspension is a denial in the audit log, and not an error.
    if (!(error instanceof RestrictionDenial)) throw error;
  }
}

/** Returns whether the owner of the client's credential must correct it. No one corrects what a retry can. */
const isForOwner = (error: unknown): error is ServiceError =>
  error instanceof ServiceError && error.type !== 'ThrottlingException' && ERROR_STATUS[error.type] < 500;

async function performRenewal(
  deps: BackgroundRenewalDependencies,
  request: RenewalRequest,
  annotate: Annotate,
): Promise<void> {
  const { workloadName, providerName, grantId, holder, flow, scopes, resources, audiences } = request;
  annotate({ provider: providerName, user: grantId.userHash, flow, scopes });
  const found = await deps.directory.read(workloadName, providerName, grantId.userHash, grantId);
  const { identity, provider, grant } = found;
  const overtaken = { reason: 'overtaken: the lease, the agent, or the provider has changed' };
  if (
    identity?.id !== grantId.workloadId ||
    provider?.id !== grant?.providerId ||
    !provider ||
    grant?.lease?.holder !== holder
  ) {
    annotate(overtaken);
    return;
  }
  annotate({ workloadIdentity: identity.arn, credentialProvider: provider.arn });
  const denial = restrictionDenial(found.restrictions);
  if (denial) {
    // After a resumption, the next request can renew the tokens immediately.
    await deps.grants.releaseLease(grantId, { holder, dropTokens: false });
    throw denial;
  }
  const tokenHolder = { grantId, provider, workloadArn: identity.arn, resources, audiences };
  const source =
    flow === 'M2M' ? clientCredentialsOf(deps, tokenHolder, scopes) : refreshTokenOf(deps, tokenHolder);
  try {
    const renewal = await prepareWithLease(deps, { tokenHolder, source, seen: grant }, { holder });
    const result = flow === 'M2M' ? 'exchanged' : 'refreshed';
    annotate({ result: renewal === CONSENT_NEEDED ? 'consent-required' : result });
  } catch (error) {
    if (error instanceof RestrictionDenial) throw error;
    if (error instanceof ProviderFailure) annotate({ result: error.outcome, reason: error.detail });
    // No request waits for the renewal, so neither a lost lease nor a deletion is an error.
    else if (error instanceof BeingRenewed || (await deletionDuring(deps, tokenHolder))) annotate(overtaken);
    // Nor are tokens that a reset of the token vault gave up.
    else if (error instanceof KeyMaterialResetError)
      annotate({ result: 'consent-required', reason: error.message });
    // Nor is a client's secret or signing key that its owner must correct. The next requests receive this error.
    else if (isForOwner(error))
      annotate({ result: 'credential-unusable', reason: error.detail ?? error.message });
    else throw error;
  }
}
