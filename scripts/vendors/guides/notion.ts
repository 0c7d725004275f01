import { guide, nango } from '../guide';

export const NOTION = guide({
  vendor: 'NotionOauth2',
  title: 'Notion',
  page: 'notion',
  sources: {
    public: {
      title: 'What is a public integration?',
      url: 'https://developers.notion.com/guides/connections-and-tokens/public-integrations/overview',
      read: '2026-11-27',
    },
    oauth: {
      title: 'OAuth integrations',
      url: 'https://developers.notion.com/guides/connections-and-tokens/oauth-integrations/overview',
      read: '2026-11-27',
    },
    create: {
      title: 'Create a token',
      url: 'https://developers.notion.com/reference/create-a-token',
      read: '2026-11',
    },
    refresh: {
      title: 'Refresh a token',
      url: 'https://developers.notion.com/reference/refresh-a-token',
      read: '2026-11',
    },
    revoke: {
      title: 'Revoke a token',
      url: 'https://developers.notion.com/reference/revoke-token',
      read: '2026-11',
    },
    sdk: {
      title: 'makenotion/notion-sdk-js, src/api-endpoints/oauth.ts',
      url: 'https://github.com/makenotion/notion-sdk-js',
      read: '2026-11',
    },
    nango: nango('notion'),
    mcp: {
      title: 'Integrating your own MCP client',
      url: 'https://developers.notion.com/guides/mcp/build-mcp-client',
      read: '2026-11-27',
    },
  },
  manual: 'public',
  setup: ['create', 'nango'],
  steps: [
    [
      'Open the [Developer portal](https://www.notion.so/developers/connections), and select **Connections** in the **Build** section.',
      'oauth',
    ],
    [
      'Select **Create new connection**. Enter the name, the development workspace, and a redirect URI.',
      'oauth',
    ],
    [
      'Choose the installation scope: **Any workspace**, or selected workspaces. You cannot change it later.',
      'public',
      'oauth',
    ],
    ['Choose the capabilities, such as reading content. They take the place of scopes.', 'nango'],
    ['In the **Configuration** tab, copy the OAuth client ID and the OAuth client secret.', 'nango'],
  ],
  scopes: [],
  accessTokens: ['Notion does not state when they expire.', 'create'],
  refreshTokens: ['Returned with the access token, or null.', 'create', 'refresh'],
  rotation: ['Each refresh returns a new refresh token.', 'refresh', 'sdk'],
  pkce: ['The documentation of the REST API does not mention it. The service sends S256.', 'service'],
  oddities: [
    [
      'Notion hosts an MCP server with OAuth. For its tools, create another provider: `agent-identity provider add my-notion-mcp --mcp https://mcp.notion.com/mcp`. See [mcp-servers.md](../mcp-servers.md).',
      'mcp',
    ],
    [
      'An app that works in one workspace only can be an OAuth integration for selected workspaces. An internal connection has a static token and no OAuth.',
      'oauth',
      'public',
    ],
    [
      'The user picks pages at the consent. Later, the user can share more pages with the connection.',
      'nango',
    ],
  ],
  revocation: [['Notion does not state whether the refresh token ends with the access token.', 'revoke']],
  problems: [
    {
      sign: ['The agent gets status 404 for a page that the user can see.', 'nango'],
      remedy: 'The user did not pick this page. The user shares it with the connection, or consents again.',
    },
  ],
});
