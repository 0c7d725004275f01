/**
 * Revocation of tokens at their provider (RFC 7009, or the vendor's own way): build and send a request, then evaluate the
 * response. Servers return success for tokens that they do not know, so the service looks for a proof afterwards:
 *
 *     revoke the refresh token, the access token ──▶ redeem the refresh token ──▶ invalid_grant: CONFIRMED
 *                                                      no refresh token ──▶ introspect: active before, and not after
 *                                                      neither ──▶ revoke again: "already revoked"
 */
import * as oauth from 'oauth4webapi';
import type { RevocationProspect } from '../provider/revocation-reach';
import type { VendorRevocation } from '../provider/vendor';
import { vendorOf } from '../provider/vendors';
import { clientAuthentication, oauthClientOf } from './client-authentication';
import type { DpopKey } from '../../model/dpop-key';
import { providerFailure, ProviderFailure } from './provider-failure';
import {
  authenticate,
  boundClient,
  checkPresentedAt,
  options,
  redeemRefreshToken,
  type ObtainedTokens,
  type ProviderClient,
} from './token-request';
import { asFetch } from './transport';
import { normalizedResponse } from './vendor-response';
import { revocationTransport } from './vendor-request';

/** Tokens that must be revoked. */
export interface RevocableTokens {
  readonly accessToken: string;
  readonly refreshToken?: string | undefined;
  /** The key that the tokens are bound to. Without a proof, the server would reject a live refresh token, too. */
  readonly dpopKey?: DpopKey | undefined;
}

/**
 * - `CONFIRMED`: the tokens are no longer valid at the provider, or were not valid any more
 * - `ACCEPTED`: the provider accepted the request, which proves nothing
 * - `NOT_PROVABLE`: the provider has no way to revoke these tokens
 */
export interface RevocationOutcome {
  readonly state: 'CONFIRMED' | 'ACCEPTED' | 'NOT_PROVABLE';
  /** For people; absent if there is nothing to add. */
  readonly detail?: string;
}

/** The provider accepted the revocation, and the tokens are still valid. A retry can succeed: some take time. */
export class NotRevoked extends ProviderFailure {
  /** @param replacement tokens that the attempt to redeem the refresh token obtained; the next attempt revokes them */
  constructor(
    detail: string,
    readonly replacement?: ObtainedTokens,
  ) {
    super('not_revoked', detail, { unavailable: true });
    this.name = 'NotRevoked';
  }
}

/** What a provider made of one token. */
type TokenOutcome = 'accepted' | 'already-revoked' | 'unsupported';

const ENDPOINT = 'revocation endpoint';
const INTROSPECTION = 'introspection endpoint';

/** Evaluates the response to a revocation request. @throws ProviderFailure */
async function validatedRevocation(
  response: Response,
  { response: departures, deadStatus }: Pick<VendorRevocation, 'response' | 'deadStatus'>,
): Promise<TokenOutcome> {
  if (response.status === deadStatus) return 'already-revoked';
  const normalized = departures ? await normalizedResponse(response, departures) : response;
  // RFC 7009 section 2.2 has status 200 and an ignored body. Some servers respond with 202 or 204.
  if (normalized.ok) return 'accepted';
  try {
    await oauth.processRevocationResponse(normalized);
  } catch (error) {
    const failure = providerFailure(error, ENDPOINT);
    if (failure.unavailable) throw failure;
    if (failure.code === 'invalid_token') return 'already-revoked';
    // RFC 7009 section 2.2.1.
    if (failure.code === 'unsupported_token_type') return 'unsupported';
    throw failure;
  }
  return 'accepted';
}

/** Returns whether the response (RFC 7662 section 2.2) says that the token is active. @throws an error of oauth4webapi */
async function validatedIntrospection(
  { metadata, provider }: ProviderClient,
  response: Response,
): Promise<boolean> {
  return (await oauth.processIntrospectionResponse(metadata, oauthClientOf(provider), response)).active;
}

const SECRET_METHODS = {
  client_secret_basic: 'CLIENT_SECRET_BASIC',
  client_secret_post: 'CLIENT_SECRET_POST',
} as const;

const isPublicClient = ({ credential }: ProviderClient): boolean =>
  'secret' in credential && credential.secret === undefined;

/** Some servers, such as that of MCP's Python SDK, require `client_secret` of every client. */
const withEmptySecret: oauth.ClientAuth = (_server, { client_id: clientId }, body) => {
  body.set('client_id', clientId);
  body.set('client_secret', '');
};

/**
 * Returns how the client authenticates: as the vendor wants it, else as at the token endpoint. If the metadata list the
 * methods of the endpoint without that method, another one with the same secret.
 *
 * @throws ProviderFailure if the client has no credential for the endpoint
 */
