/**
 * The registry of every route of the service. It drives the router, the CDK stack, and the local gateway, so a deployment
 * and a laptop have the same routes and the same authorization.
 *
 * Methods, paths, and success codes are those of AWS's service model for Amazon Bedrock AgentCore (control plane
 * 2023-06-05, data plane 2024-02-28), except for the browser and metadata routes, which are this project's.
 */

/** The groups that API Gateway reaches. */
export const ROUTED_GROUPS = [
  'control-plane',
  'token-exchange',
  'credential-retrieval',
  'oauth-callback',
  'token-vault',
  'grants',
  'operator',
  'security-events',
  'portal',
] as const;

export type RoutedGroup = (typeof ROUTED_GROUPS)[number];

/**
 * Groups without a route. Other functions invoke `provider-client` for work that they must not wait for or have no
 * permission for. Other functions and a schedule invoke `revocation`. The functions of consent portals invoke
 * `connections`. A schedule and operators invoke `key-rotation`. A schedule invokes `event-poll`.
 */
export const INVOKED_GROUPS = [
  'provider-client',
  'revocation',
  'connections',
  'key-rotation',
  'event-poll',
] as const;

/** Functions are split where permissions differ: each group is one function with its own role. */
export const FUNCTION_GROUPS = [...ROUTED_GROUPS, ...INVOKED_GROUPS] as const;

export type FunctionGroup = (typeof FUNCTION_GROUPS)[number];

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Path template in API Gateway's notation, relative to the stage. */
  readonly path: string;
  /** `IAM`: SigV4, checked by the gateway. `NONE`: reached by browsers, resource servers, and identity providers. */
  readonly auth: 'IAM' | 'NONE';
  readonly group: RoutedGroup;
  /** Status of a successful JSON response; 204 has no body. The browser routes choose their own status. */
  readonly status: 200 | 201 | 202 | 204;
  /** Name of the list-valued query parameter, if there is one. */
  readonly query?: 'tagKeys';
  /** The function that records the audit entries, if it is not the one that serves the route. */
  readonly auditedBy?: 'connections';
  /** Public metadata, or a page without any. Reading it involves no decision, so it has no audit entry. */
  readonly metadata?: true;
}

/** With its group in the type, by which the compiler knows what a function must serve. */
interface RouteOf<Group extends RoutedGroup> extends Route {
  readonly group: Group;
}

const post = <Group extends RoutedGroup>(
  path: string,
  group: Group,
  status: Route['status'] = 200,
): RouteOf<Group> => ({ method: 'POST', path, auth: 'IAM', group, status });

const open = (path: string): RouteOf<'oauth-callback'> => ({
  method: 'GET',
  path,
  auth: 'NONE',
  group: 'oauth-callback',
  status: 200,
});

/** A page of a consent portal. The `connections` function performs what the person requests, and records it. */
const page = (method: 'GET' | 'POST', path: string): RouteOf<'portal'> => ({
  ...open(`/portals/{portalId}${path}`),
  method,
  group: 'portal',
  auditedBy: 'connections',
});

/** A page outside of any portal. */
const site = (path: string): RouteOf<'portal'> => ({ ...open(path), group: 'portal', metadata: true });

const receiver = (path: string, status: Route['status']): RouteOf<'security-events'> => ({
  method: 'POST',
  path,
  auth: 'NONE',
  group: 'security-events',
  status,
});

/** Tag operations of the control plane. The ARN is in the path, and AWS SDKs encode it as one segment. */
const tags = (
  method: Route['method'],
  status: Route['status'],
  query?: 'tagKeys',
): RouteOf<'control-plane'> => ({
  method,
  path: '/tags/{resourceArn+}',
  auth: 'IAM',
  group: 'control-plane',
  status,
  ...(query && { query }),
});

const resourcePolicy = (method: Route['method'], status: Route['status']): RouteOf<'control-plane'> => ({
  method,
  path: '/resourcepolicy/{resourceArn+}',
  auth: 'IAM',
  group: 'control-plane',
  status,
});

/**
 * An operation of the operators' plane, beyond AWS. IAM on the path is its only authorization: no owner and no resource
 * policy gives or takes it.
 */
const operate = (name: string) => post(`/operator/${name}`, 'operator');

