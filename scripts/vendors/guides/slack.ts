import { guide, nango } from '../guide';

export const SLACK = guide({
  vendor: 'SlackOauth2',
  title: 'Slack',
  page: 'slack',
  sources: {
    install: {
      title: 'Installing with OAuth',
      url: 'https://docs.slack.dev/authentication/installing-with-oauth',
      read: '2026-11',
    },
    rotation: {
      title: 'Using token rotation',
      url: 'https://docs.slack.dev/authentication/using-token-rotation',
      read: '2026-11-27',
    },
    pkce: {
      title: 'Using PKCE',
      url: 'https://docs.slack.dev/authentication/using-pkce',
      dated: '2026-03-30',
      read: '2026-11',
    },
    revoke: {
      title: 'Method auth.revoke',
      url: 'https://docs.slack.dev/reference/methods/auth.revoke',
      read: '2026-11',
    },
    unified: {
      title: 'Unified: Slack OAuth2 app registration',
      url: 'https://docs.unified.to/skills/slack-oauth-app/SKILL.md',
      read: '2026-11-27',
    },
    nango: nango('slack'),
  },
  manual: 'install',
  setup: ['install', 'nango'],
  steps: [
    [
      'Open [api.slack.com/apps](https://api.slack.com/apps), and choose **Create New App**, from scratch or from a manifest.',
      'install',
      'unified',
    ],
    [
      'Under **OAuth & Permissions**, add the bot token scopes. The scopes of a user are user token scopes.',
      'install',
      'unified',
    ],
    [
      'For refresh tokens, turn on token rotation (`token_rotation_enabled` in the manifest). It probably cannot be turned off again.',
      'rotation',
    ],
    ['Do not turn on PKCE: the app would be a public client permanently.', 'pkce'],
    ['For users of other workspaces, turn on public distribution.', 'nango', 'unified'],
    [
      'Under **Basic Information** > **App Credentials**, copy the client ID and the client secret.',
      'install',
      'nango',
    ],
  ],
  scopes: ['channels:read', 'chat:write'],
  accessTokens: ['12 hours with token rotation. Without it, they do not expire.', 'rotation'],
  refreshTokens: ['They do not expire, but each is valid for one use.', 'rotation'],
  rotation: ['Each refresh returns a new refresh token. The previous one is revoked.', 'rotation'],
  pkce: ['Only for public clients. The service does not send it.', 'pkce'],
  oddities: [
    [
      'The scopes of the request are those of the bot. For the token of a user, set the custom parameter `user_scope` in GetResourceOauth2Token, and request no other scopes.',
      'install',
    ],
  ],
  revocation: [
    ['If a bot token ends, Slack deactivates the bot user, which leaves its channels.', 'revoke'],
    ['Slack does not state whether the refresh token ends with the access token.', 'revoke'],
  ],
  problems: [
    {
      sign: ['Slack shows the error `bad_redirect_uri`.', 'unified'],
      remedy: 'Enter the callback URL under **OAuth & Permissions** > **Redirect URLs**, and save the URLs.',
    },
    {
      sign: ['Slack shows the error `invalid_scope`.', 'unified'],
      remedy: 'Add the scope to the app. Bot scopes and user scopes are different lists.',
    },
  ],
});
