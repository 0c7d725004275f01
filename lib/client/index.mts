/**
 * The ES module of this package. It re-exports the CommonJS module, so that both have the same classes and `instanceof`
 * holds in a program that loads both. The names are written out because bundlers cannot list those of a CommonJS module.
 */
export type * from './index.js';
export {
  AccessTokenCredential,
  AccessTokenRejectedError,
  AgentRedirectError,
  ApiKeyCredential,
  AuthorizationReturnError,
  CachedWorkloadAccessTokens,
  ConfigurationError,
  ConsentDeclinedError,
  ConsentFailedError,
  ConsentRequiredError,
  ConsentTimeoutError,
  GatewayAddressError,
  McpRedirectError,
  NoResponseError,
  ReplacementTokenRejectedError,
  ResourceRedirectError,
  WorkloadAccessTokenError,
  agentFetch,
  authorizedFetch,
  completeAuthorization,
  connectMcp,
  createIdentityClient,
  fromGate,
  gatewayFetch,
  getAccessToken,
  getApiKey,
  invokeAgent,
  replaceAccessToken,
  staticWorkloadAccessToken,
  withAccessToken,
  withApiKey,
  workloadAccessTokens,
} from './index.js';
