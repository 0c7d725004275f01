/**
 * Vendors under `includedOauth2ProviderConfig`: vendors with the same endpoints for all customers, and vendors with
 * tenants, whose issuer and endpoints the configuration states.
 */
import type { Vendor } from './vendor';

/** An OpenID provider at the operator's own tenant; refresh tokens mostly by the scope `offline_access`. */
const tenant = <Own extends Omit<Vendor, 'configMember' | 'server'>>(own: Own) =>
  ({ configMember: 'includedOauth2ProviderConfig', server: 'stated', ...own }) as const;

const TENANT_VENDORS = {
  // An API's identifier goes into `audiences`: without one the access token is for Auth0 itself.
  // https://auth0.com/docs/get-started/authentication-and-authorization-flow/authorization-code-flow
  Auth0Oauth2: tenant({
    clientAuthentication: 'CLIENT_SECRET_POST',
    revocation: {
      // All refresh tokens of the user and the app, if the tenant setting "Refresh Token Revocation Deletes Grant" is on.
      reach: 'user-and-client',
      endpoint: 'revoke',
      sends: 'refresh-token',
      accessTokenLives: true,
    },
  }),
  // https://docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html
  CognitoOauth2: tenant({
    clientAuthentication: 'CLIENT_SECRET_BASIC',
    revocation: { reach: 'grant', endpoint: 'revoke', sends: 'refresh-token' },
  }),
  // A custom OpenID Connect web app; its tenant says where.
  CyberArkOauth2: tenant({
    clientAuthentication: 'CLIENT_SECRET_BASIC',
    revocation: { reach: 'grant', typeHint: true },
  }),
  // https://fusionauth.io/docs/lifecycle/authenticate-users/oauth/endpoints
  FusionAuthOauth2: tenant({
    clientAuthentication: 'CLIENT_SECRET_BASIC',
    revocation: { reach: 'grant', typeHint: true },
  }),
  // https://developer.okta.com/docs/reference/api/oidc/
  OktaOauth2: tenant({
    clientAuthentication: 'CLIENT_SECRET_BASIC',
    revocation: { reach: 'grant', endpoint: 'revoke', introspection: 'introspect', typeHint: true },
  }),
  // https://developers.onelogin.com/openid-connect/api/authorization-code
  OneLoginOauth2: tenant({
    clientAuthentication: 'CLIENT_SECRET_BASIC',
    revocation: {
      reach: 'token',
      endpoint: 'token/revocation',
      introspection: 'token/introspection',
      typeHint: true,
    },
  }),
  // One application is for users or for itself, and each authenticates in its own way (Amazon Bedrock AgentCore
  // developer guide, "PingOne").
  PingOneOauth2: tenant({
    clientAuthentication: 'CLIENT_SECRET_BASIC',
    machineAuthentication: 'CLIENT_SECRET_POST',
    revocation: { reach: 'token', endpoint: 'revoke', introspection: 'introspect' },
  }),
} as const satisfies Record<string, Vendor>;

const included = <Own extends Omit<Vendor, 'configMember'>>(own: Own) =>
  ({ configMember: 'includedOauth2ProviderConfig', ...own }) as const;

