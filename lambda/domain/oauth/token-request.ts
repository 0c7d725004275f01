/**
 * Requests to a token endpoint: build and send a request, then validate the response. oauth4webapi implements the
 * protocol; this file determines the requested and the stored members.
 */
import { PUBLIC_CLIENT, PUBLISHED_KEY } from '../../model/provider/client';
import * as oauth from 'oauth4webapi';
import * as v from 'valibot';
import { epochSeconds, type System } from '../system';
import type { EndpointPolicy } from '../../model/endpoint';
import type { ProviderConfiguration } from '../provider/oauth2-provider';
import type { Vendor } from '../provider/vendor';
import { vendorOf } from '../provider/vendors';
import { SCOPE_TOKEN } from '../../model/scope-token';
import { invalidMember } from '../service-error';
import { boundedLifetime } from '../stated-lifetime';
import { clientAuthentication, oauthClientOf, type ClientCredential } from './client-authentication';
import { checkDpopAlgorithm, dpopBinding, type DpopBinding, type DpopNonces } from './dpop';
import type { DpopKey } from '../../model/dpop-key';
import { responseAsJson } from './form-response';
import type { Metadata } from './provider-metadata';
import { providerFailure, ProviderFailure } from './provider-failure';
import { tokenParameters, type Narrowing } from './provider-parameters';
import { REFRESH_LIFETIMES, withKnownMembers } from './response-members';
import { asFetch, type Transport } from './transport';
import { normalizedResponse } from './vendor-response';
import { vendorTransport } from './vendor-request';

export interface TokenRequestDependencies {
  readonly transport: Transport;
  readonly endpointPolicy: EndpointPolicy;
  readonly system: System;
}

/** The OAuth client and its authorization server, and what a request to the server needs. */
export interface ProviderClient extends TokenRequestDependencies {
  readonly provider: ProviderConfiguration;
  readonly metadata: Metadata;
  readonly credential: ClientCredential;
  /** The nonces of servers that require them in DPoP proofs. */
  readonly nonces?: DpopNonces | undefined;
  /** Present if the requested tokens are bound to a key. */
  readonly dpop?: DpopBinding | undefined;
}

/** Tokens as a provider issued them. */
export interface ObtainedTokens {
  readonly accessToken: string;
  readonly refreshToken?: string;
  readonly scopes: readonly string[];
  /** Epoch seconds; absent if neither the provider nor the vendor's documentation states it. */
  readonly expiresAt?: number;
  /** Epoch seconds at which the refresh token expires; absent if the provider did not state it. */
  readonly refreshExpiresAt?: number;
  /** The key that the access token is bound to, and a public client's refresh token; absent for a bearer token. */
  readonly dpopKey?: DpopKey;
}

/**
 * Returns the client for requests whose tokens are bound to the key.
 *
 * @throws ProviderFailure for a server that does not accept the algorithm of the key
 */
export async function boundClient(client: ProviderClient, key: DpopKey): Promise<ProviderClient> {
  checkDpopAlgorithm(client.metadata);
  return { ...client, dpop: await dpopBinding(key, client, client.system) };
}

export const authenticate = ({ provider, credential }: ProviderClient): oauth.ClientAuth =>
  clientAuthentication(provider.clientAuthenticationMethod, credential);

/**
 * The audience of an assertion is the token endpoint, so any other recipient could present it there. The service sends
 * it to the token endpoint's server only, whatever a discovery document states.
 *
 * @param name the endpoint, for the operator
 */
export function checkPresentedAt(
  { credential, metadata }: ProviderClient,
  endpoint: string,
  name: string,
): void {
  if (!('assert' in credential)) return;
  const audience = metadata.token_endpoint;
  if (audience !== undefined && new URL(endpoint).origin === new URL(audience).origin) return;
  throw new ProviderFailure(
    'invalid_metadata',
    `${name}: not on the token endpoint's server, which is the audience of the client assertion`,
  );
}

export const options = ({ provider, transport, endpointPolicy, dpop }: ProviderClient) => ({
  [oauth.customFetch]: asFetch(
    vendorTransport(dpop ? dpop.observing(transport) : transport, vendorOf(provider.vendor)),
  ),
  [oauth.allowInsecureRequests]: endpointPolicy.loopback,
  ...(dpop && { DPoP: dpop.handle }),
});

