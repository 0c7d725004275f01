/**
 * Vendors with their own config member. Each one states how to get a refresh token: the service sends a parameter, but
 * the agent must request a scope, because the consent page shows it.
 */
import type { Vendor } from './vendor';

export const NAMED_VENDORS = {
  /** Refresh tokens by the scope `offline_access`; they rotate. Three-legged apps get no token by client credentials. */
  // https://developer.atlassian.com/cloud/oauth/getting-started/implementing-oauth-3lo/
  AtlassianOauth2: {
    configMember: 'atlassianOauth2ProviderConfig',
    server: {
      issuer: 'https://auth.atlassian.com',
      authorizationEndpoint: 'https://auth.atlassian.com/authorize',
      tokenEndpoint: 'https://auth.atlassian.com/oauth/token',
    },
    authorizationParameters: { audience: 'api.atlassian.com', prompt: 'consent' },
    clientAuthentication: 'CLIENT_SECRET_POST',
    clientCredentials: false,
    jsonTokenRequest: true,
    response: {},
    // The metadata of another issuer on this host names the endpoint; the documentation of 3LO apps names none.
    revocation: {
      reach: 'grant',
      endpoint: 'revoke',
      sends: 'one',
      undocumented: true,
      userRemoves: 'Atlassian account > Connected apps (id.atlassian.com)',
    },
  },

  /**
   * Refresh tokens from GitHub Apps whose user tokens expire; tokens of OAuth apps do not end. Errors come with
   * status 200, scopes with commas, and all of it as a form unless JSON is asked for.
   */
  // https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
  GithubOauth2: {
    configMember: 'githubOauth2ProviderConfig',
    server: {
      // Published at https://github.com/.well-known/oauth-authorization-server/login/oauth and sent as `iss`.
      issuer: 'https://github.com/login/oauth',
      authorizationEndpoint: 'https://github.com/login/oauth/authorize',
      tokenEndpoint: 'https://github.com/login/oauth/access_token',
    },
    clientAuthentication: 'CLIENT_SECRET_POST',
    clientCredentials: false,
    response: {
      // https://docs.github.com/en/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors
      errorCodes: {
        bad_verification_code: 'invalid_grant',
        bad_refresh_token: 'invalid_grant',
        incorrect_client_credentials: 'invalid_client',
        redirect_uri_mismatch: 'invalid_request',
      },
    },
    // The way to revoke one token. `/grant` in place of `/token` would end all tokens of this user and app.
    // https://docs.github.com/en/rest/apps/oauth-applications#delete-an-app-token
    revocation: {
      reach: 'token',
      endpoint: 'https://api.github.com/applications/{client_id}/token',
      method: 'DELETE',
      sends: 'access-token',
      body: 'json',
      parameter: 'access_token',
      authentication: 'CLIENT_SECRET_BASIC',
      deadStatus: 404,
      userRemoves: 'github.com/settings/applications',
    },
  },

  /**
   * A refresh token is issued only at a user's first consent, unless the request requires consent again. A token vault
   * that lost its grant needs it.
   */
  // https://developers.google.com/identity/protocols/oauth2/web-server
  GoogleOauth2: {
    configMember: 'googleOauth2ProviderConfig',
    server: {
      issuer: 'https://accounts.google.com',
      authorizationEndpoint: 'https://accounts.google.com/o/oauth2/v2/auth',
      tokenEndpoint: 'https://oauth2.googleapis.com/token',
    },
    authorizationParameters: { access_type: 'offline', prompt: 'consent' },
    clientAuthentication: 'CLIENT_SECRET_POST',
    clientCredentials: false,
    response: {},
    // The response to a dead token has status 400.
    // https://developers.google.com/identity/protocols/oauth2/web-server#tokenrevoke
    revocation: {
      reach: 'user-and-project',
      endpoint: 'revoke',
      sends: 'one',
      authentication: 'none',
      userRemoves: 'Google Account > third-party apps and services',
    },
  },

  /** Refresh tokens for approved partner applications. The plain flow refuses PKCE, which is for native clients. */
  // https://learn.microsoft.com/en-us/linkedin/shared/authentication/authorization-code-flow
  LinkedinOauth2: {
    configMember: 'linkedinOauth2ProviderConfig',
    server: {
      issuer: 'https://www.linkedin.com/oauth',
      authorizationEndpoint: 'https://www.linkedin.com/oauth/v2/authorization',
      tokenEndpoint: 'https://www.linkedin.com/oauth/v2/accessToken',
    },
    pkce: false,
    // https://learn.microsoft.com/en-us/linkedin/shared/authentication/authorization-code-flow
    declinedErrors: ['user_cancelled_login', 'user_cancelled_authorize'],
    clientAuthentication: 'CLIENT_SECRET_POST',
    response: {},
    // Public programs use the endpoint; the documentation names none.
    revocation: {
      reach: 'token',
      endpoint: 'revoke',
      introspection: 'introspectToken',
      sends: 'access-token',
      undocumented: true,
      userRemoves: 'LinkedIn > Settings > Data privacy > Permitted services',
    },
  },

  /** Refresh tokens by the scope `offline_access`. On-behalf-of is a JWT for an authorization grant that says so. */
  // https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow
  // https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-on-behalf-of-flow
  MicrosoftOauth2: {
    configMember: 'microsoftOauth2ProviderConfig',
    server: 'entra-tenant',
    clientAuthentication: 'CLIENT_SECRET_POST',
    onBehalfOf: {
      config: { grantType: 'JWT_AUTHORIZATION_GRANT' },
      parameters: { requested_token_use: 'on_behalf_of' },
    },
    response: {},
    // Near misses end all sessions of the user, or need an administrator.
    revocation: {
      reach: 'none',
      userRemoves: 'myapps.microsoft.com > the app > Manage your application',
    },
  },

  /**
   * Refresh tokens by the scope `refresh_token` or `offline_access`. An access token lives as long as the session
   * that the org sets, which the response does not say: 15 minutes is the shortest that can be set. Client
   * credentials are for My Domain hosts.
   */
  SalesforceOauth2: {
    configMember: 'salesforceOauth2ProviderConfig',
    server: {
      issuer: 'https://login.salesforce.com',
      authorizationEndpoint: 'https://login.salesforce.com/services/oauth2/authorize',
      tokenEndpoint: 'https://login.salesforce.com/services/oauth2/token',
    },
    authorizationParameters: { prompt: 'consent' },
    clientAuthentication: 'CLIENT_SECRET_POST',
    clientCredentials: false,
    response: { assumedLifetime: 900 },
    // A refresh token takes its access tokens along. The response to a dead token has status 400 `invalid_token`.
    // https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_revoke_token.htm
    revocation: {
      reach: 'grant',
      endpoint: 'revoke',
      sends: 'one',
      authentication: 'none',
      userRemoves: "the user's personal settings > Connected Apps",
    },
  },

  /**
   * Refresh tokens where the app has token rotation on. Scopes are those of the app's bot; a user's are asked for by
   * the custom parameter `user_scope`, and when they alone are, the token comes in `authed_user`. Errors come with
   * status 200. PKCE would make the app a public client permanently.
   */
  // https://docs.slack.dev/authentication/installing-with-oauth, https://docs.slack.dev/reference/methods/oauth.v2.access
  SlackOauth2: {
    configMember: 'slackOauth2ProviderConfig',
    server: {
      issuer: 'https://slack.com',
      authorizationEndpoint: 'https://slack.com/oauth/v2/authorize',
      tokenEndpoint: 'https://slack.com/api/oauth.v2.access',
    },
    scopeSeparator: ',',
    pkce: false,
    clientAuthentication: 'CLIENT_SECRET_POST',
    clientCredentials: false,
    response: {
      tokensIn: 'authed_user',
      errorCodes: {
        invalid_code: 'invalid_grant',
        code_already_used: 'invalid_grant',
        invalid_refresh_token: 'invalid_grant',
        bad_redirect_uri: 'invalid_request',
        invalid_client_id: 'invalid_client',
        bad_client_secret: 'invalid_client',
        ratelimited: 'temporarily_unavailable',
        internal_error: 'temporarily_unavailable',
        service_unavailable: 'temporarily_unavailable',
        fatal_error: 'temporarily_unavailable',
      },
    },
    // A bot token belongs to the installation in the workspace.
    // https://docs.slack.dev/reference/methods/auth.revoke
    revocation: {
      reach: 'installation',
      endpoint: 'auth.revoke',
      sends: 'access-token',
      body: 'bearer',
      response: {
        errorCodes: {
          token_revoked: 'invalid_token',
          token_expired: 'invalid_token',
          account_inactive: 'invalid_token',
          invalid_auth: 'invalid_token',
          ratelimited: 'temporarily_unavailable',
          internal_error: 'temporarily_unavailable',
          service_unavailable: 'temporarily_unavailable',
          fatal_error: 'temporarily_unavailable',
        },
      },
      userRemoves: "the workspace's app page > Remove",
    },
  },
} as const satisfies Record<string, Vendor>;
