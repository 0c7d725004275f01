/**
 * Requests to a token endpoint, each in two halves: build and send, then validate the answer. The protocol is
 * oauth4webapi's; here is what this service asks and what it keeps.
 */
import * as oauth from 'oauth4webapi';
import { epochSeconds, type System } from '../system';
import type { EndpointPolicy } from '../endpoint';
import type { Oauth2Provider } from '../provider/oauth2-provider';
import type { Vendor } from '../provider/vendor';
import { vendorOf } from '../provider/vendors';
import { invalidMember } from '../service-error';
import { boundedLifetime } from '../stated-lifetime';
import { clientAuthentication, oauthClientOf, type ClientCredential } from './client-authentication';
import { answerAsJson } from './form-answer';
import type { Metadata } from './provider-metadata';
import { providerFailure, ProviderFailure } from './provider-failure';
import type { Transport } from './transport';
import { normalizedAnswer } from './vendor-answer';
import { vendorTransport } from './vendor-request';

export interface TokenRequestDependencies {
  readonly transport: Transport;
  readonly endpointPolicy: EndpointPolicy;
  readonly system: System;
}

/** The OAuth client, at its server. */
export interface ProviderClient {
  readonly provider: Oauth2Provider;
  readonly metadata: Metadata;
  readonly credential: ClientCredential;
}

/** What narrows a token: RFC 8707 resource indicators, and the audiences that some servers want instead. */
export interface Narrowing {
  readonly resources: readonly string[];
  readonly audiences: readonly string[];
}

/** Tokens as a provider gave them. */
export interface ObtainedTokens {
  readonly accessToken: string;
  readonly refreshToken?: string;
  readonly scopes: readonly string[];
  /** Epoch seconds; absent when the provider did not say and nothing is known of the vendor. */
  readonly expiresAt?: number;
  /** Epoch seconds at which the refresh token ends; absent when the provider did not say. */
  readonly refreshExpiresAt?: number;
}

/** `resource` and `audience`, repeated as often as there are values. */
export const narrowingParameters = ({ resources, audiences }: Narrowing): [string, string][] => [
  ...resources.map((value): [string, string] => ['resource', value]),
  ...audiences.map((value): [string, string] => ['audience', value]),
];

export const authenticate = ({ provider, credential }: ProviderClient): oauth.ClientAuth =>
  clientAuthentication(provider.clientAuthenticationMethod, credential);

export const options = (
  { transport, endpointPolicy }: TokenRequestDependencies,
  { provider }: ProviderClient,
) => ({
  [oauth.customFetch]: vendorTransport(transport, vendorOf(provider.vendor)),
  [oauth.allowInsecureRequests]: endpointPolicy.loopback,
});

/** What was requested, for a response that does not repeat it. */
interface RequestedToken {
  readonly scopes: readonly string[];
  /** The refresh token in hand, and its end, for a provider that gives no other. */
  readonly refreshToken?: string;
  readonly refreshExpiresAt?: number | undefined;
}

/**
 * Seconds that an access token is taken to live when it came with a refresh token but without `expires_in`: a token
 * that can be refreshed is one that ends.
 */
const ASSUMED_LIFETIME = 3600;

/** RFC 6749 appendix A.12; it goes into a header field. */
const ACCESS_TOKEN = /^[\x20-\x7E]+$/;

/**
 * Characters of granted scopes: as many as a request for them can have (retrieve.ts), and as the evaluation of policies
 * is meant for. A server that names more is not taken at half its word.
 */
const MAX_SCOPE_CHARACTERS = 32_768;

/** Names under which servers say how long a refresh token lives, in seconds; no RFC has one. */
const REFRESH_LIFETIMES = ['refresh_token_expires_in', 'refresh_expires_in', 'x_refresh_token_expires_in'];

/** @returns undefined when the answer does not say, and for 0, by which a server says that there is no end */
function refreshLifetimeOf(answer: oauth.TokenEndpointResponse): number | undefined {
  for (const name of REFRESH_LIFETIMES) {
    const stated = answer[name];
    const seconds = typeof stated === 'string' ? Number(stated) : stated;
    if (typeof seconds === 'number' && seconds > 0) return boundedLifetime(seconds);
  }
  return undefined;
}

/** Judges a token endpoint's answer (RFC 6749 section 5.1); an absent `scope` means: as requested. */
function validatedTokens(
  answer: oauth.TokenEndpointResponse,
  requested: RequestedToken,
  vendor: Vendor,
  now: number,
): ObtainedTokens {
  if (answer.token_type !== 'bearer' || !ACCESS_TOKEN.test(answer.access_token)) {
    throw new ProviderFailure(
      'invalid_response',
      'token endpoint: what was issued is no bearer access token',
    );
  }
  if (answer.scope !== undefined && answer.scope.length > MAX_SCOPE_CHARACTERS) {
    throw new ProviderFailure(
      'invalid_response',
      `token endpoint: the scopes have more than ${MAX_SCOPE_CHARACTERS} characters`,
    );
  }
  const refreshToken = answer.refresh_token ?? requested.refreshToken;
  const assumed = vendor.answer?.assumedLifetime ?? ASSUMED_LIFETIME;
  const lifetime = answer.expires_in ?? (refreshToken === undefined ? undefined : assumed);
  const refreshLifetime = refreshLifetimeOf(answer);
  // Another refresh token has an end of its own, if any; the same one keeps the end that it had.
  const kept = answer.refresh_token === undefined ? requested.refreshExpiresAt : undefined;
  const refreshExpiresAt = refreshLifetime === undefined ? kept : now + refreshLifetime;
  return {
    accessToken: answer.access_token,
    ...(refreshToken !== undefined && { refreshToken }),
    scopes:
      answer.scope === undefined ? requested.scopes : answer.scope.split(' ').filter((scope) => scope !== ''),
    ...(lifetime !== undefined && { expiresAt: now + boundedLifetime(lifetime) }),
    ...(refreshToken !== undefined && refreshExpiresAt !== undefined && { refreshExpiresAt }),
  };
}

