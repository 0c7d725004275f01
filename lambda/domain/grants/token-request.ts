/**
 * Requests to a token endpoint, each in two halves: build and send, then judge the answer. The protocol is
 * oauth4webapi's; here is what this service asks and what it keeps.
 */
import * as oauth from 'oauth4webapi';
import { epochSeconds, type Ambient } from '../ambient';
import type { EndpointPolicy } from '../provider/endpoint';
import type { Oauth2Provider } from '../provider/oauth2-provider';
import type { Metadata } from './provider-metadata';
import { providerFailure } from './provider-failure';
import type { Transport } from './transport';

export interface TokenRequestPorts {
  readonly transport: Transport;
  readonly endpointPolicy: EndpointPolicy;
  readonly ambient: Ambient;
}

/** The OAuth client, at its server. */
export interface ProviderClient {
  readonly provider: Oauth2Provider;
  readonly metadata: Metadata;
  readonly clientSecret: string;
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
  /** Epoch seconds; absent when the provider did not say. */
  readonly expiresAt?: number;
}

/** `resource` and `audience`, repeated as often as there are values. */
export function narrowingParameters({ resources, audiences }: Narrowing): string[][] {
  return [...resources.map((value) => ['resource', value]), ...audiences.map((value) => ['audience', value])];
}

const authenticate = ({ provider, clientSecret }: ProviderClient): oauth.ClientAuth =>
  provider.clientAuthenticationMethod === 'CLIENT_SECRET_POST'
    ? oauth.ClientSecretPost(clientSecret)
    : oauth.ClientSecretBasic(clientSecret);

const options = ({ transport, endpointPolicy }: TokenRequestPorts) => ({
  [oauth.customFetch]: transport,
  [oauth.allowInsecureRequests]: endpointPolicy.loopback,
});

/** Judges a token endpoint's answer (RFC 6749 section 5.1); an absent `scope` means: as asked. */
function judgeTokens(
  answer: oauth.TokenEndpointResponse,
  asked: readonly string[],
  now: number,
): ObtainedTokens {
  return {
    accessToken: answer.access_token,
    ...(answer.refresh_token !== undefined && { refreshToken: answer.refresh_token }),
    scopes: answer.scope === undefined ? asked : answer.scope.split(' ').filter((scope) => scope !== ''),
    ...(answer.expires_in !== undefined && { expiresAt: now + answer.expires_in }),
  };
}

/** Sends and judges; time is taken before sending, so that a token is never believed to live longer than it does. */
async function exchange(
  ports: TokenRequestPorts,
  asked: readonly string[],
  send: () => Promise<Response>,
  judge: (response: Response) => Promise<oauth.TokenEndpointResponse>,
): Promise<ObtainedTokens> {
  const now = epochSeconds(ports.ambient);
  try {
    return judgeTokens(await judge(await send()), asked, now);
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
}

/**
 * Redeems an authorization code (RFC 6749 section 4.1.3, RFC 7636).
 *
 * @param redirectUri the one that the authorization request named
 * @param scopes those that the authorization request asked for
 * @throws ProviderFailure
 */
export function redeemCode(
  ports: TokenRequestPorts,
  client: ProviderClient,
  kept: KeptCode,
  request: Narrowing & { readonly redirectUri: string; readonly scopes: readonly string[] },
): Promise<ObtainedTokens> {
  const oauthClient: oauth.Client = { client_id: client.provider.clientId };
  const { metadata } = client;
  return exchange(
    ports,
    request.scopes,
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
        kept.codeVerifier,
        { ...options(ports), additionalParameters: narrowingParameters(request) },
      );
    },
    (response) => oauth.processAuthorizationCodeResponse(metadata, oauthClient, response),
  );
}

/**
 * Asks for a token as the client itself (RFC 6749 section 4.4).
 *
 * @throws ProviderFailure
 */
export function requestClientCredentials(
  ports: TokenRequestPorts,
  client: ProviderClient,
  request: Narrowing & { readonly scopes: readonly string[] },
): Promise<ObtainedTokens> {
  const oauthClient: oauth.Client = { client_id: client.provider.clientId };
  const parameters = narrowingParameters(request);
  if (request.scopes.length > 0) parameters.push(['scope', request.scopes.join(' ')]);
  return exchange(
    ports,
    request.scopes,
    () =>
      oauth.clientCredentialsGrantRequest(
        client.metadata,
        oauthClient,
        authenticate(client),
        parameters,
        options(ports),
      ),
    (response) => oauth.processClientCredentialsResponse(client.metadata, oauthClient, response),
  );
}

/**
 * Redeems a refresh token (RFC 6749 section 6). A rotated refresh token comes back in the answer; when none
 * does, the old one stays good.
 *
 * @param scopes those that the grant has, for a provider that does not name them again
 * @throws ProviderFailure
 */
export async function redeemRefreshToken(
  ports: TokenRequestPorts,
  client: ProviderClient,
  refreshToken: string,
  request: Narrowing & { readonly scopes: readonly string[] },
): Promise<ObtainedTokens> {
  const oauthClient: oauth.Client = { client_id: client.provider.clientId };
  const obtained = await exchange(
    ports,
    request.scopes,
    () =>
      oauth.refreshTokenGrantRequest(client.metadata, oauthClient, authenticate(client), refreshToken, {
        ...options(ports),
        additionalParameters: narrowingParameters(request),
      }),
    (response) => oauth.processRefreshTokenResponse(client.metadata, oauthClient, response),
  );
  return { refreshToken, ...obtained };
}