export const OPERATIONS = {
  CreateWorkloadIdentity: post('/identities/CreateWorkloadIdentity', 'control-plane', 201),
  GetWorkloadIdentity: post('/identities/GetWorkloadIdentity', 'control-plane'),
  UpdateWorkloadIdentity: post('/identities/UpdateWorkloadIdentity', 'control-plane'),
  DeleteWorkloadIdentity: post('/identities/DeleteWorkloadIdentity', 'control-plane', 204),
  ListWorkloadIdentities: post('/identities/ListWorkloadIdentities', 'control-plane'),

  CreateOauth2CredentialProvider: post('/identities/CreateOauth2CredentialProvider', 'control-plane', 201),
  GetOauth2CredentialProvider: post('/identities/GetOauth2CredentialProvider', 'control-plane'),
  UpdateOauth2CredentialProvider: post('/identities/UpdateOauth2CredentialProvider', 'control-plane'),
  DeleteOauth2CredentialProvider: post('/identities/DeleteOauth2CredentialProvider', 'control-plane', 204),
  ListOauth2CredentialProviders: post('/identities/ListOauth2CredentialProviders', 'control-plane'),

  CreateApiKeyCredentialProvider: post('/identities/CreateApiKeyCredentialProvider', 'control-plane', 201),
  GetApiKeyCredentialProvider: post('/identities/GetApiKeyCredentialProvider', 'control-plane'),
  UpdateApiKeyCredentialProvider: post('/identities/UpdateApiKeyCredentialProvider', 'control-plane'),
  DeleteApiKeyCredentialProvider: post('/identities/DeleteApiKeyCredentialProvider', 'control-plane', 204),
  ListApiKeyCredentialProviders: post('/identities/ListApiKeyCredentialProviders', 'control-plane'),

  CreateConsentPortal: post('/identities/CreateConsentPortal', 'control-plane', 202),
  GetConsentPortal: post('/identities/GetConsentPortal', 'control-plane'),
  UpdateConsentPortal: post('/identities/UpdateConsentPortal', 'control-plane', 202),
  DeleteConsentPortal: post('/identities/DeleteConsentPortal', 'control-plane', 204),
  ListConsentPortals: post('/identities/ListConsentPortals', 'control-plane'),

  GetTokenVault: post('/identities/get-token-vault', 'token-vault'),
  SetTokenVaultCMK: post('/identities/set-token-vault-cmk', 'token-vault'),
  ResetTokenVaultKeyMaterial: post('/identities/reset-token-vault-key-material', 'token-vault'),

  TagResource: tags('POST', 204),
  UntagResource: tags('DELETE', 204, 'tagKeys'),
  ListTagsForResource: tags('GET', 200),

  PutResourcePolicy: resourcePolicy('PUT', 201),
  GetResourcePolicy: resourcePolicy('GET', 200),
  DeleteResourcePolicy: resourcePolicy('DELETE', 204),

  GetWorkloadAccessToken: post('/identities/GetWorkloadAccessToken', 'token-exchange'),
  GetWorkloadAccessTokenForJWT: post('/identities/GetWorkloadAccessTokenForJWT', 'token-exchange'),
  GetWorkloadAccessTokenForUserId: post('/identities/GetWorkloadAccessTokenForUserId', 'token-exchange'),

  GetResourceApiKey: post('/identities/api-key', 'credential-retrieval'),
  GetResourceOauth2Token: post('/identities/oauth2/token', 'credential-retrieval'),
  CompleteResourceTokenAuth: post('/identities/CompleteResourceTokenAuth', 'credential-retrieval'),
  // Beyond AWS: reports that a resource server rejected a token.
  RejectResourceOauth2Token: post('/identities/RejectResourceOauth2Token', 'credential-retrieval'),
  // Beyond AWS: proof for one request with a token that is bound to a key.
  GetResourceDpopProof: post('/identities/GetResourceDpopProof', 'credential-retrieval'),

  // Beyond AWS: what an agent holds for a user.
  ListResourceGrants: post('/identities/ListResourceGrants', 'grants'),
  RevokeResourceGrant: post('/identities/RevokeResourceGrant', 'grants'),

  ListGrants: operate('ListGrants'),
  RevokeGrants: operate('RevokeGrants'),
  GetRevocation: operate('GetRevocation'),
  // The paths are fixed. AWS has an operation ListWorkloadIdentities, so the names are others: in the audit log, too.
  ListAllWorkloadIdentities: operate('ListWorkloadIdentities'),
  ListAllCredentialProviders: operate('ListCredentialProviders'),
  TransferOwnership: operate('TransferOwnership'),
  SuspendWorkloadIdentity: operate('SuspendWorkloadIdentity'),
  ResumeWorkloadIdentity: operate('ResumeWorkloadIdentity'),
  SuspendUser: operate('SuspendUser'),
  ResumeUser: operate('ResumeUser'),
  ListSuspensions: operate('ListSuspensions'),

  // Beyond AWS: an identity provider reports that a session or an account ended. The functions authenticate it.
  ReceiveSecurityEvents: receiver('/events/{issuerId}', 202),
  GlobalTokenRevocation: receiver('/global-token-revocation/{issuerId}', 204),
  BackChannelLogout: receiver('/backchannel-logout/{issuerId}', 200),

  Authorize: open('/identities/oauth2/authorize'),
  // Beyond AWS: the consent page's form.
  DeclineAuthorization: { ...open('/identities/oauth2/authorize'), method: 'POST' },
  Callback: open('/identities/oauth2/callback/{callbackId}'),
  // Beyond AWS: the client that an authorization server reads by its client ID.
  ClientMetadata: { ...open('/identities/oauth2/client-metadata/{callbackId}'), metadata: true },
  Jwks: { ...open('/.well-known/jwks.json'), metadata: true },
  IssuerMetadata: { ...open('/.well-known/openid-configuration'), metadata: true },

  // Beyond AWS: pages for people.
  Portal: page('GET', ''),
  PortalSignIn: page('GET', '/login'),
  PortalSignInCallback: page('GET', '/callback'),
  PortalSignOut: page('POST', '/logout'),
  PortalConnect: page('POST', '/connect'),
  PortalComplete: page('GET', '/connect/callback'),
  PortalDisconnect: page('POST', '/disconnect'),
  PortalDisconnectQuestion: page('GET', '/disconnect'),
  // The addresses of the forms, opened without the form: from the history, a bookmark, or a restored tab.
  PortalSignOutReopened: page('GET', '/logout'),
  PortalConnectReopened: page('GET', '/connect'),
  PortalDisconnection: page('GET', '/disconnections/{revocationId}'),
  Home: site('/'),
  Favicon: site('/favicon.ico'),
  NotFound: site('/{unknown+}'),
  UnknownOperation: { ...site('/{unknown+}'), method: 'POST' },
} as const satisfies Record<string, Route>;

export type OperationName = keyof typeof OPERATIONS;
