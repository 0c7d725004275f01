/** Vendors with the same endpoints for all customers. The pages have the facts, and no steps. */
import { guide, nango } from '../guide';

export const LINKEDIN = guide({
  vendor: 'LinkedinOauth2',
  title: 'LinkedIn',
  page: 'linkedin',
  sources: {
    portal: {
      title: 'Developer portal tools, application development',
      url: 'https://learn.microsoft.com/en-us/linkedin/',
      read: '2026-11',
    },
    refresh: {
      title: 'Programmatic refresh tokens',
      url: 'https://learn.microsoft.com/en-us/linkedin/shared/authentication/programmatic-refresh-tokens',
      read: '2026-11',
    },
    nango: nango('linkedin'),
  },
  manual: 'portal',
  setup: ['portal', 'refresh', 'nango'],
  scopes: ['openid', 'profile', 'email'],
  accessTokens: ['60 days.', 'refresh'],
  refreshTokens: [
    '365 days from the consent, for approved partners. A refresh does not extend this.',
    'refresh',
  ],
  rotation: ['None.', 'refresh'],
  pkce: ['LinkedIn rejects it for a client with a secret, so the service does not send it.', 'nango'],
  revocation: [
    [
      'The documentation names no endpoint. The service uses one that many public programs use, and proves the result.',
    ],
  ],
});

export const FACEBOOK = guide({
  vendor: 'FacebookOauth2',
  title: 'Facebook',
  page: 'facebook',
  sources: {
    permissions: {
      title: 'User permissions reference (v25.0)',
      url: 'https://developers.facebook.com/docs/graph-api/reference/user/permissions/',
      read: '2026-11',
    },
    login: {
      title: 'Permissions in Facebook Login',
      url: 'https://developers.facebook.com/docs/facebook-login/guides/permissions',
      dated: '2026-03-03',
      read: '2026-11',
    },
    nango: nango('facebook'),
  },
  manual: 'login',
  setup: ['permissions', 'login', 'nango'],
  scopes: ['public_profile', 'email'],
  accessTokens: ['1 to 2 hours.'],
  refreshTokens: ['None: users consent again.', 'nango'],
  pkce: ['Not documented. The service sends S256.', 'service'],
  oddities: [
    ['The endpoints contain the version v22.0 of the Graph API, which ends one day.', 'permissions'],
  ],
  revocation: [['The request withdraws the whole authorization of the app by the user.', 'permissions']],
});

export const DROPBOX = guide({
  vendor: 'DropboxOauth2',
  title: 'Dropbox',
  page: 'dropbox',
  sources: {
    spec: {
      title: 'dropbox/dropbox-api-spec, auth.stone',
      url: 'https://github.com/dropbox/dropbox-api-spec',
      read: '2026-11',
    },
    offline: {
      title: 'Using OAuth 2.0 with offline access',
      url: 'https://dropbox.tech/developers/using-oauth-2-0-with-offline-access',
      read: '2026-11',
    },
    unified: {
      title: 'Unified: Dropbox OAuth app registration',
      url: 'https://docs.unified.to/skills/dropbox-oauth-app/SKILL.md',
      read: '2026-11',
    },
    nango: nango('dropbox'),
  },
  manual: 'offline',
  setup: ['offline', 'unified', 'nango'],
  scopes: ['files.metadata.read', 'account_info.read'],
  accessTokens: ['About 4 hours.', 'offline'],
  refreshTokens: ['They do not expire.', 'offline'],
  rotation: ['None.', 'offline'],
  pkce: ['S256.', 'offline'],
  revocation: [
    [
      'The request ends the access token, its refresh token, and all access tokens of that refresh token.',
      'spec',
    ],
  ],
});

export const REDDIT = guide({
  vendor: 'RedditOauth2',
  title: 'Reddit',
  page: 'reddit',
  sources: {
    wiki: {
      title: 'reddit-archive/reddit wiki: OAuth2',
      url: 'https://github.com/reddit-archive/reddit/wiki/OAuth2',
      read: '2026-11',
    },
  },
  manual: 'wiki',
  setup: ['wiki'],
  scopes: ['identity', 'read'],
  accessTokens: ['1 hour.', 'wiki'],
  refreshTokens: ['They do not expire.', 'wiki'],
  rotation: ['Probably none.'],
  pkce: ['Not documented. The service sends S256.', 'service'],
  oddities: [
    ['A rejected authorization code comes with status 200. The service reads the error in the body.', 'wiki'],
    ['A token for the agent itself (client credentials) has no refresh token.', 'wiki'],
  ],
  revocation: [
    ['A refresh token takes its access tokens along.', 'wiki'],
    ['Status 204 comes for unknown tokens too.', 'wiki'],
  ],
});

