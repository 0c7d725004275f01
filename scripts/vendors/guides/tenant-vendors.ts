/** Vendors whose customers have their own tenants, and custom authorization servers. The pages have the facts, and no steps. */
import { guide } from '../guide';

const ISSUER_IS = 'The command reads the endpoints from the discovery document of the issuer.';

const AWS_GUIDE = 'https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/';

export const AUTH0 = guide({
  vendor: 'Auth0Oauth2',
  title: 'Auth0',
  page: 'auth0',
  sources: {
    refresh: {
      title: 'Refresh tokens',
      url: 'https://auth0.com/docs/secure/tokens/refresh-tokens',
      read: '2026-11',
    },
    revoke: {
      title: 'Revoke refresh tokens',
      url: 'https://auth0.com/docs/secure/tokens/refresh-tokens/revoke-refresh-tokens',
      read: '2026-11',
    },
  },
  manual: 'refresh',
  setup: ['refresh', 'revoke'],
  options: ' --issuer https://TENANT.auth0.com/',
  optionsAre: `${ISSUER_IS} It is your domain at Auth0, with the slash at the end.`,
  scopes: ['openid', 'offline_access'],
  tokenOptions: ' --audience https://api.example',
  accessTokens: ['As the API in Auth0 says.', 'refresh'],
  refreshTokens: ['As the application in Auth0 says.', 'refresh'],
  rotation: ['By a setting of the application, with an overlap.', 'refresh'],
  pkce: ['S256.'],
  revocation: [
    [
      'If the tenant setting "Refresh Token Revocation Deletes Grant" is on, the request ends all refresh tokens of the user, the application, and the audience. If it is off, it ends this one and those that it was rotated from.',
      'revoke',
    ],
    ['Access tokens are JWTs, and stay valid until they expire.', 'revoke'],
  ],
});

export const COGNITO = guide({
  vendor: 'CognitoOauth2',
  title: 'Amazon Cognito',
  page: 'cognito',
  sources: {
    revoke: {
      title: 'The token revocation endpoint',
      url: 'https://docs.aws.amazon.com/cognito/latest/developerguide/revocation-endpoint.html',
      read: '2026-11',
    },
    token: {
      title: 'The token endpoint',
      url: 'https://docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html',
      read: '2026-11',
    },
  },
  manual: 'token',
  setup: ['revoke', 'token'],
  options: ' --issuer https://cognito-idp.REGION.amazonaws.com/USER_POOL_ID',
  optionsAre: ISSUER_IS,
  scopes: ['openid', 'email'],
  accessTokens: ['5 minutes to 1 day, as the app client says.'],
  refreshTokens: ['30 days by default, up to 10 years.'],
  rotation: ['By a setting of the app client.'],
  pkce: ['S256.', 'token'],
  oddities: [
    ['There is no consent page: the user signs in.'],
    ['Access tokens have `client_id`, and no `aud`.'],
  ],
  revocation: [
    [
      'The request ends the refresh token and all tokens from it, if token revocation is on for the app client. It is on for new ones.',
      'revoke',
    ],
    [
      'A resource server that validates only the signature accepts access tokens until they expire.',
      'revoke',
    ],
  ],
});

export const OKTA = guide({
  vendor: 'OktaOauth2',
  title: 'Okta',
  page: 'okta',
  sources: {
    refresh: {
      title: 'Refresh access tokens',
      url: 'https://developer.okta.com/docs/guides/refresh-tokens/main/',
      dated: '2026-08-21',
      read: '2026-11',
    },
    revoke: {
      title: 'Revoke tokens',
      url: 'https://developer.okta.com/docs/guides/revoke-tokens/main/',
      dated: '2026-08-21',
      read: '2026-11',
    },
  },
  manual: 'refresh',
  setup: ['refresh', 'revoke'],
  options: ' --issuer https://ORG.okta.com/oauth2/default',
  optionsAre: `${ISSUER_IS} For the APIs of Okta, the issuer is \`https://ORG.okta.com\`.`,
  scopes: ['openid', 'offline_access'],
  accessTokens: ['As the access policy of the authorization server says.', 'refresh'],
  refreshTokens: ['Org authorization server: 90 days. Custom one: as its access policy says.', 'refresh'],
  rotation: [
    'Optional for web apps. The use of a previous refresh token ends the newest one too.',
    'refresh',
  ],
  pkce: ['S256.'],
  revocation: [
    ['A refresh token takes its access token along. An access token ends alone.', 'revoke'],
    ['Okta returns status 200 for unknown tokens too.', 'revoke'],
  ],
});

export const ONELOGIN = guide({
  vendor: 'OneLoginOauth2',
  title: 'OneLogin',
  page: 'onelogin',
  sources: {
    discovery: {
      title: 'Discovery document, as a test fixture of a public repository',
      url: 'https://developers.onelogin.com/openid-connect/api/provider-config',
      dated: '2022-11-12',
      read: '2026-11',
    },
  },
  manual: 'discovery',
  setup: ['discovery'],
  options: ' --issuer https://SUBDOMAIN.onelogin.com/oidc/2',
  optionsAre: ISSUER_IS,
  scopes: ['openid', 'profile'],
  refreshTokens: ['By the token settings of the app.'],
  pkce: ['S256.', 'discovery'],
  oddities: [['The discovery document lists no scope `offline_access`.', 'discovery']],
});

