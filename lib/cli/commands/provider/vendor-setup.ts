/**
 * How an operator registers an OAuth client ("app") at each vendor, and what surprises there. The facts are from the
 * sources that each entry names, read in autumn 2026; a fact without a public source says "probably".
 */

import type { VendorName } from '../../../../lambda/model/provider/vendor-names';
export interface VendorSetup {
  /** Where the app is created. */
  readonly console: string;
  /** The kind of app to choose. */
  readonly app: string;
  /** Where the callback URL is entered, and what the vendor accepts. */
  readonly callback: string;
  /** Where the client ID and the client secret are. */
  readonly credentials: string;
  /** Examples, and where the app declares them. */
  readonly scopes?: string;
  /** What an app needs to receive refresh tokens. */
  readonly refreshTokens?: string;
  /** What the vendor reviews before other people can consent. */
  readonly review?: string;
  readonly notes: readonly string[];
  readonly sources: readonly string[];
}

export const VENDOR_SETUP: Readonly<Record<VendorName, VendorSetup>> = {
  CustomOauth2: {
    console: "The authorization server's own administration",
    app: 'A confidential client with the authorization code flow',
    callback: 'As a redirect URI, exactly as printed',
    credentials: 'As the server issues them',
    notes: [
      'Set the discovery URL rather than single endpoints: the metadata names the revocation endpoint and PKCE support.',
    ],
    sources: ['RFC 6749 section 3.1.2', 'RFC 8414 section 2'],
  },
  GoogleOauth2: {
    console: 'Google Cloud Console > Google Auth Platform > Clients > Create client',
    app: 'Web application',
    callback:
      'Authorized redirect URIs, exact. HTTPS with a public top-level domain; HTTP only for localhost; no fragment, wildcard, or IP address',
    credentials: 'Shown at creation; the secret only once',
    scopes: 'openid email https://www.googleapis.com/auth/calendar.readonly',
    refreshTokens:
      'access_type=offline, which the service sends. Google issues one again only with prompt=consent',
    review:
      'External apps with sensitive or restricted scopes need verification. In "Testing", up to 100 listed users, and refresh tokens end after 7 days',
    notes: [
      'Enable the API in the Cloud project.',
      'A user can grant some of the scopes only.',
      'Google keeps up to 100 refresh tokens for each user and client, and drops the oldest without notice.',
      'A Workspace administrator can block the app (admin_policy_enforced).',
    ],
    sources: [
      'developers.google.com/identity/protocols/oauth2/web-server (2026-09-14)',
      'support.google.com/cloud/answer/15549945',
    ],
  },
  GithubOauth2: {
    console:
      'GitHub > Settings (of you or the organization) > Developer settings > GitHub Apps or OAuth Apps',
    app: 'A GitHub App, for fine permissions and tokens that expire; an OAuth App where an API requires scopes',
    callback: 'GitHub App: up to 10 callback URLs, exact. OAuth App: one authorization callback URL',
    credentials: "The app's settings > Generate a new client secret; shown once",
    scopes: 'OAuth App: repo read:user read:org. A GitHub App has permissions in its settings and no scopes',
    refreshTokens: 'GitHub App with expiring user tokens, which is the default',
    review: 'None. An organization can require that it approves an OAuth App, or installs the GitHub App',
    notes: ['A user token can do only what both the app and the user are allowed to do.'],
    sources: [
      'docs.github.com: about the user authorization callback URL, refreshing user access tokens',
      'github.blog/changelog 2025-07-14',
    ],
  },
  SlackOauth2: {
    console: 'api.slack.com/apps > Create New App',
    app: 'A Slack app with granular scopes (OAuth v2)',
    callback:
      'OAuth & Permissions > Redirect URLs; HTTPS, also for development (agent-identity local --public-url)',
    credentials: 'Basic Information > App Credentials',
    scopes: 'channels:read chat:write',
    refreshTokens: 'Token rotation in the manifest; it probably cannot be turned off again',
    review:
      'Other workspaces: turn on public distribution. Administrators of a workspace can require approval',
    notes: [
      'A bot token belongs to the installation: the users of a workspace share it, and a revocation ends it for all.',
      'Do not turn on PKCE for an app with a secret: it makes the app a public client for good.',
    ],
    sources: ['docs.slack.dev: using token rotation, using PKCE', 'docs.slack.dev/changelog/2026/03/30/pkce'],
  },
  MicrosoftOauth2: {
    console: 'entra.microsoft.com > App registrations > New registration',
    app: 'Platform "Web"; choose which accounts can sign in: one tenant, any tenant, personal accounts',
    callback: 'Authentication > Add a platform > Web. HTTPS, exact, case matters; HTTP only for localhost',
    credentials:
      'Overview: Application (client) ID. Certificates & secrets > New client secret: its Value, shown once',
    scopes: 'offline_access User.Read https://graph.microsoft.com/Mail.Read',
    refreshTokens: 'The scope offline_access',
    review: 'Some permissions, and some tenants, need the consent of an administrator',
    notes: [
      'Set the tenant ID unless the app is multi-tenant: "common" works for multi-tenant apps only.',
      'The client secret ends after 6, 12, or 24 months: set an alarm.',
      'One token is valid for one resource.',
    ],
    sources: [
      'MicrosoftDocs/entra-docs: reply-url.md, refresh-tokens.md, v2-oauth2-auth-code-flow.md (2025-05)',
    ],
  },
  SalesforceOauth2: {
    console: 'Setup > App Manager > New External Client App, with OAuth enabled',
    app: 'External Client App: Local for one organization, Packaged for others',
    callback: 'OAuth settings > Callback URL, probably one on each line',
    credentials: 'The app > Settings > OAuth Settings > Consumer Key and Secret',
    scopes: 'api refresh_token; select them in the app first',
    refreshTokens: 'The scope refresh_token, and the policy "valid until revoked"',
    review: 'Other organizations install the package. An organization can block apps that are not installed',
    notes: ['Call the API at the instance_url of the organization.'],
    sources: [
      'help.salesforce.com: Revoke OAuth Tokens Programmatically',
      'NangoHQ/nango docs: salesforce-api-oauth-app-setup',
    ],
  },
  AtlassianOauth2: {
    console: 'developer.atlassian.com/console/myapps > Create > OAuth 2.0 integration',
    app: 'OAuth 2.0 (3LO)',
    callback: 'Authorization > OAuth 2.0 (3LO) > Callback URL; one, exact',
    credentials: 'Settings: Client ID and Secret',
    scopes: 'read:jira-work write:jira-work offline_access; add them under Permissions first',
    refreshTokens: 'The scope offline_access',
    review: 'Private until Distribution > Sharing is on. Site administrators can restrict apps',
    notes: [
      'The token covers the sites that the user chose: get their IDs from api.atlassian.com/oauth/token/accessible-resources.',
      'A refresh token ends after 90 days without use.',
    ],
    sources: [
      'developer.atlassian.com/cloud/oauth/getting-started/refresh-tokens',
      'NangoHQ/nango docs: jira',
    ],
  },
  LinkedinOauth2: {
    console:
      'linkedin.com/developers/apps > Create app; needs a LinkedIn Page whose administrator verifies the app',
    app: 'There is one kind; its Products decide which scopes it has',
    callback: 'Auth tab > Authorized redirect URLs; absolute HTTPS URLs without a fragment',
    credentials: 'Auth tab: Client ID and Primary Client Secret',
    scopes: 'openid profile email w_member_social',
    refreshTokens: 'Only for approved partners of the Marketing Developer Platform',
    review: 'Some products are granted on request',
    notes: [
      'Without refresh tokens, users consent again every 60 days.',
      'A change of scopes ends older tokens.',
    ],
    sources: ['learn.microsoft.com/linkedin: programmatic refresh tokens, application development'],
  },
  NotionOauth2: {
    console: 'notion.so/developers/connections > New',
    app: 'Public; an internal connection has no OAuth',
    callback: 'OAuth Domain & URIs > Redirect URIs',
    credentials: 'Configuration tab: OAuth Client ID and OAuth Client Secret',
    scopes: 'None: the app has capabilities, and the user picks pages',
    notes: ['An agent sees only the pages that the user picked.'],
    sources: ['developers.notion.com/reference: create a token, refresh a token'],
  },
  HubspotOauth2: {
    console: 'HubSpot account > Development',
    app: 'An app with OAuth, for the marketplace or for listed accounts',
    callback: 'Auth > Redirect URLs; HTTPS, HTTP only for localhost',
    credentials: 'Auth: Client ID and Client secret',
    scopes: 'oauth crm.objects.contacts.read; declare them in the app too',
    refreshTokens: 'Always',
    review:
      'Super administrators and people with App Marketplace Access can install it; unlisted apps stop at 25 installations',
    notes: [
      'A requested scope that the app does not declare fails the installation.',
      'A refresh token belongs to the installation, not to one user.',
    ],
    sources: ['developers.hubspot.com: manage OAuth tokens (2026-03), v1 OAuth API deprecation'],
  },
  ZoomOauth2: {
    console: 'marketplace.zoom.us > Develop > Build App',
    app: 'General App, user-managed; admin-managed for scopes of the whole account',
    callback:
      'Basic Information > OAuth Redirect URL and OAuth Allow Lists, one each for development and production',
    credentials: 'Basic Information > App Credentials; development and production have different ones',
    scopes: 'Set in the app: meeting:read:meeting user:read:user',
    refreshTokens: 'Always',
    review: 'Users of other accounts: review by the Zoom Marketplace. Administrators can require approval',
    notes: [
      'A new authorization of a user ends the earlier tokens of that user: use one Zoom app for each agent.',
      'The slash at the end of the callback URL matters (error 4709).',
    ],
    sources: ['developers.zoom.us: OAuth information of an app, PKCE', 'zoom/skills (2026-07-13)'],
  },
  FacebookOauth2: {
    console: 'developers.facebook.com/apps > Create App',
    app: 'A Business app with Facebook Login, platform Website',
    callback: 'Facebook Login > Settings > Valid OAuth Redirect URIs, exact; HTTPS',
    credentials: 'App settings > Basic: App ID and App secret',
    scopes: 'public_profile email pages_show_list',
    refreshTokens: 'None',
    review:
      'App Review and business verification for most permissions; before that, only people with a role in the app',
    notes: [
      'People can decline single permissions.',
      'A revocation ends the whole authorization of the app by the user.',
    ],
    sources: ['developers.facebook.com: permissions reference (v25.0), Facebook Login'],
  },
  DropboxOauth2: {
    console: 'dropbox.com/developers/apps > Create app',
    app: 'Scoped access; "App folder" or "Full Dropbox", which cannot be changed later',
    callback: 'Settings > OAuth 2 > Redirect URIs, exact; HTTPS except for localhost',
    credentials: 'Settings: App key (the client ID) and App secret',
    scopes: 'files.metadata.read files.content.read; tick them under Permissions first',
    refreshTokens: 'token_access_type=offline, which the service sends',
    review: 'In development, few users can link the app; apply for production',
    notes: [
      'Set "Allow public clients (Implicit Grant & PKCE)" to Disallow.',
      'After a new permission, users consent again.',
    ],
    sources: ['dropbox/dropbox-api-spec: auth.stone', 'dropbox.tech: using OAuth 2.0 with offline access'],
  },
  RedditOauth2: {
    console: 'reddit.com/prefs/apps > create another app',
    app: 'web app',
    callback: 'redirect uri; one',
    credentials: "The ID is under the app's name, and the secret below it",
    scopes: 'identity read submit',
    refreshTokens: 'duration=permanent, which the service sends',
    review: 'Access to the API probably needs the approval of Reddit',
    notes: ['Call the API at oauth.reddit.com.'],
    sources: ['reddit-archive/reddit wiki: OAuth2'],
  },
  SpotifyOauth2: {
    console: 'developer.spotify.com/dashboard > Create app',
    app: 'Web API',
    callback: 'Redirect URIs, exact; HTTPS, or http://127.0.0.1. Spotify does not accept localhost',
    credentials: 'App > Settings: Client ID and View client secret',
    scopes: 'user-read-email playlist-read-private',
    refreshTokens: 'Always',
    review: 'Development mode allows few listed users; apply for extended quota',
    notes: ['A refresh token ends 6 months after the consent: users consent again.'],
    sources: [
      'developer.spotify.com/blog/2026-06-18-refresh-token-expiration',
      'developer.spotify.com: redirect URIs',
    ],
  },
  TwitchOauth2: {
    console:
      'dev.twitch.tv/console > Applications > Register Your Application; the account needs two-factor sign-in',
    app: 'Probably a confidential client, in any category',
    callback: 'OAuth Redirect URLs',
    credentials: 'Applications > Manage: Client ID and New Secret',
    scopes: 'user:read:email channel:read:subscriptions',
    refreshTokens: 'Always',
    notes: ['The names of apps are unique at Twitch.'],
    sources: ['dev.twitch.tv/docs/authentication: register your app, revoking tokens'],
  },
  XOauth2: {
    console: 'console.x.com > Create App > User authentication settings',
    app: 'Web App, Automated App or Bot (a confidential client)',
    callback: 'Callback URLs, up to 10, exact with the slash at the end; HTTPS, or http://127.0.0.1',
    credentials: 'Keys and tokens: OAuth 2.0 Client ID and Client Secret, shown once',
    scopes: 'tweet.read users.read offline.access',
    refreshTokens: 'The scope offline.access',
    review: 'Needs a developer account with a plan',
    notes: ['The API key and its secret are for OAuth 1.0a: do not use them here.'],
    sources: ['xdevplatform/docs: user access token, developer apps (2026-08-22)'],
  },
  YandexOauth2: {
    console: 'oauth.yandex.com > Create app',
    app: 'Platform "Web services"',
    callback: 'App platforms > Redirect URI',
    credentials: "The app's page: ClientID and Client secret",
    scopes: 'login:email login:info; choose them in the app first',
    refreshTokens: 'Always',
    notes: [
      "A change of the app's permissions ends all its tokens.",
      "A user's new password ends that user's tokens.",
    ],
    sources: ['yandex.com/dev/id/doc/en: introduction, token-invalidate'],
  },
  Auth0Oauth2: {
    console: 'Auth0 Dashboard > Applications > Create Application',
    app: 'Regular Web Application; Machine to Machine for the agent itself',
    callback: 'Settings > Allowed Callback URLs, with commas between them',
    credentials: 'Settings: Domain, Client ID, and Client Secret',
    scopes: 'openid profile offline_access',
    refreshTokens: 'The scope offline_access, and "Allow Offline Access" of the API',
    notes: [
      'Without an audience, the access token is opaque: set it as a custom parameter or with --audience.',
      'With a custom domain, the issuer is on that domain.',
    ],
    sources: ['auth0.com/docs: revoke refresh tokens, get refresh tokens'],
  },
  CognitoOauth2: {
    console: 'Cognito console > user pool > App clients > Create',
    app: 'Traditional web application, with a secret; Machine-to-machine for the agent itself',
    callback: 'Login pages > Allowed callback URLs, exact; HTTPS',
    credentials: 'App client: Client ID and Client secret',
    scopes: 'openid email',
    refreshTokens: 'Always with the authorization code flow',
    notes: ['The user pool needs a domain. The issuer is on another host (cognito-idp).'],
    sources: ['docs.aws.amazon.com/cognito: revocation endpoint'],
  },
  OktaOauth2: {
    console: 'Okta Admin Console > Applications > Create App Integration > OIDC',
    app: 'Web Application; API Services for the agent itself',
    callback: 'Sign-in redirect URIs, exact',
    credentials: 'General > Client Credentials',
    scopes: 'openid offline_access okta.users.read',
    refreshTokens: 'Tick the grant type Refresh Token, and request offline_access',
    review: 'Assign users or groups (Assignments)',
    notes: ['Tokens of the org authorization server are for the APIs of Okta only.'],
    sources: ['okta/okta-developer-docs: refresh tokens, revoke tokens (2026-08-21)'],
  },
  OneLoginOauth2: {
    console: 'OneLogin Administration > Applications > Add App > OpenId Connect (OIDC)',
    app: 'Web; token endpoint authentication Basic or POST',
    callback: 'Configuration > Redirect URIs',
    credentials: 'Probably on the SSO tab: Client ID and Client Secret',
    scopes: 'openid profile',
    review: 'Assign users or roles',
    notes: [
      'The issuer is https://SUBDOMAIN.onelogin.com/oidc/2, not the older openid-connect.onelogin.com.',
    ],
    sources: ['Discovery document of OneLogin (2022-11-12)'],
  },
  PingOneOauth2: {
    console: 'PingOne admin console > Applications > +',
    app: 'OIDC Web App; Worker for the agent itself',
    callback: 'Configuration > Redirect URIs',
    credentials: 'Overview or Configuration: Client ID and Client Secret',
    scopes: 'openid profile; grant custom scopes under Resources',
    refreshTokens: 'Probably the grant type Refresh Token in the app',
    review: 'Turn the app on',
    notes: ['One app cannot serve both users and the agent itself.'],
    sources: ['developer.pingidentity.com/pingone-api (2026-08-07)'],
  },
  CyberArkOauth2: {
    console: 'CyberArk Identity Administration > Apps & Widgets > Web Apps > Add Web Apps > Custom',
    app: 'OpenID Connect',
    callback: 'Probably the Trust tab > Authorized Redirect URIs',
    credentials: 'Probably the Trust tab: client ID and secret',
    scopes: 'openid profile email',
    review: 'Permissions tab: users need Run',
    notes: [
      'The ID of the application is part of the issuer: https://TENANT.id.cyberark.cloud/APP. Take it from the discovery document.',
    ],
    sources: ['docs.aws.amazon.com/bedrock-agentcore: CyberArk'],
  },
  FusionAuthOauth2: {
    console: 'FusionAuth admin > Applications > Add > OAuth tab',
    app: 'Application; an entity for the agent itself',
    callback: 'Authorized redirect URLs, exact',
    credentials: 'OAuth tab: Client Id and Client secret',
    scopes: 'openid offline_access',
    refreshTokens: 'The scope offline_access, and probably "Generate refresh tokens"',
    review: 'Users must be registered for the application if it says so',
    notes: [
      'Set client authentication and PKCE to required.',
      'The tenant sets the issuer: take it from discovery.',
    ],
    sources: ['FusionAuth/fusionauth-site: OAuth URL validation'],
  },
};

/** The pages of vendors for which `console` does not begin with the address. */
const PAGES: Partial<Record<VendorName, string>> = {
  GoogleOauth2: 'https://console.cloud.google.com/auth/clients',
  GithubOauth2: 'https://github.com/settings/apps',
};

/** An address that a person types without its scheme. */
const ADDRESS = /^[a-z\d-]+(\.[a-z\d-]+)+(\/[\w./-]*)?$/;

/** Returns the page at which an app is created; undefined if each customer of the vendor has another one. */
export function pageOf(vendor: VendorName): string | undefined {
  const [first = ''] = VENDOR_SETUP[vendor].console.split(' ');
  return PAGES[vendor] ?? (ADDRESS.test(first) ? `https://${first}` : undefined);
}
