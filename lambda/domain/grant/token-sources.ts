/** The two token sources that need no user: a grant's refresh token, and the client itself. */
import { redeemRefreshToken, requestClientCredentials } from '../oauth/token-request';
import { checkedClient, tokenClientOf, type ProviderClients } from '../oauth/provider-client';
import type { TokenSource } from './renewal';
import type { Seal } from '../sealing/sealing';
import { openTokens, tokensOf, type TokenOwner } from './tokens';
import type { Oauth2Provider } from '../../model/provider/record';

export interface TokenSourceDependencies {
  readonly providerClients: ProviderClients;
  readonly seal: Pick<Seal, 'open'>;
}

/** The owner of the tokens, with the full provider for requests to it. */
export interface RequestOwner extends TokenOwner {
  readonly provider: Oauth2Provider;
}

/** Returns a source that redeems the refresh token of a user's consent (RFC 6749 section 6). */
export const refreshTokenOf = (deps: TokenSourceDependencies, owner: RequestOwner): TokenSource => ({
  endsWithGrant: true,
  preparesByReading: true,
  async prepare(seen) {
    const tokens = tokensOf(seen, owner.provider);
    const { refreshToken, dpopKey } = tokens ? await openTokens(deps.seal, owner, tokens) : {};
    if (!tokens || refreshToken === undefined) throw new Error('the grant has no refresh token');
    // A public client's refresh token is bound to the key, too (RFC 9449 section 5).
    const client = await tokenClientOf(deps.providerClients, owner, dpopKey);
    const { scopes, requestedScopes, parameterScopes, refreshExpiresAt } = tokens;
    const { resources, audiences } = owner;
    return {
      requestedScopes,
      ...(parameterScopes && { parameterScopes }),
      refreshToken,
      send: (check) =>
        redeemRefreshToken(checkedClient(client, check), refreshToken, {
          scopes,
          resources,
          audiences,
          refreshExpiresAt,
        }),
    };
  },
});

/** Returns a source that requests tokens by client credentials (RFC 6749 section 4.4). */
export const clientCredentialsOf = (
  { providerClients }: Pick<TokenSourceDependencies, 'providerClients'>,
  owner: RequestOwner,
  scopes: readonly string[],
): TokenSource => ({
  endsWithGrant: false,
  preparesByReading: true,
  async prepare() {
    const client = await tokenClientOf(providerClients, owner);
    const { resources, audiences } = owner;
    return {
      requestedScopes: scopes,
      send: (check) =>
        requestClientCredentials(checkedClient(client, check), { scopes, resources, audiences }),
    };
  },
});
