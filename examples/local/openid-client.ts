/** Signs users in with the OpenID Connect authorization code flow, PKCE, state, and nonce, through oauth4webapi. */
import * as oauth from 'oauth4webapi';

export interface OpenIdClientOptions {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUri: string;
  readonly postLogoutRedirectUri: string;
  readonly scope: string;
}

/** State that a browser session keeps while its user signs in. */
export interface SignInTransaction {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

export interface SignedInUser {
  readonly subject: string;
  readonly name: string;
  readonly accessToken: string;
  /** Epoch milliseconds. */
  readonly accessTokenExpiresAt: number;
  readonly refreshToken: string | undefined;
  readonly idToken: string;
}

/** All parties of this example use the loopback interface, where http is as private as https. */
const LOOPBACK = { [oauth.allowInsecureRequests]: true } as const;

/** The longest that a sign-out waits for the revocation. */
const REVOCATION_MILLISECONDS = 5000;

/** Renews a token this long before its end, so that it does not expire in transit. */
const EARLY_MILLISECONDS = 60 * 1000;

export class OpenIdClient {
  private readonly client: oauth.Client;
  private readonly authentication: oauth.ClientAuth;
  private metadata: Promise<oauth.AuthorizationServer> | undefined;
  private readonly refreshes = new Map<string, Promise<SignedInUser | undefined>>();

  constructor(private readonly options: OpenIdClientOptions) {
    this.client = { client_id: options.clientId };
    this.authentication = oauth.ClientSecretBasic(options.clientSecret);
  }

  /** @returns the transaction to keep in the browser session, and the URL to send the browser to. */
  async beginSignIn(): Promise<{ transaction: SignInTransaction; authorizationUrl: string }> {
    const server = await this.discover();
    const transaction = {
      state: oauth.generateRandomState(),
      nonce: oauth.generateRandomNonce(),
      codeVerifier: oauth.generateRandomCodeVerifier(),
    };
    const url = new URL(server.authorization_endpoint ?? '');
    url.search = new URLSearchParams({
      client_id: this.options.clientId,
      redirect_uri: this.options.redirectUri,
      response_type: 'code',
      scope: this.options.scope,
      state: transaction.state,
      nonce: transaction.nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(transaction.codeVerifier),
      code_challenge_method: 'S256',
    }).toString();
    return { transaction, authorizationUrl: url.href };
  }

  /**
   * @param callback the whole URL that the provider sent the browser back to.
   * @throws oauth4webapi's errors: the response is an error, belongs to another transaction, or cannot be trusted.
   */
  async completeSignIn(callback: URL, transaction: SignInTransaction): Promise<SignedInUser> {
    const server = await this.discover();
    const parameters = oauth.validateAuthResponse(server, this.client, callback, transaction.state);
    const response = await oauth.authorizationCodeGrantRequest(
      server,
      this.client,
      this.authentication,
      parameters,
      this.options.redirectUri,
      transaction.codeVerifier,
      LOOPBACK,
    );
    const tokens = await oauth.processAuthorizationCodeResponse(server, this.client, response, {
      expectedNonce: transaction.nonce,
      requireIdToken: true,
    });
    const claims = oauth.getValidatedIdTokenClaims(tokens);
    if (claims === undefined || tokens.id_token === undefined)
      throw new Error('The provider sent no ID token.');
    return {
      subject: claims.sub,
      name: typeof claims.name === 'string' ? claims.name : claims.sub,
      accessToken: tokens.access_token,
      accessTokenExpiresAt: Date.now() + (tokens.expires_in ?? 0) * 1000,
      refreshToken: tokens.refresh_token,
      idToken: tokens.id_token,
    };
  }

  /**
   * Returns the user with an access token that is valid for at least another minute.
   *
   * @returns undefined when they have to sign in again.
   */
  async keepFresh(user: SignedInUser): Promise<SignedInUser | undefined> {
    if (user.accessTokenExpiresAt - EARLY_MILLISECONDS > Date.now()) return user;
    const { refreshToken } = user;
    if (refreshToken === undefined) return undefined;
    // The provider rotates refresh tokens and treats a second use as theft, so concurrent requests share one refresh.
    const running = this.refreshes.get(refreshToken) ?? this.refresh(user, refreshToken);
    this.refreshes.set(refreshToken, running);
    try {
      return await running;
    } finally {
      this.refreshes.delete(refreshToken);
    }
  }

  /**
   * Revokes the user's refresh token at the provider (RFC 7009), and with it the grant that it belongs to. If it were
   * only deleted here, a thief could use it for another month. Access tokens are JWTs, which cannot be revoked and
   * expire within minutes.
   *
   * @throws oauth4webapi's errors or fetch errors: the token might still be valid
   */
  async revoke(user: SignedInUser): Promise<void> {
    if (user.refreshToken === undefined) return;
    // Wait for a refresh in progress, because it replaces the token to revoke.
    const current = await this.refreshes.get(user.refreshToken)?.catch(() => undefined);
    const token = current?.refreshToken ?? user.refreshToken;
    const server = await this.discover();
    const response = await oauth.revocationRequest(server, this.client, this.authentication, token, {
      ...LOOPBACK,
      additionalParameters: { token_type_hint: 'refresh_token' },
      signal: AbortSignal.timeout(REVOCATION_MILLISECONDS),
    });
    await oauth.processRevocationResponse(response);
  }

  /** Returns the URL that ends the session at the provider too (OpenID Connect RP-Initiated Logout 1.0). */
  async signOutUrl(user: SignedInUser): Promise<string> {
    const server = await this.discover();
    const url = new URL(server.end_session_endpoint ?? this.options.postLogoutRedirectUri);
    url.searchParams.set('id_token_hint', user.idToken);
    url.searchParams.set('post_logout_redirect_uri', this.options.postLogoutRedirectUri);
    return url.href;
  }

  private async refresh(user: SignedInUser, refreshToken: string): Promise<SignedInUser | undefined> {
    const server = await this.discover();
    const response = await oauth.refreshTokenGrantRequest(
      server,
      this.client,
      this.authentication,
      refreshToken,
      LOOPBACK,
    );
    try {
      const tokens = await oauth.processRefreshTokenResponse(server, this.client, response);
      return {
        ...user,
        accessToken: tokens.access_token,
        accessTokenExpiresAt: Date.now() + (tokens.expires_in ?? 0) * 1000,
        refreshToken: tokens.refresh_token ?? refreshToken,
        idToken: tokens.id_token ?? user.idToken,
      };
    } catch (error) {
      if (error instanceof oauth.ResponseBodyError) return undefined;
      throw error;
    }
  }

  private discover(): Promise<oauth.AuthorizationServer> {
    this.metadata ??= this.requestMetadata().catch((error: unknown) => {
      this.metadata = undefined;
      throw error;
    });
    return this.metadata;
  }

  private async requestMetadata(): Promise<oauth.AuthorizationServer> {
    const issuer = new URL(this.options.issuer);
    return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, LOOPBACK));
  }
}
