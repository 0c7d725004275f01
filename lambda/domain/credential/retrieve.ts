/**
 * GetResourceOauth2Token: the credential that this user granted to this agent; from the vault, refreshed, or
 * by a consent link when there is none. Or the agent's own, by client credentials. Or one that the user's own token
 * is exchanged for. And the same for who says that the resource did not take the token: RejectResourceOauth2Token.
 */
import { audited, type AuditEntry, type Annotate } from '../audit';
import { scopesInCustomParameters } from '../oauth/custom-parameters';
import { ProviderFailure } from '../oauth/provider-failure';
import type { Caller } from '../principal';
import { checkProviderOwnerTrust } from '../identity/trusted-provider-owner';
import { subjectHash } from '../identity/user';
import { authorizeCredentialUse, credentialUseDenial } from '../policy/access';
import { invalidMember, ServiceError } from '../service-error';
import type { Delegation } from '../workload-token/claims';
import type { CarriedToken } from '../workload-token/subject-token';
import { verifyWorkloadAccessToken } from '../workload-token/verify';
import { admit } from './admission';
import { stopIfDeleted } from '../grant/deletion-check';
import { grantTarget, scopesHeld, type ExchangedFor, type Grant, type GrantId } from '../grant/grant';
import { machineToken } from './machine-token';
import { carriedTokenOf, onBehalfOfToken } from './on-behalf-of';
import { markIfRejected } from '../grant/rejected-token';
import type { Admitted, Answer, RetrieveInput, RetrieveDependencies } from './retrieval';
import type { RequestOwner } from '../grant/token-sources';
import { userToken } from './user-token';

/** Characters of scopes, resources and audiences in all: they go into a URL, and into records with bounds of their own. */
const MAX_NARROWING_CHARACTERS = 32_768;

/** @param carried the user's own token, for the flow that exchanges it */
function grantIdOf(
  input: RetrieveInput,
  { workload, user }: Delegation,
  carried: CarriedToken | undefined,
): GrantId {
  const { oauth2Flow: flow, resourceCredentialProviderName: providerName, scopes } = input;
  if (flow === 'USER_FEDERATION' && !user) {
    throw invalidMember(
      'workloadIdentityToken',
      'names no user; for USER_FEDERATION get one with GetWorkloadAccessTokenForJWT or …ForUserId',
    );
  }
  const narrowed = { resources: input.resources ?? [], audiences: input.audiences ?? [], scopes };
  if (JSON.stringify(narrowed).length > MAX_NARROWING_CHARACTERS) {
    throw invalidMember(
      'scopes',
      `with resources and audiences must have at most ${MAX_NARROWING_CHARACTERS} characters in all`,
    );
  }
  return {
    workloadId: workload.id,
    subjectHash: subjectHash(flow === 'M2M' ? undefined : user),
    target: grantTarget({
      flow,
      providerName,
      ...narrowed,
      exchanged: carried && exchangedFor(carried, input),
    }),
  };
}

const exchangedFor = (
  { hash: subjectTokenHash }: CarriedToken,
  { customParameters = {} }: RetrieveInput,
): ExchangedFor => ({ subjectTokenHash, customParameters });

/**
 * The scopes that a provider's policy is asked about. A stored token is handed out with all of its scopes, and
 * consent is asked for the union: so they count whichever are asked for, unless this request forgets them.
 */
function scopesAtStake(
  { scopes, sessionUri, forceAuthentication }: RetrieveInput,
  stored: Grant['tokens'],
): readonly string[] {
  if (!stored || (forceAuthentication && sessionUri === undefined)) return scopes;
  return [...new Set([...scopes, ...scopesHeld(stored)])];
}

async function admitRequest(
  deps: RetrieveDependencies,
  { principal, input, delegation }: Pick<Admitted, 'principal' | 'input' | 'delegation'>,
  annotate: Annotate,
): Promise<Admitted> {
  const carried = input.oauth2Flow === 'ON_BEHALF_OF_TOKEN_EXCHANGE' ? carriedTokenOf(delegation) : undefined;
  const grantId = grantIdOf(input, delegation, carried);
  const { workload } = delegation;
  const providerName = input.resourceCredentialProviderName;
  const { grant, ...found } = await deps.directory.read(workload.name, providerName, grantId);
  const scopes = scopesAtStake(input, grant?.tokens);
  const { customParameters } = input;
  const asked = { principal, operation: 'GetResourceOauth2Token', customParameters } as const;
  const { identity, provider } = admit({ ...asked, providerName, scopes, annotate }, workload, found);
  if (carried) checkProviderOwnerTrust(identity, provider, principal);
  const owner: RequestOwner = {
    grantId,
    provider,
    workloadArn: identity.arn,
    resources: input.resources ?? [],
    audiences: input.audiences ?? [],
    endsAt: carried?.expiresAt,
  };
  const checkGrantedScopes: Admitted['checkGrantedScopes'] = (granted, held = granted) => {
    annotate({ grantedScopes: granted });
    const admitted = new Set(scopes);
    const others = held.filter((scope) => !admitted.has(scope));
    if (others.length === 0) return;
    authorizeCredentialUse({ ...asked, identity, provider, scopes: [...scopes, ...others] });
  };
  const consentDenial: Admitted['consentDenial'] = (sought, parameters = {}) =>
    credentialUseDenial({
      ...asked,
      identity,
      provider,
      scopes: [...new Set([...scopes, ...sought])],
      customParameters: { ...parameters, ...customParameters },
    });
  return { principal, input, delegation, identity, owner, grant, checkGrantedScopes, consentDenial };
}

