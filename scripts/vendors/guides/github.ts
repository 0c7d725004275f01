import { guide } from '../guide';

export const GITHUB = guide({
  vendor: 'GithubOauth2',
  title: 'GitHub',
  page: 'github',
  sources: {
    register: {
      title: 'Registering a GitHub App',
      url: 'https://docs.github.com/en/apps/creating-github-apps/registering-a-github-app/registering-a-github-app',
      read: '2026-11-27',
    },
    callback: {
      title: 'About the user authorization callback URL',
      url: 'https://docs.github.com/en/apps/creating-github-apps/registering-a-github-app/about-the-user-authorization-callback-url',
      read: '2026-11-27',
    },
    refresh: {
      title: 'Refreshing user access tokens',
      url: 'https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens',
      read: '2026-11',
    },
    revoke: {
      title: 'REST API endpoints for OAuth authorizations',
      url: 'https://docs.github.com/en/rest/apps/oauth-applications',
      read: '2026-11',
    },
    errors: {
      title: 'Troubleshooting OAuth app access token request errors',
      url: 'https://docs.github.com/en/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors',
      read: '2026-11',
    },
    pkce: {
      title: 'GitHub changelog: PKCE support for OAuth and GitHub App authentication',
      url: 'https://github.blog/changelog/',
      dated: '2025-07-14',
      read: '2026-11',
    },
  },
  manual: 'register',
  setup: ['register', 'callback'],
  steps: [
    [
      'At GitHub, open **Settings** (yours or those of the organization) > **Developer settings** > **GitHub Apps**, and choose **New GitHub App**.',
      'register',
    ],
    [
      'Enter a name of up to 34 characters, which no other app at GitHub has, and a homepage URL.',
      'register',
    ],
    [
      'Leave **Expire user authorization tokens** selected: without it, there are no refresh tokens.',
      'register',
      'refresh',
    ],
    ['Under **Webhook**, deselect **Active**: the service receives no events.', 'register'],
    [
      'Under **Permissions**, choose what the agent needs. A GitHub App has no scopes, so the token has these permissions.',
      'register',
    ],
    [
      'Choose where the app can be installed, and **Create GitHub App**. Install the app in the accounts whose repositories the agent uses.',
      'register',
    ],
    [
      "On the app's page, copy the client ID, and generate a client secret. It is shown only once.",
      'register',
    ],
  ],
  scopes: [],
  accessTokens: ['GitHub App: 8 hours. OAuth App: they do not expire.', 'refresh'],
  refreshTokens: ['GitHub App: 6 months. OAuth App: none.', 'refresh'],
  rotation: [
    'Each refresh returns a new refresh token. The previous refresh token and access token stop working.',
    'refresh',
  ],
  pkce: ['S256, optional.', 'pkce'],
  oddities: [
    ['Errors of the token endpoint have status 200. The service reads the error in the body.', 'errors'],
    ['If a request names no scope, GitHub grants the scopes that the user granted to the OAuth App before.'],
  ],
  revocation: [
    ['The request ends one token. Other tokens of the user for the app stay valid.', 'revoke'],
    ['GitHub does not state whether the refresh token ends with the access token.', 'revoke'],
  ],
  problems: [
    {
      sign: ['GitHub says that the redirect URI is not associated with the application.'],
      remedy: "Enter the callback URL in the app's settings. It must match exactly for a GitHub App.",
    },
    {
      sign: ['The agent gets status 404 for a repository that the user can see.'],
      remedy: 'Install the GitHub App in the account of the repository, and give it the permission.',
    },
  ],
});