/** What was requested, for a response that does not repeat it. */
interface RequestedToken {
  readonly scopes: readonly string[];
  /** The current refresh token and its expiry, for a provider that returns no new one. */
  readonly refreshToken?: string;
  readonly refreshExpiresAt?: number | undefined;
}

/**
 * Assumed lifetime, in seconds, of an access token with a refresh token but without `expires_in`: a token that can be
 * refreshed expires.
 */
const ASSUMED_LIFETIME = 3600;

/** RFC 6749 appendix A.12; the token goes into a header field. */
const ACCESS_TOKEN = /^[\x20-\x7E]+$/;

/**
 * Maximum characters of granted scopes, as in a request (credential/oauth2-token.ts) and in policy evaluation. A longer
 * list is rejected, not truncated.
 */
const MAX_SCOPE_CHARACTERS = 32_768;

/** Maximum number of granted scopes. Each of them is evaluated for each row of a portal. */
const MAX_SCOPES = 1_000;

/** Space-separated scope tokens (RFC 6749 section 3.3). Some servers separate them with other white space. */
const SCOPE_SEPARATOR = /[ \t\r\n]+/;

/**
 * Returns the granted scopes, each once. Scopes with other characters are rejected and not dropped, because policies evaluate what a
 * token can do.
 */
function grantedScopes(scope: string): readonly string[] {
  if (scope.length > MAX_SCOPE_CHARACTERS) {
    throw new ProviderFailure(
      'invalid_response',
      `token endpoint: the scopes have more than ${MAX_SCOPE_CHARACTERS} characters`,
    );
  }
  const scopes = [...new Set(scope.split(SCOPE_SEPARATOR).filter((token) => token !== ''))];
  if (scopes.length > MAX_SCOPES) {
    throw new ProviderFailure('invalid_response', `token endpoint: more than ${MAX_SCOPES} scopes`);
  }
  if (scopes.every((token) => SCOPE_TOKEN.test(token))) return scopes;
  throw new ProviderFailure(
    'invalid_response',
    'token endpoint: the scopes have characters that scopes cannot have (RFC 6749 section 3.3)',
  );
}

/** Returns undefined if the response has no such member, and for 0, which means that the token does not expire. */
function refreshLifetimeOf(response: oauth.TokenEndpointResponse): number | undefined {
  for (const name of REFRESH_LIFETIMES) {
    const stated = response[name];
    const seconds = typeof stated === 'string' ? Number(stated) : stated;
    if (typeof seconds === 'number' && seconds > 0) return boundedLifetime(seconds);
  }
  return undefined;
}

/**
 * Checks that the token has the type of the request. A provider whose tokens are bound gets no bearer token, even if the
 * server ignores the proof (RFC 9449 section 5): anyone who finds a bearer token can use it.
 */
function checkTokenType(
  { token_type: type }: oauth.TokenEndpointResponse,
  dpop: DpopBinding | undefined,
): void {
  if (dpop && type !== 'dpop') {
    throw new ProviderFailure(
      'unbound_token',
      'token endpoint: the issued token is not bound to the DPoP key',
    );
  }
  if (!dpop && type !== 'bearer') {
    throw new ProviderFailure(
      'invalid_response',
      'token endpoint: the issued token is not a bearer access token',
    );
  }
}

/** Validates a token response (RFC 6749 section 5.1). An absent `scope` means that all requested scopes were granted. */
function validatedTokens(
  { dpop }: Pick<ProviderClient, 'dpop'>,
  response: oauth.TokenEndpointResponse,
  requested: RequestedToken,
  vendor: Vendor,
  now: number,
): ObtainedTokens {
  checkTokenType(response, dpop);
  if (!ACCESS_TOKEN.test(response.access_token)) {
    throw new ProviderFailure('invalid_response', 'token endpoint: the access token has invalid characters');
  }
  const refreshToken = response.refresh_token ?? requested.refreshToken;
  const assumed = vendor.response?.assumedLifetime ?? ASSUMED_LIFETIME;
  const lifetime = response.expires_in ?? (refreshToken === undefined ? undefined : assumed);
  const refreshLifetime = refreshLifetimeOf(response);
  // A new refresh token has its own expiry, if any. The old one keeps its expiry.
  const kept = response.refresh_token === undefined ? requested.refreshExpiresAt : undefined;
  const refreshExpiresAt = refreshLifetime === undefined ? kept : now + refreshLifetime;
  return {
    accessToken: response.access_token,
    ...(refreshToken !== undefined && { refreshToken }),
    scopes: response.scope === undefined ? requested.scopes : grantedScopes(response.scope),
    ...(lifetime !== undefined && { expiresAt: now + boundedLifetime(lifetime) }),
    ...(refreshToken !== undefined && refreshExpiresAt !== undefined && { refreshExpiresAt }),
    ...(dpop && { dpopKey: dpop.key }),
  };
}