/** Sends and judges; time is taken before sending, so that a token is never believed to live longer than it does. */
export async function exchange(
  deps: TokenRequestDependencies,
  { provider }: ProviderClient,
  requested: RequestedToken,
  send: () => Promise<Response>,
  validate: (response: Response) => Promise<oauth.TokenEndpointResponse>,
): Promise<ObtainedTokens> {
  const now = epochSeconds(deps.system);
  const vendor = vendorOf(provider.vendor);
  try {
    const response = await send();
    const answer = await (vendor.answer ? normalizedAnswer(response, vendor.answer) : answerAsJson(response));
    return validatedTokens(await validate(answer), requested, vendor, now);
  } catch (error) {
    throw providerFailure(error);
  }
}

/** An authorization code as the callback kept it. */
export interface KeptCode {
  readonly code: string;
  /** The `iss` of the authorization response (RFC 9207). */
  readonly iss?: string | undefined;
  readonly codeVerifier: string;
  /**
   * That the code was issued for: the provider wants to see the same one again (RFC 6749 section 4.1.3), also when
   * the service has got another address since. Absent in a code that was kept before this was.
   */
  readonly redirectUri?: string | undefined;
}

/**
 * Redeems an authorization code (RFC 6749 section 4.1.3, RFC 7636).
 *
 * @param redirectUri the one that the authorization request named
 * @param scopes those of the authorization request
 * @param pkce whether it had a code challenge
 * @throws ProviderFailure
 */
export function redeemCode(
  deps: TokenRequestDependencies,
  client: ProviderClient,
  kept: KeptCode,
  request: Narrowing & {
    readonly redirectUri: string;
    readonly scopes: readonly string[];
    readonly pkce: boolean;
  },
): Promise<ObtainedTokens> {
  const oauthClient = oauthClientOf(client.provider);
  const { metadata } = client;
  return exchange(
    deps,
    client,
    request,
    () => {
      const answer = new URLSearchParams({
        code: kept.code,
        ...(kept.iss !== undefined && { iss: kept.iss }),
      });
      const checked = oauth.validateAuthResponse(metadata, oauthClient, answer, oauth.expectNoState);
      return oauth.authorizationCodeGrantRequest(
        metadata,
        oauthClient,
        authenticate(client),
        checked,
        request.redirectUri,
        request.pkce ? kept.codeVerifier : oauth.nopkce,
        { ...options(deps, client), additionalParameters: narrowingParameters(request) },
      );
    },
    (response) => oauth.processAuthorizationCodeResponse(metadata, oauthClient, response),
  );
}

/**
 * Asks for a token as the client itself (RFC 6749 section 4.4).
 *
 * @throws ProviderFailure; ValidationException for a vendor that has no such tokens
 */
export function requestClientCredentials(
  deps: TokenRequestDependencies,
  client: ProviderClient,
  request: Narrowing & { readonly scopes: readonly string[] },
): Promise<ObtainedTokens> {
  const { provider, metadata, credential } = client;
  const vendor = vendorOf(provider.vendor);
  if (vendor.clientCredentials === false) {
    throw invalidMember(
      'oauth2Flow',
      `M2M is not supported for ${provider.vendor}: it gives an application no token by client credentials; use USER_FEDERATION`,
    );
  }
  const oauthClient = oauthClientOf(provider);
  const parameters = narrowingParameters(request);
  if (request.scopes.length > 0) parameters.push(['scope', request.scopes.join(' ')]);
  const method = vendor.machineAuthentication ?? provider.clientAuthenticationMethod;
  return exchange(
    deps,
    client,
    request,
    () =>
      oauth.clientCredentialsGrantRequest(
        metadata,
        oauthClient,
        clientAuthentication(method, credential),
        parameters,
        options(deps, client),
      ),
    (response) => oauth.processClientCredentialsResponse(metadata, oauthClient, response),
  );
}

/**
 * Redeems a refresh token (RFC 6749 section 6). A rotated refresh token comes back in the answer; when none
 * does, the old one stays good.
 *
 * @param scopes those that the grant has, for a provider that does not name them again
 * @throws ProviderFailure
 */
export function redeemRefreshToken(
  deps: TokenRequestDependencies,
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
    deps,
    client,
    { scopes: request.scopes, refreshToken, refreshExpiresAt: request.refreshExpiresAt },
    () =>
      oauth.refreshTokenGrantRequest(metadata, oauthClient, authenticate(client), refreshToken, {
        ...options(deps, client),
        additionalParameters: narrowingParameters(request),
      }),
    (response) => oauth.processRefreshTokenResponse(metadata, oauthClient, response),
  );
}
