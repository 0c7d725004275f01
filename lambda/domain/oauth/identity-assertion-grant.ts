/**
 * Identity assertions (draft-ietf-oauth-identity-assertion-authz-grant-04, "ID-JAG"): the user's identity provider exchanges
 * the ID token for a JWT that is an authorization grant at the authorization server of one resource (RFC 7523).
 */
import * as oauth from 'oauth4webapi';
import { isAssertionType, isSoleAudience } from '../identity/identity-assertion';
import { epochSeconds } from '../system';
import { invalidMember } from '../service-error';
import { oauthClientOf } from './client-authentication';
import { ProviderFailure, providerFailure } from './provider-failure';
import { tokenParameters } from './provider-parameters';
import { withKnownMembers } from './response-members';
import { isAccessToken, TOKEN_TYPE } from './subject-token-type';
import { authenticate, options, type ProviderClient } from './token-request';
import { unverifiedJwt } from './unverified-jwt';

/** Section 4.3. */
const ASSERTION_TYPE = 'urn:ietf:params:oauth:token-type:id-jag';

export interface IdentityAssertionRequest {
  /** The user's ID token, whose audience is the client at the identity provider. */
  readonly idToken: string;
  /** Issuer identifier of the resource's authorization server. */
  readonly audience: string;
  /** The client that redeems the assertion at that server. */
  readonly clientId: string;
  readonly scopes: readonly string[];
  /** Resource indicators (RFC 8707). */
  readonly resources: readonly string[];
}

/**
 * Checks that the user token is an ID token that this identity provider issued to the client (OpenID Connect Core 1.0,
 * section 3.1.3.7). Any other token would be refused by the identity provider, which would see a token that was not issued
 * for it. A client ID alone does not tell: two trusted issuers can have clients with the same ID.
 *
 * @param userToken verified when it was received
 * @throws ValidationException that says which token to send
 */
export function checkIdToken(
  userToken: string,
  { provider: { name, clientId }, metadata }: Pick<ProviderClient, 'provider' | 'metadata'>,
): void {
  const { iss: issuer, aud: audience, azp: authorizedParty = clientId } = unverifiedJwt(userToken).claims;
  const isForClient = Array.isArray(audience) ? audience.includes(clientId) : audience === clientId;
  const isOfClient = isForClient && authorizedParty === clientId && issuer === metadata.issuer;
  if (isOfClient && !isAccessToken(userToken)) return;
  throw invalidMember(
    'workloadIdentityToken',
    `must carry an ID token for the client of the credential provider "${name}"; call GetWorkloadAccessTokenForJWT with the ID token that the identity provider issued to this client, not with an access token`,
  );
}

const invalid = (detail: string): ProviderFailure =>
  new ProviderFailure('invalid_response', `identity assertion: ${detail}`);

/**
 * Checks an assertion before it leaves for the resource's server, so that an identity provider's mistake, or its deceit,
 * gives no server an assertion that is for another one. The server verifies the signature.
 *
 * @param now epoch seconds
 * @throws ProviderFailure
 */
function checkAssertion(
  assertion: string,
  issuer: string,
  { audience, clientId }: Pick<IdentityAssertionRequest, 'audience' | 'clientId'>,
  now: number,
): void {
  const { header, claims } = unverifiedJwt(assertion);
  const { iss, aud, sub, client_id: client, jti, exp, cnf } = claims;
  if (!isAssertionType(header.typ)) throw invalid('typ is not oauth-id-jag+jwt');
  if (iss !== issuer) throw invalid('another issuer');
  if (!isSoleAudience(aud, audience)) throw invalid('for another audience');
  if (client !== clientId) throw invalid('for another client');
  if (typeof sub !== 'string' || typeof jti !== 'string') throw invalid('sub or jti is missing');
  if (typeof exp !== 'number' || exp <= now) throw invalid('has expired');
  // Section 9.7: the server would demand a proof of the key.
  if (cnf !== undefined) throw invalid('is bound to a key, which this service does not support');
}

/** Section 4.3.3: an assertion is no access token, so its `token_type` is `N_A`. */
function checkIssued({ token_type, issued_token_type }: oauth.TokenEndpointResponse): void {
  if (token_type !== 'n_a' || issued_token_type !== ASSERTION_TYPE) {
    throw invalid(`the response is not of the type ${ASSERTION_TYPE} with the token_type N_A`);
  }
}

/**
 * Exchanges an ID token for an identity assertion (section 4.3, RFC 8693).
 *
 * @param client at the identity provider
 * @returns the assertion, to be presented once
 * @throws ProviderFailure
 */
export async function requestIdentityAssertion(
  client: ProviderClient,
  request: IdentityAssertionRequest,
): Promise<string> {
  const { provider, metadata, system } = client;
  const oauthClient = oauthClientOf(provider);
  const now = epochSeconds(system);
  const parameters: [string, string][] = [
    ['requested_token_type', ASSERTION_TYPE],
    ['subject_token', request.idToken],
    ['subject_token_type', TOKEN_TYPE.idToken],
    ...tokenParameters('identity_assertion', provider, {
      resources: request.resources,
      audiences: [request.audience],
    }),
  ];
  if (request.scopes.length > 0) parameters.push(['scope', request.scopes.join(' ')]);
  try {
    const response = await oauth.genericTokenEndpointRequest(
      metadata,
      oauthClient,
      authenticate(client),
      'urn:ietf:params:oauth:grant-type:token-exchange',
      parameters,
      options(client),
    );
    const plain = await withKnownMembers(response, 'token endpoint of the identity provider');
    const issued = await oauth.processGenericTokenEndpointResponse(metadata, oauthClient, plain, {
      recognizedTokenTypes: { n_a: () => undefined },
    });
    checkIssued(issued);
    checkAssertion(issued.access_token, metadata.issuer, request, now);
    return issued.access_token;
  } catch (error) {
    throw providerFailure(error, `token endpoint of the identity provider "${provider.name}"`);
  }
}
