/** Returns a stored token while it is valid and renews it when necessary, for every flow. */
import type { Annotate } from '../audit';
import { authorizeCredentialUse, type EvaluatedUse } from '../policy/access';
import { epochSeconds, utcDate } from '../system';
import { dpopProof, type ProofKeys, type ProvenRequest } from '../oauth/dpop';
import type { DpopKey } from '../../model/dpop-key';
import { ServiceError, type Outcome } from '../service-error';
import { inSoftWindow, scopesHeld } from './grant';
import type { Grant } from '../../model/records/grant';
import { markRejected } from './rejected-token';
import {
  CONSENT_NEEDED,
  usableTokens,
  renewTokens,
  type RenewalDependencies,
  type TokenSource,
} from './renewal';
import type { RenewalRequest } from '../../model/events/provider-client';
import { dispatchRenewal, type DispatchDependencies } from './background-renewal';
import type { RequestHolder } from './token-sources';
import { openTokens } from './tokens';

export type HeldTokenDependencies = RenewalDependencies & DispatchDependencies;

/** A token for the caller, and how it was obtained. */
export interface ReturnedToken {
  readonly output: {
    readonly accessToken: string;
    /** Present only if the token is bound to a key (RFC 9449); otherwise, it is a bearer token. */
    readonly tokenType?: 'DPoP';
    /** The granted scopes; present only if they are fewer than the requested ones. */
    readonly grantedScopes?: readonly string[];
  };
  readonly outcome: Outcome;
  /** Returns a DPoP proof for one request with this token; present only if the token is bound to a key. */
  readonly prove?: (request: ProvenRequest, proofKeys: ProofKeys) => string;
}

export interface Holding {
  readonly tokenHolder: RequestHolder;
  readonly grant: Grant | undefined;
  /** The scopes of this request. */
  readonly scopes: readonly string[];
  /** Absent if there is nothing to renew the token with. */
  readonly source?: TokenSource | undefined;
  /** The use that the provider's policy allows; undefined only for a token that no caller gets. */
  readonly use: EvaluatedUse | undefined;
  /** Receives the granted scopes that are evaluated. */
  readonly annotate: Annotate;
  /** How this source obtains a token. */
  readonly renewedAs: 'refreshed' | 'exchanged';
  /** The request for background renewal; absent for a source that is available only now. */
  readonly backgroundRenewal?: Omit<RenewalRequest, 'holder' | 'grantId'>;
}

/**
 * Evaluates the policy again for the scopes that a token has: a provider can grant more than was requested. The audit
 * entry contains the granted scopes, even if the token is not returned.
 *
 * @param granted the granted scopes
 * @param held also the requested scopes, which can be granted without being returned
 * @throws AccessDeniedException if the policy allows the request but not this token
 */
function checkGrantedScopes(
  { use, annotate }: Pick<Holding, 'use' | 'annotate'>,
  granted: readonly string[],
  held: readonly string[] = granted,
): void {
  if (!use) return;
  annotate({ grantedScopes: granted });
  const evaluated = new Set(use.scopes);
  const others = held.filter((scope) => !evaluated.has(scope));
  if (others.length > 0) authorizeCredentialUse({ ...use, scopes: [...use.scopes, ...others] });
}

/**
 * Records the day on which a token was returned, with at most one write a day. The date informs people, so a failed
 * write must not fail the request.
 */
async function markUsed(
  { grants, system }: HeldTokenDependencies,
  { grantId, provider }: RequestHolder,
  grant: Grant | undefined,
): Promise<void> {
  const date = utcDate(system);
  if (grant?.lastUsedDate === date) return;
  await grants.markUsed(grantId, { providerId: provider.id, date }).catch(() => false);
}

/** Returns a narrower grant with its scopes, without a new consent: the provider has decided (RFC 6749 section 3.3). */
function returned(
  { system }: HeldTokenDependencies,
  { accessToken, dpopKey }: { readonly accessToken: string; readonly dpopKey?: DpopKey | undefined },
  granted: readonly string[],
  requestedScopes: readonly string[],
  outcome: Outcome,
): ReturnedToken {
  const output = { accessToken, ...(dpopKey && { tokenType: 'DPoP' as const }) };
  const prove: ReturnedToken['prove'] =
    dpopKey && ((request, proofKeys) => dpopProof({ system, proofKeys }, dpopKey, accessToken, request));
  const token = requestedScopes.every((scope) => granted.includes(scope))
    ? { output, outcome }
    : { output: { ...output, grantedScopes: granted }, outcome: 'scope-gap' as const };
  return { ...token, ...(prove && { prove }) };
}

/**
 * Returns the token; undefined if it is not usable and there is no source, or if the provider rejected the renewal
 * permanently: then the user must consent again.
 *
 * @throws ProviderFailure; ThrottlingException if an immediate retry can succeed; AccessDeniedException for a token
 *   whose scopes the provider's policy does not allow
 */
export async function heldToken(
  deps: HeldTokenDependencies,
  holding: Holding,
): Promise<ReturnedToken | undefined> {
  const { tokenHolder, grant, scopes, source, renewedAs, backgroundRenewal } = holding;
  const now = epochSeconds(deps.system);
  const tokens = usableTokens(grant, tokenHolder, now);
  if (grant && tokens) {
    if (backgroundRenewal && inSoftWindow(tokens, now))
      await dispatchRenewal(deps, tokenHolder, grant, backgroundRenewal);
    checkGrantedScopes(holding, tokens.scopes, scopesHeld(tokens));
    const opened = await openTokens(deps.seal, tokenHolder, tokens);
    await markUsed(deps, tokenHolder, grant);
    return returned(deps, opened, tokens.scopes, scopes, 'cached');
  }
  if (!source) return undefined;
  const fresh = await renewTokens(deps, { tokenHolder, source, seen: grant });
  if (fresh === CONSENT_NEEDED) return undefined;
  checkGrantedScopes(holding, fresh.scopes, fresh.held);
  await markUsed(deps, tokenHolder, grant);
  return returned(deps, fresh, fresh.scopes, scopes, renewedAs);
}

/**
 * Returns a token that needs no consent: its source is available.
 *
 * @param holding.forceAuthentication marks the stored token as rejected, so that it is never returned again; no user can
 *   sign in again
 * @throws ProviderFailure; ThrottlingException if a retry can succeed, or can return the error for a deleted resource
 */
export async function exchangedToken(
  deps: HeldTokenDependencies,
  { forceAuthentication, ...holding }: Omit<Holding, 'renewedAs'> & { readonly forceAuthentication: boolean },
): Promise<ReturnedToken> {
  const { tokenHolder, grant } = holding;
  const held = forceAuthentication ? await markRejected(deps, tokenHolder, grant) : grant;
  const response = await heldToken(deps, { ...holding, grant: held, renewedAs: 'exchanged' });
  if (response) return response;
  // The grant expired and was deleted during the renewal.
  throw new ServiceError('ThrottlingException', 'The token was deleted during the request. Try again.');
}
