import { guide, nango } from '../guide';

export const ATLASSIAN = guide({
  vendor: 'AtlassianOauth2',
  title: 'Atlassian',
  page: 'atlassian',
  sources: {
    enable: {
      title: 'Enabling OAuth 2.0 (3LO)',
      url: 'https://developer.atlassian.com/cloud/oauth/getting-started/enabling-oauth-3lo',
      read: '2026-11-27',
    },
    manage: {
      title: 'Managing your OAuth 2.0 (3LO) apps',
      url: 'https://developer.atlassian.com/cloud/oauth/getting-started/managing-oauth-apps/',
      dated: '2023-08-14',
      read: '2026-11-27',
    },
    refresh: {
      title: 'Refresh tokens',
      url: 'https://developer.atlassian.com/cloud/oauth/getting-started/refresh-tokens',
      read: '2026-11',
    },
    workos: {
      title: 'WorkOS: refresh token behavior across fourteen providers',
      url: 'https://workos.com/blog/refresh-token-behavior-across-fourteen-providers',
      dated: '2026-08-31',
      read: '2026-11',
    },
    gitguardian: {
      title: 'GitGuardian: Atlassian auth key',
      url: 'https://docs.gitguardian.com',
      read: '2026-11',
    },
    nango: nango('jira'),
    mcp: {
      title: 'Use Rovo MCP with other supported MCP clients',
      url: 'https://support.atlassian.com/atlassian-ai-gateway/docs/use-rovo-mcp-with-other-supported-mcp-clients/',
      read: '2026-11-27',
    },
  },
  manual: 'enable',
  setup: ['enable', 'nango'],
  steps: [
    [
      'Open the [developer console](https://developer.atlassian.com/console/myapps), and choose **Create** > **OAuth 2.0 integration**.',
      'enable',
      'nango',
    ],
    ['Under **Permissions**, add the APIs that the agent calls, and then their scopes.', 'enable', 'nango'],
    ['Under **Authorization**, configure **OAuth 2.0 (3LO)** with a callback URL. An app has one.', 'enable'],
    ['Under **Settings**, copy the client ID and the secret.', 'nango'],
    [
      'The app is private to you. For other users, turn on sharing under **Distribution**.',
      'manage',
      'nango',
    ],
  ],
  scopes: ['read:jira-work', 'offline_access'],
  accessTokens: ['1 hour.', 'refresh'],
  refreshTokens: ['90 days without use. Another source says 365 days.', 'refresh', 'nango'],
  rotation: [
    'Each refresh returns a new refresh token, and the previous one is valid for a short time only.',
    'refresh',
    'workos',
  ],
  pkce: ['The documentation of 3LO apps does not mention it. The service sends S256.', 'service'],
  oddities: [
    [
      'Atlassian hosts an MCP server with OAuth. For its tools, create another provider: `agent-identity provider add my-atlassian-mcp --mcp https://mcp.atlassian.com/v1/mcp/authv2`. See [mcp-servers.md](../mcp-servers.md). If users cannot install apps themselves, an administrator of the site installs the app of the MCP server first.',
      'mcp',
    ],
    [
      'An app has one callback URL, and each credential provider has its own. So each provider needs its own app.',
      'enable',
    ],
    ['An administrator of a site can restrict which apps its users can allow.', 'nango'],
  ],
  revocation: [
    [
      'The documentation of 3LO apps names no endpoint. The service tries the one that the metadata of another Atlassian issuer on the same host name. If it rejects the request, the tokens stay valid until they expire.',
    ],
    ['A single token cannot be revoked in the console.', 'gitguardian'],
  ],
  problems: [
    {
      sign: ['Other users cannot allow access.', 'manage'],
      remedy: 'The app is private. Turn on sharing under **Distribution**.',
    },
    {
      sign: ['Users must consent again after 1 hour.', 'refresh'],
      remedy: 'Request the scope `offline_access`.',
    },
  ],
});