function authenticationAt(
  client: ProviderClient,
  { authentication }: VendorRevocation,
  supported: readonly string[] | undefined,
): oauth.ClientAuth {
  const { provider, credential } = client;
  if (authentication === 'none') return () => undefined;
  if (authentication === 'client-id') return oauth.None();
  if (authentication) return clientAuthentication(authentication, credential);
  if (supported === undefined || isPublicClient(client)) return authenticate(client);
  if ('assert' in credential) {
    if (supported.includes('private_key_jwt')) return authenticate(client);
  } else {
    const methods = Object.entries(SECRET_METHODS).filter(([name]) => supported.includes(name));
    const method =
      methods.find(([, configured]) => configured === provider.clientAuthenticationMethod) ?? methods[0];
    if (method) return clientAuthentication(method[1], credential);
  }
  if (supported.includes('none')) return oauth.None();
  throw new ProviderFailure(
    'invalid_metadata',
    `${ENDPOINT}: it supports no authentication method of the client`,
  );
}

/** Returns the URL of an endpoint that the vendor's catalogue entry has. */
function resolved(reference: string, { metadata, provider }: ProviderClient): string | undefined {
  if (metadata.token_endpoint === undefined) return undefined;
  const path = reference.replace('{client_id}', encodeURIComponent(provider.clientId));
  return new URL(path, metadata.token_endpoint).href;
}

/** A revocation request that is ready to be sent, and the introspection that goes with it. */
interface RevocationMethod {
  readonly revocation: VendorRevocation;
  revoke(token: string, hint: 'refresh_token' | 'access_token'): Promise<TokenOutcome>;
  /** Returns undefined if the provider does not say. */
  isActive(token: string): Promise<boolean | undefined>;
}

/**
 * Returns what a revocation can achieve, as far as it is known before.
 *
 * @param refreshable whether there is a refresh token
 */
export function revocationProspect(
  { provider, metadata }: Pick<ProviderClient, 'provider' | 'metadata'>,
  refreshable: boolean,
): RevocationProspect {
  const { revocation } = vendorOf(provider.vendor);
  const endpoint = metadata.revocation_endpoint ?? revocation.endpoint;
  const isRevoked = refreshable || revocation.sends !== 'refresh-token';
  if (endpoint === undefined || revocation.reach === 'none' || !isRevoked) return 'none';
  const introspection = metadata.introspection_endpoint ?? revocation.introspection;
  return refreshable || introspection !== undefined ? 'provable' : 'not-provable';
}

function methodOf(client: ProviderClient): RevocationMethod | undefined {
  const { metadata, provider, transport } = client;
  const vendor = vendorOf(provider.vendor);
  const { revocation } = vendor;
  const own = (reference: string | undefined) =>
    reference === undefined ? undefined : resolved(reference, client);
  const endpoint = metadata.revocation_endpoint ?? own(revocation.endpoint);
  if (endpoint === undefined) return undefined;
  const introspection = metadata.introspection_endpoint ?? own(revocation.introspection);
  const server = {
    ...metadata,
    revocation_endpoint: endpoint,
    ...(introspection !== undefined && { introspection_endpoint: introspection }),
  };
  const optionsFor = (token: string) => ({
    ...options(client),
    [oauth.customFetch]: asFetch(revocationTransport(transport, vendor, token)),
  });
  return {
    revocation,
    async revoke(token, hint) {
      checkPresentedAt(client, endpoint, ENDPOINT);
      const revokeAs = async (authentication: oauth.ClientAuth): Promise<TokenOutcome> => {
        try {
          const response = await oauth.revocationRequest(
            server,
            oauthClientOf(provider),
            authentication,
            token,
            {
              ...optionsFor(token),
              ...(revocation.typeHint && { additionalParameters: { token_type_hint: hint } }),
            },
          );
          return await validatedRevocation(response, revocation);
        } catch (error) {
          throw providerFailure(error, ENDPOINT);
        }
      };
      const supported = metadata.revocation_endpoint_auth_methods_supported;
      try {
        return await revokeAs(authenticationAt(client, revocation, supported));
      } catch (error) {
        const isInvalidRequest =
          error instanceof ProviderFailure && error.code === 'invalid_request' && !error.unavailable;
        const usesDefaultAuthentication = revocation.authentication === undefined && isPublicClient(client);
        if (!isInvalidRequest || !usesDefaultAuthentication) throw error;
        return revokeAs(withEmptySecret);
      }
    },
    async isActive(token) {
      if (introspection === undefined) return undefined;
      try {
        checkPresentedAt(client, introspection, INTROSPECTION);
        const response = await oauth.introspectionRequest(
          server,
          oauthClientOf(provider),
          authenticationAt(client, revocation, metadata.introspection_endpoint_auth_methods_supported),
          token,
          optionsFor(token),
        );
        return await validatedIntrospection(client, response);
      } catch (error) {
        // A server that does not respond leaves the revocation without a proof. Other errors are thrown.
        if (!(error instanceof ProviderFailure)) providerFailure(error, INTROSPECTION);
        return undefined;
      }
    },
  };
}

type TokenToSend = readonly [token: string, hint: 'refresh_token' | 'access_token'];