/**
 * Milliseconds after the first request in which it can be repeated with the server's nonce. Both requests then end before
 * the lease of a renewal (grant/lease.ts).
 */
const NONCE_RETRY = 1_500;

/**
 * Sends a request, and once more if the server requires a nonce in the DPoP proof (RFC 9449 section 8). The server has
 * then redeemed nothing.
 *
 * @throws an error of oauth4webapi, or ProviderFailure
 */
async function withNonce<Result>(
  { dpop, system }: ProviderClient,
  send: () => Promise<Result>,
): Promise<Result> {
  const started = system.now();
  try {
    return await send();
  } catch (error) {
    if (!dpop || !oauth.isDPoPNonceError(error)) throw error;
    if (system.now() - started <= NONCE_RETRY) return send();
    throw new ProviderFailure(
      'use_dpop_nonce',
      'token endpoint: it requires a nonce, and responded too late',
      {
        unavailable: true,
        cause: error,
      },
    );
  }
}

/** Codes of servers that require a proof and do not say so. */
const WITHOUT_PROOF: ReadonlySet<string> = new Set(['invalid_grant', 'invalid_request']);

/** Returns whether the request can have failed because its client requires DPoP: the server offers it. */
const mightLackProof = ({ dpop, metadata }: ProviderClient, { code }: ProviderFailure): boolean =>
  !dpop && metadata.dpop_signing_alg_values_supported !== undefined && WITHOUT_PROOF.has(code);

const withoutProof = (failure: ProviderFailure): ProviderFailure =>
  new ProviderFailure(failure.code, failure.detail, {
    unavailable: failure.unavailable,
    retryAfter: failure.retryAfter,
    cause: failure,
    remedy:
      "If the authorization server requires DPoP for this client, ask the provider's owner to set dpopConfig with UpdateOauth2CredentialProvider",
  });

/** Sends a request and validates the response. Reads the clock before sending, so that no lifetime is overestimated. */
export async function exchange(
  client: ProviderClient,
  requested: RequestedToken,
  send: () => Promise<Response>,
  validate: (response: Response) => Promise<oauth.TokenEndpointResponse>,
): Promise<ObtainedTokens> {
  const now = epochSeconds(client.system);
  const vendor = vendorOf(client.provider.vendor);
  try {
    const validated = await withNonce(client, async () => {
      const response = await send();
      const normalized = await (vendor.response
        ? normalizedResponse(response, vendor.response)
        : responseAsJson(response));
      return validate(await withKnownMembers(normalized, 'token endpoint'));
    });
    return validatedTokens(client, validated, requested, vendor, now);
  } catch (error) {
    const failure = providerFailure(error);
    throw mightLackProof(client, failure) ? withoutProof(failure) : failure;
  }
}

/** An authorization code as the callback stored it. */
export const KeptCodeSchema = v.object({
  code: v.string(),
  /** The `iss` of the authorization response (RFC 9207). */
  iss: v.optional(v.string()),
  codeVerifier: v.string(),
  /**
   * The redirect URI of the authorization request. The provider requires the same one again (RFC 6749 section 4.1.3),
   * even if the service's address has changed.
   */
  redirectUri: v.string(),
});
export type KeptCode = Readonly<v.InferOutput<typeof KeptCodeSchema>>;

/**
 * Redeems an authorization code (RFC 6749 section 4.1.3, RFC 7636).
 *
 * @param request with the scopes of the authorization request, and whether it had a code challenge
 * @throws ProviderFailure
 */