export const PINGONE = guide({
  vendor: 'PingOneOauth2',
  title: 'PingOne',
  page: 'pingone',
  sources: {
    api: {
      title: 'PingOne Platform API: tokens and token revocation',
      url: 'https://developer.pingidentity.com/pingone-api/',
      dated: '2026-08-07',
      read: '2026-11',
    },
    aws: { title: 'Amazon Bedrock AgentCore developer guide: PingOne', url: AWS_GUIDE, read: '2026-11' },
  },
  manual: 'api',
  setup: ['api', 'aws'],
  options: ' --issuer https://auth.pingone.com/ENVIRONMENT_ID/as',
  optionsAre: `${ISSUER_IS} The top-level domain depends on the geography.`,
  scopes: ['openid', 'profile'],
  rotation: ['By a setting. JWT refresh tokens end on 2027-03-01: use opaque ones.', 'api'],
  pkce: ['S256, by a setting.', 'api'],
  revocation: [
    [
      'Only tokens of a custom resource with the claim `sid` can be revoked: not those of the PingOne API, and not those of client credentials.',
      'api',
    ],
  ],
});

export const CYBERARK = guide({
  vendor: 'CyberArkOauth2',
  title: 'CyberArk',
  page: 'cyberark',
  sources: {
    aws: { title: 'Amazon Bedrock AgentCore developer guide: CyberArk', url: AWS_GUIDE, read: '2026-11' },
  },
  manual: 'aws',
  setup: ['aws'],
  options: ' --issuer https://TENANT.id.cyberark.cloud/APPLICATION_ID',
  optionsAre: `${ISSUER_IS} Take the exact issuer from that document, with or without a slash at the end.`,
  scopes: ['openid', 'profile', 'email'],
  pkce: ['A public example sends S256.'],
  oddities: [
    ['The endpoint `/oauth2/platformtoken` of the platform is for service users, and not for this provider.'],
  ],
});

export const FUSIONAUTH = guide({
  vendor: 'FusionAuthOauth2',
  title: 'FusionAuth',
  page: 'fusionauth',
  sources: {
    validation: {
      title: 'FusionAuth/fusionauth-site: OAuth URL validation',
      url: 'https://github.com/FusionAuth/fusionauth-site',
      read: '2026-11',
    },
    endpoints: {
      title: 'OAuth endpoints',
      url: 'https://fusionauth.io/docs/lifecycle/authenticate-users/oauth/endpoints',
      read: '2026-11',
    },
    aws: { title: 'Amazon Bedrock AgentCore developer guide: FusionAuth', url: AWS_GUIDE, read: '2026-11' },
  },
  manual: 'endpoints',
  setup: ['validation', 'endpoints', 'aws'],
  options: ' --issuer https://auth.example',
  optionsAre: ISSUER_IS,
  scopes: ['openid', 'offline_access'],
  rotation: ['One-time or reusable refresh tokens, by a setting.'],
  pkce: ['Set it to required.', 'aws'],
  oddities: [['Wildcards in redirect URLs are possible since version 1.43. Do not use them.', 'validation']],
  revocation: [['Revocation at FusionAuth needs an API key of the operator, and not the OAuth client.']],
});

export const CUSTOM = guide({
  vendor: 'CustomOauth2',
  title: 'another authorization server',
  page: 'custom',
  sources: {
    oauth: {
      title: 'RFC 6749, section 3.1.2',
      url: 'https://www.rfc-editor.org/rfc/rfc6749#section-3.1.2',
      dated: '2012-10',
      read: '2026-11',
    },
    revocation: {
      title: 'RFC 7009, section 2',
      url: 'https://www.rfc-editor.org/rfc/rfc7009#section-2',
      dated: '2013-08',
      read: '2026-11',
    },
    metadata: {
      title: 'RFC 8414, section 2',
      url: 'https://www.rfc-editor.org/rfc/rfc8414#section-2',
      dated: '2018-06',
      read: '2026-11',
    },
  },
  manual: 'oauth',
  setup: ['oauth', 'metadata'],
  steps: [
    ['Register a confidential client with the authorization code flow at the authorization server.', 'oauth'],
    ['Allow it refresh tokens, so that users consent only once.', 'service'],
    ['Copy the client ID and the client secret.', 'service'],
  ],
  options: ' --issuer https://idp.example',
  optionsAre: `${ISSUER_IS} For a document at another path, set \`--discovery-url\`. Without a document, set \`--authorization-endpoint\` and \`--token-endpoint\` too.`,
  scopes: ['openid'],
  pkce: ['The service sends S256.', 'service'],
  oddities: [
    ['A public client has no secret: set `--public`.', 'service'],
    [
      'An MCP server names its authorization server itself: use `--mcp` instead. See [mcp-servers.md](../mcp-servers.md).',
      'service',
    ],
    ['[keycloak.md](../keycloak.md) has all steps for Keycloak.', 'service'],
  ],
  revocation: [
    ['The server accepts a revocation with status 200, also for unknown tokens.', 'revocation'],
    [
      'Without a revocation endpoint in the metadata, the tokens stay valid there until they expire.',
      'service',
    ],
  ],
});
