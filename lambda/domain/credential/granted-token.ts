/** The access token that a user granted to the agent: from the token vault, or by the user's consent. */
import { epochSeconds } from '../system';
import {
  beginConsent,
  consentDenial,
  fulfills,
  type BeginDependencies,
  openSealedRequest,
  outstanding,
  type ConsentRequest,
} from '../consent/begin';
import { isOpen, sessionIdOf } from '../consent/session';
import type { Session } from '../../model/records/consent-session';
import { hashOf } from '../digest';
import { storedCode } from '../oauth/provider-failure';
import { accessDenied, invalidMember } from '../service-error';
import { covers, isRefreshable } from '../grant/grant';
import type { Grant } from '../../model/records/grant';
import { heldToken, type HeldTokenDependencies, type ReturnedToken } from '../grant/held-token';
import { backgroundRenewalOf, type Admitted, type RetrieveResponse } from './oauth2-token-request';
import { refreshTokenOf, type TokenSourceDependencies } from '../grant/token-sources';
import { tokensOf } from '../grant/tokens';

export type GrantedTokenDependencies = BeginDependencies & HeldTokenDependencies & TokenSourceDependencies;

/** Returns the stored token, refreshed if necessary; undefined if no stored token covers the request. */
export async function storedToken(
  deps: HeldTokenDependencies & TokenSourceDependencies,
  admitted: Admitted,
): Promise<ReturnedToken | undefined> {
  const { input, tokenHolder, grant, use, annotate } = admitted;
  const tokens = tokensOf(grant, tokenHolder.provider);
  if (!grant || !tokens || !covers(tokens, input.scopes)) return undefined;
  return heldToken(deps, {
    tokenHolder,
    grant,
    scopes: input.scopes,
    use,
    annotate,
    renewedAs: 'refreshed',
    ...(isRefreshable(tokens, epochSeconds(deps.system)) && {
      source: refreshTokenOf(deps, tokenHolder),
      backgroundRenewal: backgroundRenewalOf(admitted, 'USER_FEDERATION', tokens.scopes),
    }),
  });
}

/** Returns the session that a poll names, if it belongs to this grant and no later forceAuthentication replaced it. */
async function ownSession(
  { sessions }: Pick<BeginDependencies, 'sessions'>,
  { input, tokenHolder, grant }: Admitted,
): Promise<Session | undefined> {
  const id = input.sessionUri === undefined ? undefined : sessionIdOf(input.sessionUri);
  const session = id === undefined ? undefined : await sessions.get(hashOf(id));
  const { workloadId, userHash: user, target } = tokenHolder.grantId;
  const own = session?.workload.id === workloadId && session.userHash === user && session.target === target;
  return own && session.epoch === grant?.epoch ? session : undefined;
}

/** Returns why a grant lost its tokens, from its last failure. */
function lossOf(grant: Grant | undefined): string | undefined {
  if (!grant?.lastFailure || grant.tokens) return undefined;
  const { code, lostResponse } = grant.lastFailure;
  return `the refresh was rejected: ${code}${lostResponse ? ', after the response to an earlier one was lost' : ''}`;
}

/**
 * Returns the stored token or the consent that is outstanding.
 *
 * @throws ProviderFailure; ThrottlingException if an immediate retry can succeed; ValidationException for the return URL
 */
export async function grantedToken(
  deps: GrantedTokenDependencies,
  admitted: Admitted,
): Promise<RetrieveResponse> {
  const { input, identity, tokenHolder, grant, use } = admitted;
  const polled = await ownSession(deps, admitted);
  const open =
    polled !== undefined &&
    isOpen(polled, epochSeconds(deps.system)) &&
    (await deps.returnUrls.isRegistered(identity, polled.returnUrl));
  const { sessionUri, forceAuthentication = false } = input;
  // After the consent of forceAuthentication, this token is the new one. Any other token can be the old one: it is dropped
  // only when the session begins.
  const current = polled?.state === 'COMPLETED' || (open && polled.forceAuthentication === true);

  const stored = forceAuthentication && !current ? undefined : await storedToken(deps, admitted);
  if (stored) return stored;
  if (open) {
    const sealed = await openSealedRequest(deps.seal, polled);
    // A caller with the link can have the user consent to all of its scopes.
    const denial = consentDenial(admitted, polled, sealed);
    if (denial) throw accessDenied(denial.message, denial.detail);
    const { scopes, resourceOauth2ReturnUrl: returnUrl, customState, customParameters } = input;
    const repeats = fulfills(polled, sealed, { scopes, returnUrl, customState, customParameters });
    return { output: outstanding(deps.baseUrl, sealed.id), outcome: 'consent-required', repeats };
  }
  // A request with a session URI is a poll, which starts no session, even if it repeats forceAuthentication. Otherwise, each
  // poll would drop the consent before it, and polling would never end.
  if (sessionUri !== undefined) {
    const failure = polled?.failure === undefined ? undefined : storedCode(polled.failure);
    return {
      output: { sessionUri, sessionStatus: 'FAILED' },
      outcome: 'consent-required',
      reason: failure === undefined ? 'the session ended' : `the session failed: ${failure}`,
      failure,
    };
  }
  if (tokenHolder.provider.clientId === '') {
    throw invalidMember(
      'oauth2Flow',
      `USER_FEDERATION requires a client ID, but the credential provider "${tokenHolder.provider.name}" has no clientId`,
    );
  }
  const request: ConsentRequest = {
    grantId: tokenHolder.grantId,
    identity,
    provider: tokenHolder.provider,
    scopes: input.scopes,
    resources: tokenHolder.resources,
    audiences: tokenHolder.audiences,
    returnUrl: input.resourceOauth2ReturnUrl,
    customState: input.customState,
    customParameters: input.customParameters,
    forceAuthentication,
    use,
  };
  const output = await beginConsent(deps, grant, request);
  // A rejection during this request is in the stored grant, not in the grant that was read.
  const lost = lossOf(grant) ?? (grant?.tokens && lossOf(await deps.grants.get(tokenHolder.grantId)));
  return { output, outcome: 'consent-required', reason: lost };
}