export const SPOTIFY = guide({
  vendor: 'SpotifyOauth2',
  title: 'Spotify',
  page: 'spotify',
  sources: {
    expiry: {
      title: 'Refresh token expiration',
      url: 'https://developer.spotify.com/blog/2026-06-18-refresh-token-expiration',
      dated: '2026-06-18',
      read: '2026-11',
    },
    redirect: {
      title: 'Redirect URIs',
      url: 'https://developer.spotify.com/documentation/web-api/concepts/redirect_uri',
      read: '2026-11',
    },
    code: {
      title: 'Authorization code flow',
      url: 'https://developer.spotify.com/documentation/web-api/tutorials/code-flow',
      read: '2026-11',
    },
  },
  manual: 'code',
  setup: ['expiry', 'redirect', 'code'],
  scopes: ['user-read-email', 'playlist-read-private'],
  accessTokens: ['1 hour.', 'code'],
  refreshTokens: ['6 months from the consent. A refresh does not extend this.', 'expiry'],
  rotation: ['If a refresh returns no refresh token, the previous one stays valid.', 'code'],
  pkce: ['S256.', 'code'],
  oddities: [
    [
      'After 6 months, Spotify returns `invalid_grant`, and the service asks for the consent again.',
      'expiry',
    ],
    ['To show the consent page each time, set the custom parameter `show_dialog` to `true`.', 'code'],
  ],
});

export const TWITCH = guide({
  vendor: 'TwitchOauth2',
  title: 'Twitch',
  page: 'twitch',
  sources: {
    register: {
      title: 'Registering your app',
      url: 'https://dev.twitch.tv/docs/authentication/register-app/',
      read: '2026-11',
    },
    revoke: {
      title: 'Revoking access tokens',
      url: 'https://dev.twitch.tv/docs/authentication/revoke-tokens/',
      read: '2026-11',
    },
  },
  manual: 'register',
  setup: ['register', 'revoke'],
  scopes: ['user:read:email'],
  accessTokens: ['About 4 hours.'],
  rotation: ['The service stores the refresh token of each response.', 'service'],
  pkce: ['Not documented. The service sends S256.', 'service'],
  oddities: [['Twitch accepts the client secret in the body of the request only.', 'register']],
  revocation: [['Twitch does not state whether the refresh token ends with the access token.', 'revoke']],
});

const X_DOCS = 'https://docs.x.com/fundamentals';

export const X = guide({
  vendor: 'XOauth2',
  title: 'X',
  page: 'x',
  sources: {
    code: {
      title: 'OAuth 2.0 authorization code flow with PKCE',
      url: `${X_DOCS}/authentication/oauth-2-0/authorization-code`,
      dated: '2026-08-22',
      read: '2026-11',
    },
    apps: {
      title: 'xdevplatform/docs: developer apps',
      url: 'https://github.com/xdevplatform/docs',
      dated: '2026-08-22',
      read: '2026-11',
    },
  },
  manual: 'code',
  setup: ['code', 'apps'],
  scopes: ['tweet.read', 'users.read', 'offline.access'],
  accessTokens: ['2 hours.', 'code'],
  refreshTokens: ['About 6 months.'],
  rotation: ['Each refresh token is valid for one use.', 'code'],
  pkce: ['Required. The service sends S256.', 'code'],
  oddities: [
    [
      'The authorization code is valid for 30 seconds. Complete the authorization right after the return.',
      'code',
    ],
  ],
  revocation: [['The request ends one token, so the service sends both.', 'code']],
  problems: [
    {
      sign: ['X shows the error 415.', 'apps'],
      remedy: 'Add the callback URL to the app, exactly as printed.',
    },
  ],
});

const YANDEX_DOCS = 'https://yandex.com/dev/id/doc/en';

export const YANDEX = guide({
  vendor: 'YandexOauth2',
  title: 'Yandex',
  page: 'yandex',
  sources: {
    intro: { title: 'Yandex OAuth', url: `${YANDEX_DOCS}/concepts/ya-oauth-intro`, read: '2026-11' },
    invalidate: {
      title: 'Invalidating a token',
      url: `${YANDEX_DOCS}/tokens/token-invalidate`,
      read: '2026-11',
    },
  },
  manual: 'intro',
  setup: ['intro', 'invalidate'],
  scopes: ['login:email', 'login:info'],
  accessTokens: ['As the response says, up to a year.'],
  rotation: ['The service stores the refresh token of each response.', 'service'],
  pkce: ['S256, optional.'],
  revocation: [
    [
      'Only tokens of a device can be revoked. The service sends a new `device_id` with each authorization request.',
      'invalidate',
    ],
  ],
});