const PUBLIC_VENDORS = {
  // https://www.dropbox.com/developers/documentation/http/documentation#oauth2-authorize
  DropboxOauth2: included({
    server: {
      issuer: 'https://www.dropbox.com',
      authorizationEndpoint: 'https://www.dropbox.com/oauth2/authorize',
      tokenEndpoint: 'https://api.dropboxapi.com/oauth2/token',
    },
    authorizationParameters: { token_access_type: 'offline' },
    clientAuthentication: 'CLIENT_SECRET_POST',
    clientCredentials: false,
    response: {},
    // https://www.dropbox.com/developers/documentation/http/documentation#auth-token-revoke
    revocation: {
      reach: 'grant',
      endpoint: '/2/auth/token/revoke',
      sends: 'access-token',
      body: 'bearer',
      deadStatus: 401,
      userRemoves: 'dropbox.com/account/connected_apps',
    },
  }),

  // No refresh tokens. Errors are Graph API errors: an object with a number in it.
  // https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow
  // https://developers.facebook.com/docs/graph-api/guides/error-handling
  FacebookOauth2: included({
    server: {
      issuer: 'https://www.facebook.com',
      authorizationEndpoint: 'https://www.facebook.com/v22.0/dialog/oauth',
      tokenEndpoint: 'https://graph.facebook.com/v22.0/oauth/access_token',
    },
    scopeSeparator: ',',
    clientAuthentication: 'CLIENT_SECRET_POST',
    response: {
      errorAt: ['error', 'code'],
      errorCodes: {
        1: 'invalid_client',
        2: 'temporarily_unavailable',
        4: 'temporarily_unavailable',
        17: 'temporarily_unavailable',
        100: 'invalid_grant',
        101: 'invalid_client',
        190: 'invalid_grant',
      },
    },
    // https://developers.facebook.com/docs/facebook-login/guides/permissions/request-revoke
    revocation: {
      reach: 'user-and-client',
      endpoint: '../me/permissions',
      method: 'DELETE',
      sends: 'access-token',
      body: 'bearer',
      response: {
        errorAt: ['error', 'code'],
        errorCodes: {
          2: 'temporarily_unavailable',
          4: 'temporarily_unavailable',
          17: 'temporarily_unavailable',
          190: 'invalid_token',
        },
      },
      userRemoves: 'Facebook > Settings > Apps and Websites',
    },
  }),

  // Always a refresh token. Errors are those of its API (a word in `status`, until version 1 ends), or of the RFC.
  HubspotOauth2: included({
    server: {
      issuer: 'https://app.hubspot.com',
      authorizationEndpoint: 'https://app.hubspot.com/oauth/authorize',
      tokenEndpoint: 'https://api.hubapi.com/oauth/2026-03/token',
    },
    clientAuthentication: 'CLIENT_SECRET_POST',
    clientCredentials: false,
    response: {
      errorAt: ['status'],
      errorCodes: {
        BAD_AUTH_CODE: 'invalid_grant',
        BAD_REFRESH_TOKEN: 'invalid_grant',
        BAD_CLIENT_ID: 'invalid_client',
        BAD_CLIENT_SECRET: 'invalid_client',
        BAD_REDIRECT_URI: 'invalid_request',
        invalid_grant: 'invalid_grant',
        invalid_client: 'invalid_client',
      },
    },
    // Access tokens live on for up to 30 minutes.
    revocation: {
      reach: 'installation',
      endpoint: '/oauth/2026-03/token/revoke',
      introspection: '/oauth/2026-03/token/introspect',
      sends: 'refresh-token',
      typeHint: true,
      accessTokenLives: true,
      userRemoves: 'HubSpot > Settings > Integrations > Connected Apps > Uninstall',
    },
  }),

  // No scopes; a page picker instead. Members without a value are null, errors are its API's.
  // https://developers.notion.com/reference/create-a-token
  NotionOauth2: included({
    server: {
      issuer: 'https://api.notion.com',
      authorizationEndpoint: 'https://api.notion.com/v1/oauth/authorize',
      tokenEndpoint: 'https://api.notion.com/v1/oauth/token',
    },
    authorizationParameters: { owner: 'user' },
    clientAuthentication: 'CLIENT_SECRET_BASIC',
    clientCredentials: false,
    jsonTokenRequest: true,
    tokenRequestHeaders: { 'notion-version': '2025-09-03' },
    response: {
      errorAt: ['code'],
      errorCodes: {
        unauthorized: 'invalid_client',
        validation_error: 'invalid_request',
        rate_limited: 'temporarily_unavailable',
        service_unavailable: 'temporarily_unavailable',
      },
    },
    // https://developers.notion.com/reference/revoke-token, https://developers.notion.com/reference/introspect-token
    revocation: {
      reach: 'token',
      endpoint: 'revoke',
      introspection: 'introspect',
      sends: 'access-token',
      body: 'json',
      response: {
        errorAt: ['code'],
        errorCodes: {
          unauthorized: 'invalid_client',
          validation_error: 'invalid_request',
          rate_limited: 'temporarily_unavailable',
          service_unavailable: 'temporarily_unavailable',
        },
      },
      userRemoves: 'Notion > Settings > Connections > the app > Disconnect',
    },
  }),

  // A refused code comes with status 200, a refused client with a number in `error`.
  // https://github.com/reddit-archive/reddit/wiki/OAuth2
  RedditOauth2: included({
    server: {
      issuer: 'https://www.reddit.com',
      authorizationEndpoint: 'https://www.reddit.com/api/v1/authorize',
      tokenEndpoint: 'https://www.reddit.com/api/v1/access_token',
    },
    authorizationParameters: { duration: 'permanent' },
    clientAuthentication: 'CLIENT_SECRET_BASIC',
    response: { errorCodes: { 401: 'invalid_client', 429: 'temporarily_unavailable' } },
    revocation: {
      reach: 'grant',
      endpoint: 'revoke_token',
      sends: 'one',
      typeHint: true,
      response: { errorCodes: { 401: 'invalid_client', 429: 'temporarily_unavailable' } },
      userRemoves: 'reddit.com/prefs/apps',
    },
  }),

  // Always a refresh token, which stays good when a refresh brings none.
  // https://developer.spotify.com/documentation/web-api/tutorials/code-flow
  SpotifyOauth2: included({
    server: {
      issuer: 'https://accounts.spotify.com',
      authorizationEndpoint: 'https://accounts.spotify.com/authorize',
      tokenEndpoint: 'https://accounts.spotify.com/api/token',
    },
    clientAuthentication: 'CLIENT_SECRET_BASIC',
    response: {},
    // Refresh tokens end 6 months after the consent.
    revocation: { reach: 'none', userRemoves: 'spotify.com/account/apps > Remove access' },
  }),

  // Always a refresh token. Scopes come as an array; errors are a sentence in `message`.
  // https://dev.twitch.tv/docs/authentication/getting-tokens-oauth/
  TwitchOauth2: included({
    server: {
      issuer: 'https://id.twitch.tv/oauth2',
      authorizationEndpoint: 'https://id.twitch.tv/oauth2/authorize',
      tokenEndpoint: 'https://id.twitch.tv/oauth2/token',
    },
    authorizationParameters: { force_verify: 'false' },
    clientAuthentication: 'CLIENT_SECRET_POST',
    response: {
      errorAt: ['message'],
      errorCodes: {
        'Invalid authorization code': 'invalid_grant',
        'Invalid refresh token': 'invalid_grant',
        'invalid client': 'invalid_client',
        'invalid client secret': 'invalid_client',
      },
    },
    // https://dev.twitch.tv/docs/authentication/revoke-tokens/
    revocation: {
      reach: 'token',
      endpoint: 'revoke',
      sends: 'access-token',
      authentication: 'client-id',
      response: { errorAt: ['message'], errorCodes: { 'Invalid token': 'invalid_token' } },
      userRemoves: 'Twitch > Settings > Connections > Other Connections',
    },
  }),

  // Refresh tokens by the scope `offline.access`, each good once; a spent one is rejected as an invalid request.
  // https://docs.x.com/fundamentals/authentication/oauth-2-0/authorization-code
  XOauth2: included({
    server: {
      issuer: 'https://x.com',
      authorizationEndpoint: 'https://x.com/i/oauth2/authorize',
      tokenEndpoint: 'https://api.x.com/2/oauth2/token',
    },
    clientAuthentication: 'CLIENT_SECRET_BASIC',
    clientCredentials: false,
    response: { errorCodes: { invalid_request: 'invalid_grant' } },
    revocation: { reach: 'token', endpoint: 'revoke', userRemoves: 'x.com/settings/connected_apps' },
  }),

  // Always a refresh token. Only tokens of a device can be revoked.
  // https://yandex.com/dev/id/doc/en/codes/code-url
  YandexOauth2: included({
    server: {
      issuer: 'https://oauth.yandex.com',
      authorizationEndpoint: 'https://oauth.yandex.com/authorize',
      tokenEndpoint: 'https://oauth.yandex.com/token',
    },
    device: true,
    clientAuthentication: 'CLIENT_SECRET_BASIC',
    response: { errorCodes: { bad_verification_code: 'invalid_grant' } },
    // https://yandex.com/dev/id/doc/en/tokens/token-invalidate
    revocation: {
      reach: 'token',
      endpoint: 'revoke_token',
      sends: 'access-token',
      parameter: 'access_token',
      userRemoves: 'id.yandex.com/personal/data-access',
    },
  }),

  // Always a refresh token, which rotates. A General app gets tokens for itself by client credentials. A Server-to-Server
  // app is another kind of app with a grant of Zoom's own (`account_credentials`).
  // https://developers.zoom.us/docs/integrations/oauth/
  ZoomOauth2: included({
    server: {
      issuer: 'https://zoom.us',
      authorizationEndpoint: 'https://zoom.us/oauth/authorize',
      tokenEndpoint: 'https://zoom.us/oauth/token',
    },
    scopeSeparator: ',',
    clientAuthentication: 'CLIENT_SECRET_BASIC',
    response: {},
    // The access token takes its refresh token along.
    revocation: {
      reach: 'grant',
      endpoint: 'revoke',
      sends: 'access-token',
      response: { errorAt: ['code'], errorCodes: { 4741: 'invalid_token' } },
      userRemoves: 'marketplace.zoom.us > Manage > Added Apps > Remove',
    },
  }),
} as const satisfies Record<string, Vendor>;

export const INCLUDED_VENDORS = { ...TENANT_VENDORS, ...PUBLIC_VENDORS } as const satisfies Record<
  string,
  Vendor
>;
