/**
 * GetResourceOauth2Token returns the access token that the user granted to the agent (from the token vault, refreshed
 * if necessary), or an authorization URL if there is no grant. It can also return the agent's own access token, by
 * client credentials, or an access token in exchange for the user token. RejectResourceOauth2Token does the same after a
 * resource rejected a token.
 */
import { audited, type Annotate, type AuditEntry, type AuditTrail } from '../audit';
import { scopesInCustomParameters } from '../custom-parameters';
import { ProviderFailure } from '../oauth/provider-failure';
import type { Caller } from '../principal';
import { checkProviderOwnerTrust } from '../identity/trusted-provider-owner';
import { userHashOf } from '../../model/user';
import { isServerOf } from '../provider/discovery';
import type { Oauth2Provider } from '../../model/provider/record';
import { KeyMaterialResetError } from '../sealing/sealing';
import { invalidMember, ServiceError } from '../service-error';
import type { Delegation } from '../workload-token/claims';
import type { CarriedToken } from '../workload-token/subject-token';
import { verifyWorkloadAccessToken, type VerifyDependencies } from '../workload-token/verify';
import { admit } from './admission';
import { grantHolderOf, holderEntry, linksOf, type GrantHolder } from './grant-holder';
import { stopIfDeleted } from '../grant/deletion-check';
import type { Directory } from '../grant/directory';
import { grantTarget, scopesHeld, type ExchangedFor } from '../grant/grant';
import type { Grant } from '../../model/records/grant';
import type { GrantId } from '../../model/grant-id';
import { machineToken } from './machine-token';
import { carriedTokenOf, onBehalfOfToken, type OnBehalfOfDependencies } from './on-behalf-of';
import { markIfRejected } from '../grant/rejected-token';
import type { Admitted, RetrieveResponse } from './oauth2-token-request';
import type { TokenRequest } from '../../model/token-request';
import type { RequestHolder } from '../grant/token-sources';
import { grantedToken, type GrantedTokenDependencies } from './granted-token';

export type RetrieveDependencies = VerifyDependencies &
  GrantedTokenDependencies &
  OnBehalfOfDependencies & { readonly audit: AuditTrail };

/** Total characters of scopes, resources, and audiences: they go into a URL and into records of bounded size. */
const MAX_NARROWING_CHARACTERS = 32_768;