export function redeemCode(
  client: ProviderClient,
  kept: KeptCode,
  request: Narrowing & { readonly scopes: readonly string[]; readonly pkce: boolean },
): Promise<ObtainedTokens> {
  const oauthClient = oauthClientOf(client.provider);
  const { metadata } = client;
  return exchange(
    client,
    request,
    () => {
      const received = new URLSearchParams({
        code: kept.code,
        ...(kept.iss !== undefined && { iss: kept.iss }),
      });
      const checked = oauth.validateAuthResponse(metadata, oauthClient, received, oauth.expectNoState);
      return oauth.authorizationCodeGrantRequest(
        metadata,
        oauthClient,
        authenticate(client),
        checked,
        kept.redirectUri,
        request.pkce ? kept.codeVerifier : oauth.nopkce,
        {
          ...options(client),
          additionalParameters: tokenParameters('authorization_code', client.provider, request),
        },
      );
    },
    (response) => oauth.processAuthorizationCodeResponse(metadata, oauthClient, response),
  );
}

/**
 * Requests a token by client credentials (RFC 6749 section 4.4). Discards a refresh token in the response, which the server
 * should not include: the next token needs the credentials only.
 *
 * @throws ProviderFailure; ValidationException for a vendor without this grant
 */
export async function requestClientCredentials(
  client: ProviderClient,
  request: Narrowing & { readonly scopes: readonly string[] },
): Promise<ObtainedTokens> {
  const { provider, metadata, credential } = client;
  const vendor = vendorOf(provider.vendor);
  if (vendor.clientCredentials === false) {
    throw invalidMember(
      'oauth2Flow',
      `M2M is not supported for ${provider.vendor}: it does not issue tokens by client credentials; use USER_FEDERATION`,
    );
  }
  // RFC 6749 section 4.4: only confidential clients use this grant.
  if (provider.clientAuthenticationMethod === PUBLIC_CLIENT) {
    throw invalidMember(
      'oauth2Flow',
      `M2M is not supported for the public client of the credential provider "${provider.name}", which cannot authenticate; use USER_FEDERATION, or configure a client with a secret`,
    );
  }
  if (provider.clientAuthenticationMethod === PUBLISHED_KEY) {
    throw invalidMember(
      'oauth2Flow',
      `M2M is not supported for the client of the credential provider "${provider.name}", whose client ID metadata document is for the consent of users; use USER_FEDERATION, or configure a client with a secret`,
    );
  }
  const oauthClient = oauthClientOf(provider);
  const parameters = tokenParameters('client_credentials', provider, request);
  if (request.scopes.length > 0) parameters.push(['scope', request.scopes.join(' ')]);
  const method = vendor.machineAuthentication ?? provider.clientAuthenticationMethod;
  const { accessToken, scopes, expiresAt, dpopKey } = await exchange(
    client,
    request,
    () =>
      oauth.clientCredentialsGrantRequest(
        metadata,
        oauthClient,
        clientAuthentication(method, credential),
        parameters,
        options(client),
      ),
    (response) => oauth.processClientCredentialsResponse(metadata, oauthClient, response),
  );
  return {
    accessToken,
    scopes,
    ...(expiresAt !== undefined && { expiresAt }),
    ...(dpopKey && { dpopKey }),
  };
}

/**
 * Redeems a refresh token (RFC 6749 section 6). If the response contains no new refresh token, the old one stays valid.
 *
 * @param request with the grant's scopes, for a response that does not repeat them
 * @throws ProviderFailure
 */
export function redeemRefreshToken(
  client: ProviderClient,
  refreshToken: string,
  request: Narrowing & {
    readonly scopes: readonly string[];
    readonly refreshExpiresAt?: number | undefined;
  },
): Promise<ObtainedTokens> {
  const { provider, metadata } = client;
  const oauthClient = oauthClientOf(provider);
  return exchange(
    client,
    { scopes: request.scopes, refreshToken, refreshExpiresAt: request.refreshExpiresAt },
    () =>
      oauth.refreshTokenGrantRequest(metadata, oauthClient, authenticate(client), refreshToken, {
        ...options(client),
        additionalParameters: tokenParameters('refresh_token', provider, request),
      }),
    (response) => oauth.processRefreshTokenResponse(metadata, oauthClient, response),
  );
}
