import { guide, nango } from '../guide';

export const MICROSOFT = guide({
  vendor: 'MicrosoftOauth2',
  title: 'Microsoft',
  page: 'microsoft',
  sources: {
    register: {
      title: 'Quickstart: register an application in Microsoft Entra ID',
      url: 'https://learn.microsoft.com/en-us/entra/identity-platform/quickstart-register-app',
      read: '2026-11-27',
    },
    redirect: {
      title: 'How to add a redirect URI to your application',
      url: 'https://learn.microsoft.com/en-us/entra/identity-platform/how-to-add-redirect-uri',
      read: '2026-11-27',
    },
    reply: {
      title: 'Redirect URI (reply URL) restrictions and limitations',
      url: 'https://learn.microsoft.com/en-us/entra/identity-platform/reply-url',
      dated: '2025-05',
      read: '2026-11',
    },
    refresh: {
      title: 'Refresh tokens in the Microsoft identity platform',
      url: 'https://learn.microsoft.com/en-us/entra/identity-platform/refresh-tokens',
      dated: '2025-05-14',
      read: '2026-11',
    },
    flow: {
      title: 'Microsoft identity platform and OAuth 2.0 authorization code flow',
      url: 'https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow',
      dated: '2025-05-12',
      read: '2026-11',
    },
    sessions: {
      title: 'Microsoft Graph: user: revokeSignInSessions',
      url: 'https://learn.microsoft.com/en-us/graph/api/user-revokesigninsessions',
      read: '2026-11',
    },
    grants: {
      title: 'Microsoft Graph: delete oAuth2PermissionGrant',
      url: 'https://learn.microsoft.com/en-us/graph/api/oauth2permissiongrant-delete',
      read: '2026-11',
    },
    nango: nango('microsoft'),
  },
  manual: 'register',
  setup: ['reply', 'flow', 'nango'],
  steps: [
    [
      'Sign in to the [Microsoft Entra admin center](https://entra.microsoft.com), at least as an Application Developer.',
      'register',
    ],
    ['Open **App registrations**, and choose **New registration**. Enter a name.', 'register'],
    [
      'Under **Supported account types**, choose which accounts can use the app: one tenant, any tenant, or personal accounts too.',
      'register',
    ],
    [
      'Register the app. From the overview, copy the application (client) ID and the directory (tenant) ID.',
      'register',
    ],
    [
      'Under **Certificates & secrets**, create a client secret. Copy its **Value**, which is shown only once. It expires after 6, 12, or 24 months.',
      'nango',
    ],
    [
      'If the permissions or the tenant require the consent of an administrator, have one choose **Grant admin consent**.',
      'nango',
    ],
  ],
  options: ' --tenant-id "$TENANT_ID"',
  optionsAre:
    'The tenant ID is the directory (tenant) ID. Omit the option only if the app is for accounts of any tenant.',
  scopes: ['offline_access', 'User.Read'],
  accessTokens: ['About 60 to 90 minutes.'],
  refreshTokens: ['90 days, from the latest refresh.', 'refresh'],
  rotation: ['Each refresh returns a new refresh token. Earlier ones stay valid.', 'refresh'],
  pkce: ['S256, recommended.', 'flow'],
  oddities: [
    [
      'A callback URL has up to 256 characters. An app has up to 256 of them, or 100 with personal accounts.',
      'reply',
    ],
    [
      'In the admin center, the button for the callback URL is **Add Redirect URI** or **Add a platform**.',
      'redirect',
    ],
    ['Guests must sign in at the tenant: set the tenant ID.', 'nango'],
  ],
  revocation: [
    [
      'An administrator can delete the permission grant with Microsoft Graph. Access tokens then stay valid until they expire.',
      'grants',
    ],
    ['`revokeSignInSessions` ends all sessions of the user at all apps.', 'sessions'],
  ],
  problems: [
    {
      sign: ['Microsoft shows `AADSTS50011`: the redirect URI does not match.'],
      remedy:
        'Under **Authentication**, add the callback URL for the platform **Web**. Uppercase and lowercase must match.',
    },
    {
      sign: ['The provider worked, and now returns `invalid_client`.'],
      remedy: 'The client secret has probably expired. Create a new one, and set it at the provider.',
    },
  ],
});