function tokenFor(deps: RetrieveDependencies, admitted: Admitted): Promise<Answer> {
  const { oauth2Flow, scopes, forceAuthentication: force } = admitted.input;
  switch (oauth2Flow) {
    case 'USER_FEDERATION':
      return userToken(deps, admitted);
    case 'M2M':
      return machineToken(deps, { ...admitted, scopes, force });
    case 'ON_BEHALF_OF_TOKEN_EXCHANGE':
      return onBehalfOfToken(deps, admitted);
  }
}

/** What an entry says of custom parameters: their values can be secret, the scopes in them count for policies. */
function customParametersIn({ customParameters = {} }: RetrieveInput): Partial<AuditEntry> {
  const names = Object.keys(customParameters);
  const scopes = scopesInCustomParameters(customParameters);
  return {
    ...(names.length > 0 && { customParameters: names }),
    ...(scopes.length > 0 && { customParameterScopes: scopes }),
  };
}

interface RetrieveCall {
  readonly operation: 'GetResourceOauth2Token' | 'RejectResourceOauth2Token';
  readonly principal: Caller;
}

/** @param prepare changes the grant before its token is read */
function retrieved(
  deps: RetrieveDependencies,
  call: RetrieveCall,
  input: RetrieveInput,
  prepare: (admitted: Admitted) => Promise<Admitted>,
): Promise<Answer> {
  const { principal } = call;
  return audited(deps.audit, call, async (annotate) => {
    annotate({
      provider: input.resourceCredentialProviderName,
      flow: input.oauth2Flow,
      scopes: input.scopes,
      ...customParametersIn(input),
    });
    const delegation = await verifyWorkloadAccessToken(deps, input.workloadIdentityToken);
    annotate({
      jti: delegation.tokenId,
      workloadIdentity: delegation.workload.arn,
      user: subjectHash(delegation.user),
    });
    const admitted = await admitRequest(deps, { principal, input, delegation }, annotate);
    try {
      const answer = await tokenFor(deps, await prepare(admitted));
      annotate({ result: answer.outcome, ...(answer.reason !== undefined && { reason: answer.reason }) });
      return answer;
    } catch (error) {
      if (error instanceof ProviderFailure) throw error.toServiceError(admitted.owner.provider.name);
      // Secrets and keys that cannot be found or opened, because their owner was deleted since.
      if (!(error instanceof ServiceError)) await stopIfDeleted(deps, admitted.owner);
      throw error;
    }
  });
}

/**
 * @param principal who calls; must be allowed on the workload identity that the token names
 * @throws UnauthorizedException for the workload access token; AccessDeniedException, ResourceNotFoundException,
 *   ValidationException; InternalServerException or ThrottlingException where asking again shortly will help
 */
export const getResourceOauth2Token = (
  deps: RetrieveDependencies,
  principal: Caller,
  input: RetrieveInput,
): Promise<Answer> =>
  retrieved(deps, { operation: 'GetResourceOauth2Token', principal }, input, (admitted) =>
    Promise.resolve(admitted),
  );

/**
 * Says that the resource did not take an access token, and asks for another. The first to say so of a token causes one
 * renewal; for one that is no longer the stored one it is a plain read.
 *
 * @param input as for {@link getResourceOauth2Token}
 * @param rejectedAccessToken the token as it was handed out
 * @throws the same
 */
export const rejectResourceOauth2Token = (
  deps: RetrieveDependencies,
  principal: Caller,
  input: RetrieveInput,
  rejectedAccessToken: string,
): Promise<Answer> =>
  retrieved(deps, { operation: 'RejectResourceOauth2Token', principal }, input, async (admitted) => {
    const { grant, owner } = admitted;
    return { ...admitted, grant: await markIfRejected(deps, owner, grant, rejectedAccessToken) };
  });
