/**
 * The sign-in of a user at an identity provider, with its code flow (OpenID Connect Core 1.0, section 3.1): redeem the
 * code, then validate the response. The ID token's signature is verified elsewhere.
 */
import * as oauth from 'oauth4webapi';
import { vendorOf } from '../provider/vendors';
import { oauthClientOf } from './client-authentication';
import { responseAsJson } from './form-response';
import { errorCode, providerFailure, ProviderFailure } from './provider-failure';
import { withKnownMembers } from './response-members';
import { statedError } from './stated-error';
import { authenticate, options, type ProviderClient } from './token-request';
import { normalizedResponse } from './vendor-response';

/** Secrets of one sign-in, of which the browser's cookie is the origin. */
export interface SignInBinding {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

export interface SignInRequest {
  readonly redirectUri: string;
  readonly binding: SignInBinding;
  /** Whether the authorization request had a code challenge (RFC 7636). */
  readonly pkce: boolean;
}

/** The identity provider's error response (RFC 6749 section 4.1.2.1). */
export class SignInDenied extends ProviderFailure {}

/** Tokens of a sign-in, which the service validates and then drops. */
export interface SignInTokens {
  /** With claims for this client and this sign-in. */
  readonly idToken: string;
  readonly accessToken: string;
}

/**
 * Returns the validated parameters of the authorization response: its state, its issuer (RFC 9207), and no error.
 *
 * @throws SignInDenied for an error response of this sign-in; ProviderFailure for any other response
 */
export function validatedSignInResponse(
  { metadata, provider }: Pick<ProviderClient, 'metadata' | 'provider'>,
  query: URLSearchParams,
  { state }: Pick<SignInBinding, 'state'>,
): URLSearchParams {
  try {
    return oauth.validateAuthResponse(metadata, oauthClientOf(provider), query, state);
  } catch (error) {
    if (error instanceof oauth.AuthorizationResponseError) {
      const unavailable = ['temporarily_unavailable', 'server_error'].includes(error.error);
      const stated = statedError({
        description: error.error_description,
        uri: error.cause.get('error_uri'),
      });
      throw new SignInDenied(errorCode(error.error), `the identity provider returned an error${stated}`, {
        unavailable,
        cause: error,
      });
    }
    throw providerFailure(error, 'authorization response');
  }
}

/**
 * Redeems the code of a sign-in.
 *
 * @param response as {@link validatedSignInResponse} returned it
 * @throws ProviderFailure if the provider does not redeem it, or the ID token is missing or not for this client and
 *   sign-in
 */
export async function redeemSignIn(
  client: ProviderClient,
  response: URLSearchParams,
  { redirectUri, binding, pkce }: SignInRequest,
): Promise<SignInTokens> {
  const { metadata, provider } = client;
  const oauthClient = oauthClientOf(provider);
  const departures = vendorOf(provider.vendor).response;
  try {
    const answered = await oauth.authorizationCodeGrantRequest(
      metadata,
      oauthClient,
      authenticate(client),
      response,
      redirectUri,
      pkce ? binding.codeVerifier : oauth.nopkce,
      options(client),
    );
    const normalized = await (departures
      ? normalizedResponse(answered, departures)
      : responseAsJson(answered));
    const tokens = await oauth.processAuthorizationCodeResponse(
      metadata,
      oauthClient,
      await withKnownMembers(normalized, 'token endpoint', ['id_token']),
      { expectedNonce: binding.nonce, requireIdToken: true },
    );
    return { idToken: tokens.id_token ?? '', accessToken: tokens.access_token };
  } catch (error) {
    throw providerFailure(error);
  }
}
