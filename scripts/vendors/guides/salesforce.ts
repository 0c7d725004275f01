import { guide, nango } from '../guide';

export const SALESFORCE = guide({
  vendor: 'SalesforceOauth2',
  title: 'Salesforce',
  page: 'salesforce',
  sources: {
    create: {
      title: 'Create an external client app',
      url: 'https://developer.salesforce.com/docs/platform/hosted-mcp-servers/guide/create-external-client-app.html',
      read: '2026-11-27',
    },
    cli: {
      title: 'Create an external client app in your org',
      url: 'https://developer.salesforce.com/docs/atlas.en-us.262.0.sfdx_dev.meta/sfdx_dev/sfdx_dev_auth_eca.htm',
      read: '2026-11-27',
    },
    revoke: {
      title: 'Revoke OAuth tokens programmatically',
      url: 'https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_revoke_token.htm',
      read: '2026-11',
    },
    labels: {
      title: 'Create an external client app to integrate with Loyalty Management',
      url: 'https://developer.salesforce.com/docs/atlas.en-us.loyalty.meta/loyalty/mobile_sdk_connected_app.htm',
      read: '2026-11-27',
    },
    defaults: {
      title: 'Prerequisite 1: create an external client app',
      url: 'https://developer.salesforce.com/docs/ai/loan-agent/guide/create-external-client-app.html',
      read: '2026-11-27',
    },
    unified: {
      title: 'Unified: Salesforce OAuth2 app registration',
      url: 'https://docs.unified.to/skills/salesforce-oauth-app/SKILL.md',
      read: '2026-11-27',
    },
    nango: nango('salesforce'),
  },
  manual: 'create',
  setup: ['nango'],
  steps: [
    [
      'In Salesforce, open **Setup**. In **Quick Find**, enter `external client`, and choose **External Client App Manager**.',
      'create',
    ],
    ['Choose **New External Client App**, and fill in the basic information.', 'create'],
    [
      'For your organization alone, choose the distribution **Local**. For others, choose **Packaged**, which they install.',
      'cli',
      'nango',
    ],
    [
      'Under **API (Enable OAuth Settings)**, select **Enable OAuth**. Enter a callback URL, and select the OAuth scopes, such as **Manage user data via APIs (api)** and **Perform requests at any time (refresh_token, offline_access)**.',
      'create',
      'labels',
    ],
    [
      'Leave **Require secret for Web Server Flow** and **Require Proof Key for Code Exchange (PKCE)** selected. The service sends both.',
      'defaults',
    ],
    [
      'After the creation, open **Settings** > **OAuth Settings** > **Consumer Key and Secret**. Salesforce verifies who you are first. The consumer key is the client ID.',
      'nango',
    ],
  ],
  scopes: ['api', 'refresh_token'],
  accessTokens: [
    'As long as the session timeout of the organization. The response does not state it, so the service refreshes after 15 minutes.',
    'nango',
  ],
  refreshTokens: ['As the refresh token policy of the app says.', 'nango'],
  rotation: ['New apps rotate refresh tokens: each refresh returns a new one.', 'unified'],
  pkce: ['S256, required by default.', 'defaults', 'nango'],
  oddities: [
    [
      'The endpoints are those of `login.salesforce.com`. For a sandbox, or for client credentials at a My Domain host, create a `custom` provider with the endpoints of that host.',
      'revoke',
      'nango',
    ],
    ['New connected apps need Salesforce Support since spring 2026: create an external client app.', 'nango'],
  ],
  revocation: [
    ['A revoked refresh token takes its access tokens along. An access token ends alone.', 'revoke'],
  ],
  problems: [
    {
      sign: ['Salesforce shows the error `redirect_uri_mismatch`.', 'unified'],
      remedy: 'Enter the callback URL in the OAuth settings of the app, exactly as printed.',
    },
    {
      sign: ['Salesforce shows the error `invalid_client_id`.', 'unified'],
      remedy: 'Use the consumer key of the app as the client ID.',
    },
    {
      sign: ['Users of another organization cannot allow access.', 'unified'],
      remedy:
        'The organization blocks apps that are not installed. An administrator there installs the package.',
    },
  ],
});