/** @param carried the user token, for the flow that exchanges it */
function grantIdOf(
  input: TokenRequest,
  { workload }: GrantHolder,
  { user }: Delegation,
  carried: CarriedToken | undefined,
): GrantId {
  const { oauth2Flow: flow, resourceCredentialProviderName: providerName, scopes } = input;
  if (flow === 'USER_FEDERATION' && !user) {
    throw invalidMember(
      'workloadIdentityToken',
      'names no user; for USER_FEDERATION, get one with GetWorkloadAccessTokenForJWT or GetWorkloadAccessTokenForUserId',
    );
  }
  const narrowed = { resources: input.resources ?? [], audiences: input.audiences ?? [], scopes };
  if (JSON.stringify(narrowed).length > MAX_NARROWING_CHARACTERS) {
    throw invalidMember(
      'scopes',
      `must have up to ${MAX_NARROWING_CHARACTERS} characters together with resources and audiences`,
    );
  }
  return {
    workloadId: workload.id,
    userHash: userHashOf(flow === 'M2M' ? undefined : user),
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
  { customParameters = {} }: TokenRequest,
): ExchangedFor => ({ subjectTokenHash, customParameters });

/**
 * Returns the scopes that a provider's policy evaluates. A stored token is returned with all of its scopes, and a consent
 * is for the union. So the policy evaluates all of them, unless this request drops the stored token.
 */
function evaluatedScopesOf(
  { scopes, sessionUri, forceAuthentication }: TokenRequest,
  stored: Grant['tokens'],
): readonly string[] {
  if (!stored || (forceAuthentication && sessionUri === undefined)) return scopes;
  return [...new Set([...scopes, ...scopesHeld(stored)])];
}

/**
 * Checks that a provider of one resource is asked for a token for this resource alone, and that the token is not sent
 * to another server.
 *
 * @throws ValidationException
 */
function checkResource(
  { name, discovery: { protectedResource } }: Oauth2Provider,
  { resources = [], audiences = [], resourceServerUrl }: TokenRequest,
): void {
  if (!protectedResource) return;
  const { resource } = protectedResource;
  const refuse = (member: string, rule: string): ServiceError =>
    invalidMember(member, `must be ${rule}: the credential provider "${name}" is for this resource`);
  if (resources.some((requested) => requested !== resource)) {
    throw refuse('resources', `omitted, or be ${resource}`);
  }
  // Servers that do not know RFC 8707 can issue a token for an audience in place of the resource.
  if (audiences.length > 0) throw refuse('audiences', `omitted, because the token is for ${resource}`);
  if (resourceServerUrl !== undefined && !isServerOf(resourceServerUrl, protectedResource)) {
    throw refuse('resourceServerUrl', `${resource}, or below it`);
  }
}

async function admitRequest(
  directory: Pick<Directory, 'read'>,
  { principal, input, delegation }: Pick<Admitted, 'principal' | 'input' | 'delegation'>,
  annotate: Annotate,
): Promise<Admitted> {
  const carried = input.oauth2Flow === 'ON_BEHALF_OF_TOKEN_EXCHANGE' ? carriedTokenOf(delegation) : undefined;
  const holder = grantHolderOf(delegation);
  const grantId = grantIdOf(input, holder, delegation, carried);
  const { workload, chain } = holder;
  const links = linksOf(holder);
  const providerName = input.resourceCredentialProviderName;
  // The user of the token counts in every flow, even if the agent's own grant is read.
  const userHash = userHashOf(delegation.user);
  const { grant, ...found } = await directory.read(workload.name, providerName, userHash, grantId, links);
  const scopes = evaluatedScopesOf(input, grant?.tokens);
  const { customParameters, resources, audiences } = input;
  const operation = 'GetResourceOauth2Token' as const;
  const requested = { principal, operation, chain, customParameters, resources, audiences };
  const { identity, provider } = admit(
    { ...requested, providerName, scopes, annotate },
    holder,
    delegation,
    found,
  );
  checkResource(provider, input);
  if (carried) checkProviderOwnerTrust(identity, provider, principal);
  const tokenHolder: RequestHolder = {
    grantId,
    provider,
    workloadArn: identity.arn,
    resources: input.resources ?? [],
    audiences: input.audiences ?? [],
    endsAt: carried?.expiresAt,
    requestUser: { userHash, userToken: delegation.userToken, chain: links },
  };
  const use = { ...requested, identity, provider, scopes };
  return { principal, input, delegation, identity, tokenHolder, grant, use, annotate };
}

function tokenFor(deps: RetrieveDependencies, admitted: Admitted): Promise<RetrieveResponse> {
  const { oauth2Flow, scopes, forceAuthentication } = admitted.input;
  switch (oauth2Flow) {
    case 'USER_FEDERATION':
      return grantedToken(deps, admitted);
    case 'M2M':
      return machineToken(deps, { ...admitted, scopes, forceAuthentication });
    case 'ON_BEHALF_OF_TOKEN_EXCHANGE':
      return onBehalfOfToken(deps, admitted);
  }
}

/**
 * Returns a token. A grant that a reset of the token vault gave up is absent: the request gets the response as if it had
 * `forceAuthentication`, which replaces the stored tokens.
 *
 * @param rejectedAccessToken a token that a resource rejected, if any: it is not returned
 */
async function tokenOrReplacement(
  deps: RetrieveDependencies,
  admitted: Admitted,
  rejectedAccessToken?: string,
): Promise<RetrieveResponse> {
  try {
    if (rejectedAccessToken === undefined) return await tokenFor(deps, admitted);
    const grant = await markIfRejected(deps, admitted.tokenHolder, admitted.grant, rejectedAccessToken);
    return await tokenFor(deps, { ...admitted, grant });
  } catch (error) {
    if (!(error instanceof KeyMaterialResetError)) throw error;
    const replacing = { ...admitted, input: { ...admitted.input, forceAuthentication: true } };
    const response = await tokenFor(deps, replacing);
    return { ...response, reason: response.reason ?? error.message };
  }
}

/** Returns the custom parameters' members of an audit entry: names, because values can be secret, and scopes. */
function customParametersIn({ customParameters = {} }: TokenRequest): Partial<AuditEntry> {
  const names = Object.keys(customParameters);
  const scopes = scopesInCustomParameters(customParameters);
  return {
    ...(names.length > 0 && { customParameters: names }),
    ...(scopes.length > 0 && { customParameterScopes: scopes }),
  };
}

interface RetrieveCall {
  readonly operation: 'GetResourceOauth2Token' | 'RejectResourceOauth2Token' | 'GetResourceDpopProof';
  readonly principal: Caller;
}

/**
 * Authorizes a request for a grant's token, and does its work.
 *
 * @param work obtains the token
 * @throws as {@link getResourceOauth2Token}
 */
export function retrieve<Response extends Pick<RetrieveResponse, 'outcome' | 'reason'>>(
  deps: RetrieveDependencies,
  call: RetrieveCall,
  input: TokenRequest,
  work: (admitted: Admitted, annotate: Annotate) => Promise<Response>,
): Promise<Response> {
  const { principal } = call;
  return audited(deps.audit, call, async (annotate) => {
    annotate({
      provider: input.resourceCredentialProviderName,
      flow: input.oauth2Flow,
      scopes: input.scopes,
      ...customParametersIn(input),
    });
    const delegation = await verifyWorkloadAccessToken(deps, input.workloadIdentityToken);
    annotate(holderEntry(delegation, grantHolderOf(delegation)));
    const admitted = await admitRequest(deps.directory, { principal, input, delegation }, annotate);
    try {
      const response = await work(admitted, annotate);
      annotate({
        result: response.outcome,
        ...(response.reason !== undefined && { reason: response.reason }),
      });
      return response;
    } catch (error) {
      if (error instanceof ProviderFailure) throw error.toServiceError(admitted.tokenHolder.provider.name);
      // Secrets and keys are missing if their owner was deleted during the request.
      if (!(error instanceof ServiceError)) await stopIfDeleted(deps, admitted.tokenHolder);
      throw error;
    }
  });
}

/**
 * Returns an access token, or the authorization URL of a consent session.
 *
 * @param principal the caller; must have access to the workload identity that the token names
 * @throws UnauthorizedException for the workload access token; AccessDeniedException, ResourceNotFoundException,
 *   ValidationException; InternalServerException or ThrottlingException if a retry can succeed
 */
export const getResourceOauth2Token = (
  deps: RetrieveDependencies,
  principal: Caller,
  input: TokenRequest,
): Promise<RetrieveResponse> =>
  retrieve(deps, { operation: 'GetResourceOauth2Token', principal }, input, async (admitted, annotate) => {
    const response = await tokenOrReplacement(deps, admitted);
    if (response.repeats && response.reason === undefined) annotate({ repeated: true });
    return response;
  });

/**
 * Reports that a resource rejected an access token, and returns another one. The first report of a token causes one
 * renewal. A report of a token that is no longer stored is a plain retrieval.
 *
 * @param input as for {@link getResourceOauth2Token}
 * @param rejectedAccessToken the access token as it was returned
 * @throws as {@link getResourceOauth2Token}
 */
export const rejectResourceOauth2Token = (
  deps: RetrieveDependencies,
  principal: Caller,
  input: TokenRequest,
  rejectedAccessToken: string,
): Promise<RetrieveResponse> =>
  retrieve(deps, { operation: 'RejectResourceOauth2Token', principal }, input, (admitted) =>
    tokenOrReplacement(deps, admitted, rejectedAccessToken),
  );
