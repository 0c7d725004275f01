import { guide } from '../guide';

export const HUBSPOT = guide({
  vendor: 'HubspotOauth2',
  title: 'HubSpot',
  page: 'hubspot',
  sources: {
    manage: {
      title: 'Manage apps in HubSpot',
      url: 'https://developers.hubspot.com/docs/apps/developer-platform/build-apps/manage-apps-in-hubspot',
      read: '2026-11-27',
    },
    overview: {
      title: 'Authentication overview',
      url: 'https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/overview',
      read: '2026-11-27',
    },
    oauth: {
      title: 'Working with OAuth',
      url: 'https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/oauth/working-with-oauth',
      read: '2026-11-27',
    },
    scopes: {
      title: 'Scopes',
      url: 'https://developers.hubspot.com/scopes',
      read: '2026-11-27',
    },
    legacy: {
      title: 'Legacy public apps',
      url: 'https://developers.hubspot.com/docs/apps/legacy-apps/public-apps/overview',
      read: '2026-11-27',
    },
    spec: {
      title: 'HubSpot public API specification, Auth/Oauth 2026-03',
      url: 'https://github.com/HubSpot/HubSpot-public-api-spec-collection',
      read: '2026-11',
    },
    v1: {
      title: 'Deprecation of the v1 OAuth API',
      url: 'https://developers.hubspot.com/changelog/v1-oauth-api-deprecation',
      read: '2026-11',
    },
    unified: {
      title: 'Unified: HubSpot OAuth2 app registration',
      url: 'https://docs.unified.to/skills/hubspot-oauth-app/SKILL.md',
      read: '2026-11-27',
    },
    mcp: {
      title: 'Integrate with the HubSpot MCP server',
      url: 'https://developers.hubspot.com/docs/apps/developer-platform/build-apps/integrate-with-hubspot-mcp-server',
      read: '2026-11-27',
    },
  },
  manual: 'oauth',
  setup: ['oauth', 'v1', 'unified'],
  steps: [
    [
      'Create an app on the developer platform with OAuth. An app for one account only can have a static token instead, which needs no consent.',
      'overview',
    ],
    [
      'In `app-hsmeta.json`, declare the redirect URL and the scopes in the member `auth`, and upload the project with `hs project upload`.',
      'manage',
      'scopes',
    ],
    [
      'In your HubSpot account, open **Development**, select the project, and then the app under **Project Components**.',
      'manage',
    ],
    ['Copy the client ID and the client secret from the **Auth** tab.', 'oauth'],
    [
      'An older app is under **Development** > **Legacy apps**. Its **Auth** tab has the redirect URLs, the scopes, the client ID, and the client secret.',
      'legacy',
      'unified',
    ],
  ],
  scopes: ['oauth', 'crm.objects.contacts.read'],
  accessTokens: ['30 minutes.', 'spec'],
  refreshTokens: ['They do not expire.', 'spec'],
  rotation: ['None: the refresh token probably stays the same.'],
  pkce: ['The token endpoint has the parameter. The service sends S256.', 'spec'],
  oddities: [
    [
      'HubSpot hosts an MCP server with OAuth, which needs an MCP auth app instead of this app. For its tools, create another provider with the client ID and the secret of the MCP auth app: `printf %s "$SECRET" | agent-identity provider add my-hubspot-mcp --mcp https://mcp.hubspot.com --client-id "$CLIENT_ID"`. See [mcp-servers.md](../mcp-servers.md).',
      'mcp',
    ],
    [
      'A scope is required, conditionally required, or optional. All required scopes must be in the request. For optional ones, set the custom parameter `optional_scope`.',
      'scopes',
    ],
    ['The person who installs the app is a super admin, or has HubSpot Marketplace access.', 'oauth'],
  ],
  revocation: [
    ['The app stays installed, and access tokens stay valid for up to 30 minutes.', 'spec'],
    ['All grants of an account share the refresh token, so they end together.', 'spec'],
  ],
  problems: [
    {
      sign: ['HubSpot says that a scope is missing or not valid.', 'unified'],
      remedy: 'Declare each requested scope in the app, and request each required scope.',
    },
    {
      sign: ['HubSpot says that the redirect URL does not match.', 'unified'],
      remedy: 'Declare the callback URL in the app, exactly as printed, and upload the project again.',
    },
  ],
});
