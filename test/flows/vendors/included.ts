/** Vendors under `includedOauth2ProviderConfig` that have one address for all customers. */
import {
  OWN_WORDS,
  plainRefusals,
  plainTokens,
  type Client,
  type Refusal,
  type VendorBehavior,
} from './behavior';

const included = {
  config: (client: Client) => ({ includedOauth2ProviderConfig: client }),
  fixed: true,
  pkce: true,
  tokens: plainTokens,
  refreshes: true,
} as const;

const hubspot = (status: string): Refusal => ({ status: 400, body: { status, message: OWN_WORDS } });
const twitch = (status: number, message: string): Refusal => ({
  status,
  body: { error: 'Bad Request', status, message },
});
const facebook = (code: number): Refusal => ({
  status: 400,
  body: { error: { message: OWN_WORDS, type: 'OAuthException', code, fbtrace_id: 'A1' } },
});

export const INCLUDED: readonly VendorBehavior[] = [
  {
    ...included,
    vendor: 'DropboxOauth2',
    scopes: ['files.content.read', 'account_info.read'],
    authorization: { scope: 'files.content.read account_info.read', token_access_type: 'offline' },
    credentials: 'post',
    // Sorted scopes, and no new refresh token at a refresh.
    tokens: ({ access, refresh, scopes, grant }) => ({
      access_token: access,
      token_type: 'bearer',
      expires_in: 14400,
      scope: [...scopes].sort().join(' '),
      uid: '12345',
      account_id: 'dbid:1',
      ...(grant === 'authorization_code' && { refresh_token: refresh }),
    }),
    granted: ['account_info.read', 'files.content.read'],
    lifetime: 14400,
    refusals: { ...plainRefusals, client: { status: 400, body: { error: 'invalid_client' } } },
  },
  {
    ...included,
    vendor: 'FacebookOauth2',
    scopes: ['email', 'public_profile'],
    authorization: { scope: 'email,public_profile' },
    credentials: 'post',
    machine: 'post',
    // No refresh token and no scopes.
    tokens: ({ access }) => ({ access_token: access, token_type: 'bearer', expires_in: 5183944 }),
    lifetime: 5183944,
    refreshes: false,
    refusals: { code: facebook(100), refresh: facebook(100), client: facebook(1) },
  },
  {
    ...included,
    vendor: 'HubspotOauth2',
    scopes: ['crm.objects.contacts.read', 'oauth'],
    authorization: { scope: 'crm.objects.contacts.read oauth' },
    credentials: 'post',
    tokens: ({ access, refresh }) => ({
      token_type: 'bearer',
      access_token: access,
      refresh_token: refresh,
      expires_in: 1800,
    }),
    lifetime: 1800,
    refusals: {
      code: hubspot('BAD_AUTH_CODE'),
      refresh: hubspot('BAD_REFRESH_TOKEN'),
      client: hubspot('BAD_CLIENT_SECRET'),
    },
  },
  {
    ...included,
    vendor: 'NotionOauth2',
    scopes: [],
    authorization: { owner: 'user' },
    credentials: 'basic',
    body: 'json',
    headers: ['notion-version'],
    tokens: ({ access }) => ({
      access_token: access,
      token_type: 'bearer',
      refresh_token: null,
      bot_id: 'b3414d65',
      workspace_icon: null,
      workspace_name: 'Acme',
      workspace_id: 'w1',
      owner: { type: 'user' },
      duplicated_template_id: null,
    }),
    refreshes: false,
    refusals: {
      ...plainRefusals,
      client: {
        status: 401,
        body: { object: 'error', status: 401, code: 'unauthorized', message: OWN_WORDS },
      },
    },
  },
  {
    ...included,
    vendor: 'RedditOauth2',
    scopes: ['identity', 'read'],
    authorization: { scope: 'identity read', duration: 'permanent' },
    credentials: 'basic',
    machine: 'basic',
    headers: ['user-agent'],
    lifetime: 3600,
    refusals: {
      code: { status: 200, body: { error: 'invalid_grant' } },
      refresh: { status: 400, body: { error: 'invalid_grant' } },
      client: { status: 401, body: { message: OWN_WORDS, error: 401 } },
    },
  },
  {
    ...included,
    vendor: 'SpotifyOauth2',
    scopes: ['user-read-private', 'playlist-read-private'],
    authorization: { scope: 'user-read-private playlist-read-private' },
    credentials: 'basic',
    machine: 'basic',
    tokens: ({ access, refresh, scopes, grant }) => ({
      access_token: access,
      token_type: 'Bearer',
      expires_in: 3600,
      scope: scopes.join(' '),
      ...(grant === 'authorization_code' && { refresh_token: refresh }),
    }),
    lifetime: 3600,
    refusals: { ...plainRefusals, client: { status: 400, body: { error: 'invalid_client' } } },
  },
  {
    ...included,
    vendor: 'TwitchOauth2',
    scopes: ['user:read:email', 'chat:read'],
    authorization: { scope: 'user:read:email chat:read', force_verify: 'false' },
    credentials: 'post',
    machine: 'post',
    tokens: ({ access, refresh, scopes }) => ({
      access_token: access,
      expires_in: 14124,
      refresh_token: refresh,
      scope: scopes,
      token_type: 'bearer',
    }),
    lifetime: 14124,
    refusals: {
      code: { status: 400, body: { status: 400, message: 'Invalid authorization code' } },
      refresh: twitch(400, 'Invalid refresh token'),
      client: { status: 403, body: { status: 403, message: 'invalid client secret' } },
    },
  },
  {
    ...included,
    vendor: 'XOauth2',
    scopes: ['tweet.read', 'offline.access'],
    authorization: { scope: 'tweet.read offline.access' },
    credentials: 'basic',
    lifetime: 3600,
    refusals: {
      code: { status: 400, body: { error: 'invalid_request', error_description: OWN_WORDS } },
      refresh: { status: 400, body: { error: 'invalid_request', error_description: OWN_WORDS } },
      client: { status: 401, body: { error: 'invalid_client', error_description: OWN_WORDS } },
    },
  },
  {
    ...included,
    vendor: 'YandexOauth2',
    scopes: ['login:email', 'cloud_api:disk.read'],
    authorization: {
      scope: 'login:email cloud_api:disk.read',
      device_id: expect.stringMatching(/^[\x20-\x7E]{6,50}$/) as string,
      device_name: 'agent-identity',
    },
    credentials: 'basic',
    machine: 'basic',
    tokens: ({ access, refresh }) => ({
      token_type: 'bearer',
      access_token: access,
      expires_in: 31536000,
      refresh_token: refresh,
    }),
    lifetime: 31536000,
    refusals: {
      ...plainRefusals,
      code: { status: 400, body: { error: 'bad_verification_code', error_description: OWN_WORDS } },
      client: { status: 400, body: { error: 'invalid_client', error_description: OWN_WORDS } },
    },
  },
  {
    ...included,
    vendor: 'ZoomOauth2',
    scopes: ['meeting:read', 'user:read'],
    authorization: { scope: 'meeting:read,user:read' },
    credentials: 'basic',
    machine: 'basic',
    lifetime: 3600,
    refusals: {
      code: { status: 400, body: { reason: OWN_WORDS, error: 'invalid_grant' } },
      refresh: { status: 400, body: { reason: OWN_WORDS, error: 'invalid_grant' } },
      client: { status: 401, body: { reason: OWN_WORDS, error: 'invalid_client' } },
    },
  },
];
