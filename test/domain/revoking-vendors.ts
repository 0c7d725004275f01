/** How the vendors revoke tokens, by their documentation. Each entry is written from the vendor's side. */
import type { VendorName } from '../../lambda/model/provider/vendor-names';
import type { RevokingVendor, Said } from './revoking-vendor';

const invalidGrant: Said = { status: 400, body: { error: 'invalid_grant' } };
const OK: Said = { status: 200 };

/** RFC 7009: the refresh token, then the access token; the response to unknown tokens has status 200. */
const rfc7009 = {
  method: 'POST',
  client: 'basic',
  body: 'form',
  takes: ['access', 'refresh'],
  endsBoth: true,
  done: OK,
  dead: OK,
} as const;

const slack = (error: string): Said => ({ status: 200, body: { ok: false, error } });

export const REVOKING: readonly (readonly [VendorName, RevokingVendor])[] = [
  [
    'GoogleOauth2',
    {
      tokenEndpoint: 'https://oauth2.googleapis.com/token',
      refusesRefresh: invalidGrant,
      revoke: {
        ...rfc7009,
        url: 'https://oauth2.googleapis.com/revoke',
        client: 'nowhere',
        dead: { status: 400, body: { error: 'invalid_token' } },
      },
    },
  ],
  [
    'GithubOauth2',
    {
      tokenEndpoint: 'https://github.com/login/oauth/access_token',
      refusesRefresh: { status: 200, body: { error: 'bad_refresh_token' } },
      revoke: {
        url: 'https://api.github.com/applications/client-id_1/token',
        method: 'DELETE',
        client: 'basic',
        body: 'json',
        parameter: 'access_token',
        takes: ['access'],
        endsBoth: true,
        done: { status: 204 },
        dead: { status: 404, body: { message: 'Not Found' } },
      },
    },
  ],
  [
    'SlackOauth2',
    {
      tokenEndpoint: 'https://slack.com/api/oauth.v2.access',
      refusesRefresh: slack('invalid_refresh_token'),
      revoke: {
        url: 'https://slack.com/api/auth.revoke',
        method: 'POST',
        client: 'nowhere',
        body: 'bearer',
        takes: ['access'],
        endsBoth: true,
        done: { status: 200, body: { ok: true, revoked: true } },
        dead: slack('token_revoked'),
      },
    },
  ],
  [
    'SalesforceOauth2',
    {
      tokenEndpoint: 'https://login.salesforce.com/services/oauth2/token',
      refusesRefresh: invalidGrant,
      revoke: {
        ...rfc7009,
        url: 'https://login.salesforce.com/services/oauth2/revoke',
        client: 'nowhere',
        dead: { status: 400, body: { error: 'invalid_token' } },
      },
    },
  ],
  [
    'AtlassianOauth2',
    {
      tokenEndpoint: 'https://auth.atlassian.com/oauth/token',
      refusesRefresh: { status: 403, body: { error: 'invalid_grant' } },
      revoke: { ...rfc7009, url: 'https://auth.atlassian.com/oauth/revoke', client: 'post' },
    },
  ],
  [
    'LinkedinOauth2',
    {
      tokenEndpoint: 'https://www.linkedin.com/oauth/v2/accessToken',
      refusesRefresh: invalidGrant,
      revoke: {
        ...rfc7009,
        url: 'https://www.linkedin.com/oauth/v2/revoke',
        client: 'post',
        takes: ['access'],
      },
      introspect: { url: 'https://www.linkedin.com/oauth/v2/introspectToken', body: 'form', client: 'post' },
    },
  ],
  [
    'NotionOauth2',
    {
      tokenEndpoint: 'https://api.notion.com/v1/oauth/token',
      refusesRefresh: invalidGrant,
      revoke: {
        url: 'https://api.notion.com/v1/oauth/revoke',
        method: 'POST',
        client: 'basic',
        body: 'json',
        headers: ['notion-version'],
        takes: ['access'],
        endsBoth: true,
        done: { status: 200, body: { request_id: 'r1' } },
        dead: { status: 400, body: { object: 'error', status: 400, code: 'validation_error' } },
      },
      introspect: { url: 'https://api.notion.com/v1/oauth/introspect', body: 'json', client: 'basic' },
    },
  ],
  [
    'HubspotOauth2',
    {
      tokenEndpoint: 'https://api.hubapi.com/oauth/2026-03/token',
      refusesRefresh: { status: 400, body: { status: 'BAD_REFRESH_TOKEN' } },
      revoke: {
        ...rfc7009,
        url: 'https://api.hubapi.com/oauth/2026-03/token/revoke',
        client: 'post',
        also: ['token_type_hint'],
        takes: ['refresh'],
        endsBoth: false,
        done: { status: 204 },
        dead: { status: 204 },
      },
      introspect: {
        url: 'https://api.hubapi.com/oauth/2026-03/token/introspect',
        body: 'form',
        client: 'post',
      },
    },
  ],
  [
    'ZoomOauth2',
    {
      tokenEndpoint: 'https://zoom.us/oauth/token',
      refusesRefresh: { status: 400, body: { reason: 'Invalid Token!', error: 'invalid_grant' } },
      revoke: {
        ...rfc7009,
        url: 'https://zoom.us/oauth/revoke',
        takes: ['access'],
        done: { status: 200, body: { status: 'success' } },
        dead: { status: 400, body: { code: 4741, message: 'Token has been revoked.' } },
      },
    },
  ],
  [
    'FacebookOauth2',
    {
      tokenEndpoint: 'https://graph.facebook.com/v22.0/oauth/access_token',
      revoke: {
        url: 'https://graph.facebook.com/v22.0/me/permissions',
        method: 'DELETE',
        client: 'nowhere',
        body: 'bearer',
        takes: ['access'],
        endsBoth: true,
        done: { status: 200, body: { success: true } },
        dead: { status: 400, body: { error: { code: 190, type: 'OAuthException' } } },
      },
    },
  ],
  [
    'DropboxOauth2',
    {
      tokenEndpoint: 'https://api.dropboxapi.com/oauth2/token',
      refusesRefresh: invalidGrant,
      revoke: {
        url: 'https://api.dropboxapi.com/2/auth/token/revoke',
        method: 'POST',
        client: 'nowhere',
        body: 'bearer',
        takes: ['access'],
        endsBoth: true,
        done: OK,
        dead: { status: 401, body: { error_summary: 'invalid_access_token/' } },
      },
    },
  ],
  [
    'RedditOauth2',
    {
      tokenEndpoint: 'https://www.reddit.com/api/v1/access_token',
      refusesRefresh: invalidGrant,
      revoke: {
        ...rfc7009,
        url: 'https://www.reddit.com/api/v1/revoke_token',
        also: ['token_type_hint'],
        takes: ['refresh', 'access'],
        done: { status: 204 },
        dead: { status: 204 },
      },
    },
  ],
  [
    'TwitchOauth2',
    {
      tokenEndpoint: 'https://id.twitch.tv/oauth2/token',
      refusesRefresh: {
        status: 400,
        body: { error: 'Bad Request', status: 400, message: 'Invalid refresh token' },
      },
      revoke: {
        ...rfc7009,
        url: 'https://id.twitch.tv/oauth2/revoke',
        client: 'client-id',
        takes: ['access'],
        dead: { status: 400, body: { status: 400, message: 'Invalid token' } },
      },
    },
  ],
  [
    'XOauth2',
    {
      tokenEndpoint: 'https://api.x.com/2/oauth2/token',
      refusesRefresh: { status: 400, body: { error: 'invalid_request' } },
      revoke: { ...rfc7009, url: 'https://api.x.com/2/oauth2/revoke', endsBoth: false },
    },
  ],
  [
    'YandexOauth2',
    {
      tokenEndpoint: 'https://oauth.yandex.com/token',
      refusesRefresh: invalidGrant,
      revoke: {
        ...rfc7009,
        url: 'https://oauth.yandex.com/revoke_token',
        parameter: 'access_token',
        takes: ['access'],
        done: { status: 200, body: { status: 'ok' } },
        dead: { status: 400, body: { error: 'invalid_request' } },
      },
    },
  ],
  [
    'Auth0Oauth2',
    {
      tokenEndpoint: 'https://acme.auth0.com/oauth/token',
      refusesRefresh: { status: 403, body: { error: 'invalid_grant' } },
      revoke: {
        ...rfc7009,
        url: 'https://acme.auth0.com/oauth/revoke',
        client: 'post',
        takes: ['refresh'],
        endsBoth: false,
      },
    },
  ],
  [
    'CognitoOauth2',
    {
      tokenEndpoint: 'https://acme.auth.eu-central-1.amazoncognito.com/oauth2/token',
      refusesRefresh: invalidGrant,
      revoke: {
        ...rfc7009,
        url: 'https://acme.auth.eu-central-1.amazoncognito.com/oauth2/revoke',
        takes: ['refresh'],
      },
    },
  ],
  [
    'OktaOauth2',
    {
      tokenEndpoint: 'https://acme.okta.com/oauth2/default/v1/token',
      refusesRefresh: invalidGrant,
      revoke: {
        ...rfc7009,
        url: 'https://acme.okta.com/oauth2/default/v1/revoke',
        also: ['token_type_hint'],
      },
      introspect: {
        url: 'https://acme.okta.com/oauth2/default/v1/introspect',
        body: 'form',
        client: 'basic',
      },
    },
  ],
  [
    'OneLoginOauth2',
    {
      tokenEndpoint: 'https://acme.onelogin.com/oidc/2/token',
      refusesRefresh: invalidGrant,
      revoke: {
        ...rfc7009,
        url: 'https://acme.onelogin.com/oidc/2/token/revocation',
        also: ['token_type_hint'],
        endsBoth: false,
      },
      introspect: {
        url: 'https://acme.onelogin.com/oidc/2/token/introspection',
        body: 'form',
        client: 'basic',
      },
    },
  ],
  [
    'PingOneOauth2',
    {
      tokenEndpoint: 'https://auth.pingone.eu/4f6e/as/token',
      refusesRefresh: invalidGrant,
      revoke: { ...rfc7009, url: 'https://auth.pingone.eu/4f6e/as/revoke', endsBoth: false },
      introspect: { url: 'https://auth.pingone.eu/4f6e/as/introspect', body: 'form', client: 'basic' },
    },
  ],
];

/** Vendors without a way to revoke, unless the metadata of the server name an endpoint. */
export const WITHOUT_A_WAY: readonly VendorName[] = [
  'MicrosoftOauth2',
  'SpotifyOauth2',
  'CyberArkOauth2',
  'FusionAuthOauth2',
  'CustomOauth2',
];
