/** The token that a user granted to the agent: from the vault, or else the way to the user's consent. */
import { epochSeconds } from '../system';
import {
  beginConsent,
  openSealedRequest,
  outstanding,
  returnsToRegistered,
  type ConsentRequest,
} from '../consent/begin';
import { isOpen, scopesAtStake, sessionIdOf, type Session } from '../consent/session';
import { hashOf } from '../digest';
import { errorCode } from '../oauth/provider-failure';
import { accessDenied, invalidMember } from '../service-error';
import { covers, isRefreshable, type Grant } from '../grant/grant';
import { heldToken, type ReturnedToken } from '../grant/held-token';
import { usableTokens } from '../grant/renewal';
import type { Admitted, Answer, RetrieveDependencies } from './retrieval';
import { refreshTokenOf } from '../grant/token-sources';
import { tokensOf } from '../grant/tokens';

/** The stored token, refreshed when it must be; undefined when there is none that answers. */
async function storedToken(
  deps: RetrieveDependencies,
  { principal, input, identity, owner, grant, checkGrantedScopes }: Admitted,
): Promise<ReturnedToken | undefined> {
  const tokens = tokensOf(grant, owner.provider);
  if (!grant || !tokens || !covers(tokens, input.scopes)) return undefined;
  const now = epochSeconds(deps.system);
  const refreshable = isRefreshable(tokens, now);
  if (!refreshable && !usableTokens(grant, owner, now)) return undefined;
  const { resources, audiences } = owner;
  const ahead = {
    principal: principal.arn,
    workloadName: identity.name,
    providerName: owner.provider.name,
    flow: 'USER_FEDERATION' as const,
    scopes: tokens.scopes,
    resources,
    audiences,
  };
  return heldToken(deps, {
    owner,
    grant,
    scopes: input.scopes,
    source: refreshTokenOf(deps, owner),
    checkGrantedScopes,
    renewedAs: 'refreshed',
    ...(refreshable && { ahead }),
  });
}

/** The session that a poll names, if it is this grant's and was not overtaken by forceAuthentication. */
async function ownSession(
  deps: RetrieveDependencies,
  { input, owner, grant }: Admitted,
): Promise<Session | undefined> {
  const id = input.sessionUri === undefined ? undefined : sessionIdOf(input.sessionUri);
  const session = id === undefined ? undefined : await deps.sessions.get(hashOf(id));
  const { workloadId, subjectHash: user, target } = owner.grantId;
  const own =
    session?.workload.id === workloadId && session.subjectHash === user && session.target === target;
  return own && session.epoch === grant?.epoch ? session : undefined;
}

/** Why a grant that was there is no more, as its journal has it. */
function lossOf(grant: Grant | undefined): string | undefined {
  if (!grant?.lastFailure || grant.tokens) return undefined;
  const { code, lostAnswer } = grant.lastFailure;
  return `the refresh was refused: ${code}${lostAnswer ? ', after the answer to an earlier one was lost' : ''}`;
}

/** @throws ProviderFailure; ThrottlingException where asking again shortly will help; ValidationException for the return URL */
export async function userToken(deps: RetrieveDependencies, admitted: Admitted): Promise<Answer> {
  const { input, identity, owner, grant, consentDenial } = admitted;
  const polled = await ownSession(deps, admitted);
  const open =
    polled !== undefined &&
    isOpen(polled, epochSeconds(deps.system)) &&
    returnsToRegistered(identity, polled);
  // A poll for an open session is a poll, even one that repeats forceAuthentication: or it would never end.
  const force = input.forceAuthentication === true && !open;

  const stored = force ? undefined : await storedToken(deps, admitted);
  if (stored) return stored;
  if (open) {
    const sealed = await openSealedRequest(deps.seal, polled);
    // Whoever has the link can have the owner consent to all that it asks for.
    const denial = consentDenial(scopesAtStake(polled, sealed), sealed.customParameters);
    if (denial) throw accessDenied(denial.message, denial.detail);
    return { output: outstanding(deps.baseUrl, sealed.id), outcome: 'consent-required' };
  }
  if (input.sessionUri !== undefined && !force) {
    const failure = polled?.failure === undefined ? undefined : errorCode(polled.failure);
    return {
      output: { sessionUri: input.sessionUri, sessionStatus: 'FAILED' },
      outcome: 'consent-required',
      reason: failure === undefined ? 'the session ended' : `the session failed: ${failure}`,
      failure,
    };
  }
  if (owner.provider.clientId === '') {
    throw invalidMember(
      'oauth2Flow',
      `USER_FEDERATION needs a client that the user can be shown: the credential provider "${owner.provider.name}" has no clientId`,
    );
  }
  const request: ConsentRequest = {
    grantId: owner.grantId,
    identity,
    provider: owner.provider,
    scopes: input.scopes,
    resources: owner.resources,
    audiences: owner.audiences,
    returnUrl: input.resourceOauth2ReturnUrl,
    customState: input.customState,
    customParameters: input.customParameters,
    forget: force,
    consentDenial,
  };
  const output = await beginConsent(deps, grant, request);
  // A refusal that came just now is in the grant that is stored, not in the one that was read.
  const lost = lossOf(grant) ?? (grant?.tokens && lossOf(await deps.grants.get(owner.grantId)));
  return { output, outcome: 'consent-required', reason: lost };
}
