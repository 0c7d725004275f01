import { guide, nango } from '../guide';

/** The catalogue has no entry for Linear: it is a custom provider with stated endpoints. */
export const LINEAR = guide({
  vendor: 'CustomOauth2',
  title: 'Linear',
  page: 'linear',
  sources: {
    oauth: {
      title: 'OAuth 2.0 authentication',
      url: 'https://linear.app/developers/oauth-2-0-authentication',
      read: '2026-11-27',
    },
    nango: nango('linear'),
    unified: {
      title: 'Unified: Linear OAuth app registration',
      url: 'https://docs.unified.to/skills/linear-oauth-app/SKILL.md',
      read: '2026-11',
    },
    mcp: {
      title: 'LiteLLM: Linear MCP server',
      url: 'https://docs.litellm.ai/docs/mcp_servers/linear',
      read: '2026-11-27',
    },
  },
  manual: 'oauth',
  setup: ['oauth', 'nango'],
  steps: [
    [
      'In Linear, select the workspace that will own the app. Linear recommends a separate one, because each administrator of the workspace has access to the app.',
      'oauth',
    ],
    ['Open **Settings** > **API** > **OAuth applications**, and choose **+**.', 'nango'],
    ['Fill in the form with a callback URL. For users of other workspaces, turn on **Public**.', 'nango'],
    ['Choose **Create**, and copy the client ID and the client secret.', 'nango'],
  ],
  options:
    ' --issuer https://linear.app --authorization-endpoint https://linear.app/oauth/authorize --token-endpoint https://api.linear.app/oauth/token --client-authentication CLIENT_SECRET_POST',
  optionsAre:
    'Linear is not in the catalogue, so the options state its endpoints. Linear accepts the client ID and the secret in the body of the request.',
  scopes: ['read'],
  accessTokens: ['24 hours.', 'oauth', 'unified'],
  refreshTokens: ['All apps have them since 2026-04-01.', 'oauth'],
  rotation: ['Each refresh returns a new refresh token.', 'unified'],
  pkce: ['The service sends S256.', 'service'],
  oddities: [
    [
      'Linear separates scopes by commas, and the service separates those of a custom provider by spaces. To request several scopes, pass them as one: `--scope read,write`. A policy then sees the scope `read,write`.',
      'oauth',
    ],
    ['The custom parameter `actor` with the value `app` makes the agent act as the app.', 'oauth'],
    [
      'The MCP server of Linear registers clients itself: `agent-identity provider add my-linear --mcp https://mcp.linear.app/mcp` needs no app. See [mcp-servers.md](../mcp-servers.md).',
      'mcp',
    ],
  ],
  revocation: [
    [
      'Linear has the endpoint `https://api.linear.app/oauth/revoke`. A custom provider with stated endpoints has no revocation endpoint, so the service cannot use it: tokens stay valid at Linear until they expire.',
      'oauth',
    ],
  ],
  problems: [
    {
      sign: ['Linear rejects the scopes.'],
      remedy: 'Request one scope, or several with commas between them and no spaces.',
    },
  ],
});
