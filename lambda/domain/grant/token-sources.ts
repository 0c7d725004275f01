/** The two token sources that need no user: a grant's refresh token, and the client itself. */
import { redeemRefreshToken, requestClientCredentials } from '../oauth/token-request';
import { checkedClient, tokenClientOf, type ProviderClients } from '../oauth/provider-client';
import type { TokenSource } from './renewal';
import type { Seal } from '../sealing/sealing';
import { openTokens, tokensOf, type TokenHolder } from './tokens';
import type { Oauth2Provider } from '../../model/provider/record';

export interface TokenSourceDependencies {
  readonly providerClients: ProviderClients;
  readonly seal: Pick<Seal, 'open'>;
}

/** The holder of the tokens, with the full provider for requests to it. */
export interface RequestHolder extends TokenHolder {
  readonly provider: Oauth2Provider;
}

/** Returns a source that redeems the refresh token of a user's consent (RFC 6749 section 6). */
export const refreshTokenOf = (deps: TokenSourceDependencies, tokenHolder: RequestHolder): TokenSource => ({
  endsWithGrant: true,
  preparesByReading: true,
  async prepare(seen) {
    const tokens = tokensOf(seen, tokenHolder.provider);
    const { refreshToken, dpopKey } = tokens ? await openTokens(deps.seal, tokenHolder, tokens) : {};
    if (!tokens || refreshToken === undefined) throw new Error('the grant has no refresh token');
    // A public client's refresh token is bound to the key, too (RFC 9449 section 5).
    const client = await tokenClientOf(deps.providerClients, tokenHolder, dpopKey);
    const { scopes, requestedScopes, parameterScopes, refreshExpiresAt } = tokens;
    const { resources, audiences } = tokenHolder;
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
  tokenHolder: RequestHolder,
  scopes: readonly string[],
): TokenSource => ({
  endsWithGrant: false,
  preparesByReading: true,
  async prepare() {
    const client = await tokenClientOf(providerClients, tokenHolder);
    const { resources, audiences } = tokenHolder;
    return {
      requestedScopes: scopes,
      send: (check) =>
        requestClientCredentials(checkedClient(client, check), { scopes, resources, audiences }),
    };
  },
});