/** Returns the tokens to send, in order. */
function tokensToSend(
  { accessToken, refreshToken }: RevocableTokens,
  { sends }: VendorRevocation,
): TokenToSend[] {
  const refresh = refreshToken === undefined ? [] : ([[refreshToken, 'refresh_token']] as const);
  const access = [[accessToken, 'access_token']] as const;
  if (sends === 'access-token') return [...access];
  if (sends === 'refresh-token') return [...refresh];
  return sends === 'one' && refreshToken !== undefined ? [...refresh] : [...refresh, ...access];
}

/**
 * Sends the tokens.
 *
 * @returns the outcomes, in order, without the ones of an access token that cannot be revoked after its refresh token was
 * @throws ProviderFailure
 */
async function send(method: RevocationMethod, tokens: readonly TokenToSend[]): Promise<TokenOutcome[]> {
  const outcomes: TokenOutcome[] = [];
  for (const [token, hint] of tokens) {
    try {
      outcomes.push(await method.revoke(token, hint));
    } catch (error) {
      const isLeftOver = outcomes.some((outcome) => outcome !== 'unsupported');
      if (!isLeftOver || !(error instanceof ProviderFailure) || error.unavailable) throw error;
    }
  }
  return outcomes;
}

/**
 * Returns whether the provider rejects the refresh token, which proves the revocation; undefined if it says neither.
 *
 * @throws NotRevoked if the provider issues tokens for it; ProviderFailure if the provider is unavailable
 */
async function refreshTokenIsDead(
  client: ProviderClient,
  refreshToken: string,
  dpopKey: DpopKey | undefined,
): Promise<true | undefined> {
  let replacement;
  try {
    const bound = dpopKey ? await boundClient(client, dpopKey) : client;
    replacement = await redeemRefreshToken(bound, refreshToken, {
      scopes: [],
      resources: [],
      audiences: [],
    });
  } catch (error) {
    if (!(error instanceof ProviderFailure) || error.unavailable) throw error;
    return error.code === 'invalid_grant' ? true : undefined;
  }
  throw new NotRevoked('the provider still accepts the refresh token', replacement);
}

/** Returns whether the provider, if it gets the request again, says that the token is already revoked. */
async function isRevokedByNow(method: RevocationMethod, [token, hint]: TokenToSend): Promise<boolean> {
  try {
    return (await method.revoke(token, hint)) === 'already-revoked';
  } catch (error) {
    if (!(error instanceof ProviderFailure) || error.unavailable) throw error;
    return false;
  }
}

const notProvable = (reason: string, { userRemoves }: VendorRevocation): RevocationOutcome => ({
  state: 'NOT_PROVABLE',
  detail:
    userRemoves === undefined ? reason : `${reason}. The user can remove the access there: ${userRemoves}`,
});

const confirmed = ({ accessTokenLives }: VendorRevocation): RevocationOutcome => ({
  state: 'CONFIRMED',
  ...(accessTokenLives && { detail: 'the access token stays valid until it expires' }),
});

/**
 * Revokes tokens at their provider and looks for a proof. It can be repeated: tokens that are already revoked count as
 * confirmed.
 *
 * @throws NotRevoked if the provider accepted the request and the tokens are still valid
 * @throws ProviderFailure if the provider is unavailable, or rejects the request permanently
 */
export async function revokeTokens(
  client: ProviderClient,
  tokens: RevocableTokens,
): Promise<RevocationOutcome> {
  const { revocation } = vendorOf(client.provider.vendor);
  const method = methodOf(client);
  if (!method) return notProvable('the provider has no revocation endpoint', revocation);
  const [first, ...others] = tokensToSend(tokens, revocation);
  if (!first) return notProvable('the provider revokes refresh tokens only', revocation);
  const { refreshToken, dpopKey } = tokens;
  // An introspection that never says "active" proves nothing: some servers hide tokens of another audience.
  const introspects = refreshToken === undefined || revocation.introspection !== undefined;
  const activeBefore = introspects ? await method.isActive(first[0]) : undefined;

  let outcomes;
  try {
    outcomes = await send(method, [first, ...others]);
  } catch (error) {
    const isRejected = error instanceof ProviderFailure && !error.unavailable;
    if (!revocation.undocumented || !isRejected) throw error;
    return notProvable(
      `the provider does not document revocation, and responded with ${error.code}`,
      revocation,
    );
  }
  if (outcomes.every((outcome) => outcome === 'unsupported')) {
    return notProvable('the provider does not revoke tokens of this kind', revocation);
  }

  if (refreshToken !== undefined && (await refreshTokenIsDead(client, refreshToken, dpopKey))) {
    return confirmed(revocation);
  }
  if (activeBefore) {
    const activeAfter = await method.isActive(first[0]);
    if (activeAfter) throw new NotRevoked('the provider still introspects the token as active');
    if (activeAfter === false) return confirmed(revocation);
  }
  const isCovered = refreshToken === undefined || first[0] === refreshToken;
  if (isCovered && (outcomes[0] === 'already-revoked' || (await isRevokedByNow(method, first)))) {
    return confirmed(revocation);
  }
  return {
    state: 'ACCEPTED',
    detail: 'the provider accepted the request; there is no way to prove the result',
  };
}
