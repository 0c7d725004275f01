/**
 * Credentials for the tools of agents, and the completion of consents for applications, built on the AWS client.
 *
 * An agent behind a gate wraps a tool. The call waits for the user's consent, and the tool gets the access token in its
 * first argument:
 *
 *     const identity = createIdentityClient(); // AGENT_IDENTITY_ENDPOINT, AWS_REGION, AWS credentials
 *     type Question = { day: string; state: string }; // as the application sends it
 *     type Send = (authorizationUrl: string) => void;
 *     const readCalendar = withAccessToken(({ state }: Question, request: IncomingMessage, send: Send) => ({
 *       identity, ...fromGate(request.headers), providerName: 'calendar', scopes: ['calendar.read'],
 *       authFlow: 'USER_FEDERATION', customState: state, onAuthUrl: send,
 *     }))(async ({ accessToken }, { day }) => {
 *       const response = await fetch(`${CALENDAR}?day=${day}`, { headers: { authorization: `Bearer ${accessToken}` } });
 *       if (response.status === 401) throw new AccessTokenRejectedError(); // called once more with another token
 *       return response.json();
 *     });
 *
 * An agent without a gate passes `workloadIdentityToken: workloadAccessTokens(identity, { workloadName, userId })`
 * instead of `fromGate`. The application creates an unguessable `state`, keeps it in the user's browser session, and
 * calls {@link completeAuthorization} at its return URL, which validates the state.
 *
 * This package logs nothing. No message of an error contains a token or an authorization URL.
 */
export {
  AccessTokenCredential,
  getAccessToken,
  replaceAccessToken,
  withAccessToken,
  type AccessTokenOptions,
  type ResourceTokenOptions,
} from './access-token';
export { ApiKeyCredential, getApiKey, withApiKey, type ApiKeyOptions } from './api-key';
export { agentFetch, invokeAgent, type AgentFetch } from './calling-agent';
export {
  completeAuthorization,
  type BrowserSession,
  type CompleteAuthorizationOptions,
  type CompletedAuthorization,
} from './complete-authorization';
export { authorizedFetch, type ResourceFetch } from './authorized-fetch';
export { connectMcp, type ConnectMcpOptions, type GatewayMcpOptions, type McpFetch } from './connect-mcp';
export type { CredentialOptions, OptionsOrFunction, Tool, WrappedTool } from './credential';
export {
  AccessTokenRejectedError,
  AgentRedirectError,
  AuthorizationReturnError,
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
  type AuthorizationReturnParameter,
  type AuthorizationReturnReason,
} from './errors';
export { fromGate, type GateOptions } from './gate-headers';
export { gatewayFetch, type GatewayFetchOptions } from './gateway-fetch';
export { createIdentityClient, type IdentityClientOptions } from './identity-client';
export type { McpRequestContext } from './mcp-context';
export type { RequestHeaders } from './request-headers';
export type { Clock } from './waiting';
export {
  CachedWorkloadAccessTokens,
  staticWorkloadAccessToken,
  workloadAccessTokens,
  type OnBehalfOf,
  type WorkloadAccessTokenSource,
} from './workload-access-token';
