/**
 * The registry: every route of the service, once. The router, the CDK stack and the local gateway are
 * all driven by it, so what is deployed and what runs on a laptop have the same routes and the same auth.
 *
 * Methods, paths and success codes are those of AWS's service model for Amazon Bedrock AgentCore
 * (control plane 2023-06-05, data plane 2024-02-28), but for the browser and metadata routes, which are ours.
 */

/** Functions are split where permissions differ: each group is one function with a role of its own. */
export const FUNCTION_GROUPS = [
  'control-plane',
  'token-exchange',
  'credential-retrieval',
  'oauth-callback',
] as const;

export type FunctionGroup = (typeof FUNCTION_GROUPS)[number];

export interface Route {
  readonly method: 'GET' | 'POST';
  /** Path template in API Gateway's notation, relative to the stage. */
  readonly path: string;
  /** `IAM`: SigV4, checked by the gateway. `NONE`: reached by browsers and by resource servers. */
  readonly auth: 'IAM' | 'NONE';
  readonly group: FunctionGroup;
  /** Status of a successful JSON answer; the browser routes choose their own. */
  readonly status: 200 | 201;
}

const post = (path: string, group: FunctionGroup, status: 200 | 201 = 200): Route => ({
  method: 'POST',
  path,
  auth: 'IAM',
  group,
  status,
});

const open = (path: string): Route => ({
  method: 'GET',
  path,
  auth: 'NONE',
  group: 'oauth-callback',
  status: 200,
});

export const OPERATIONS = {
  CreateWorkloadIdentity: post('/identities/CreateWorkloadIdentity', 'control-plane', 201),
  GetWorkloadIdentity: post('/identities/GetWorkloadIdentity', 'control-plane'),
  CreateOauth2CredentialProvider: post('/identities/CreateOauth2CredentialProvider', 'control-plane', 201),
  GetOauth2CredentialProvider: post('/identities/GetOauth2CredentialProvider', 'control-plane'),

  GetWorkloadAccessToken: post('/identities/GetWorkloadAccessToken', 'token-exchange'),
  GetWorkloadAccessTokenForJWT: post('/identities/GetWorkloadAccessTokenForJWT', 'token-exchange'),
  GetWorkloadAccessTokenForUserId: post('/identities/GetWorkloadAccessTokenForUserId', 'token-exchange'),

  GetResourceOauth2Token: post('/identities/oauth2/token', 'credential-retrieval'),
  CompleteResourceTokenAuth: post('/identities/CompleteResourceTokenAuth', 'credential-retrieval'),

  Authorize: open('/identities/oauth2/authorize'),
  Callback: open('/identities/oauth2/callback/{callbackId}'),
  Jwks: open('/.well-known/jwks.json'),
  IssuerMetadata: open('/.well-known/openid-configuration'),
} as const satisfies Record<string, Route>;

export type OperationName = keyof typeof OPERATIONS;
