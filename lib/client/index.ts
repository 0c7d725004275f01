/**
 * For agents and applications: credentials for tools, and the end of a consent, in a few lines on AWS's own client.
 *
 * An agent behind a gate wraps a tool; the user's consent is waited for, and the token is in the tool's first argument:
 *
 *     const identity = createIdentityClient(); // AGENT_IDENTITY_ENDPOINT, AWS_REGION, AWS's credentials
 *     type Ask = { day: string; state: string }; // as the application sends it
 *     const readCalendar = withAccessToken(({ state }: Ask, request: IncomingMessage, tell: (link: string) => void) => ({
 *       identity, ...fromGate(request.headers), providerName: 'calendar', scopes: ['calendar.read'],
 *       authFlow: 'USER_FEDERATION', customState: state, onAuthUrl: tell,
 *     }))(async ({ accessToken }, { day }) => {
 *       const answer = await fetch(`${CALENDAR}?day=${day}`, { headers: { authorization: `Bearer ${accessToken}` } });
 *       if (answer.status === 401) throw new AccessTokenRejectedError(); // reported; tried once more with another
 *       return answer.json();
 *     });
 *
 * An agent without a gate mints for itself: `workloadIdentityToken: workloadAccessTokens(identity, { workloadName, userId })`
 * in place of `fromGate`. The application creates `state`, unguessable, keeps it in its user's browser session, and
 * answers its return URL by {@link completeAuthorization}, which looks for it there.
 *
 * Nothing here logs. Errors say what to do next and hold no token and no link in their messages.
 */
export {
  AccessTokenCredential,
  getAccessToken,
  replaceAccessToken,
  withAccessToken,
  type AccessTokenOptions,
} from './access-token';
export { ApiKeyCredential, getApiKey, withApiKey, type ApiKeyOptions } from './api-key';
export {
  completeAuthorization,
  type CompleteAuthorizationOptions,
  type CompletedAuthorization,
  type LiveBrowserSession,
} from './complete-authorization';
export type { CredentialOptions, OptionsOrFunction, Tool, WrappedTool } from './credential';
export {
  AccessTokenRejectedError,
  AuthorizationReturnError,
  ConfigurationError,
  ConsentFailedError,
  ConsentRequiredError,
  ConsentTimeoutError,
  ResourceRefusalError,
  WorkloadAccessTokenError,
  type AuthorizationReturnReason,
} from './errors';
export { fromGate, type FromGate, type RequestHeaders } from './gate-headers';
export { createIdentityClient, type IdentityClientOptions } from './identity-client';
export type { Clock } from './waiting';
export {
  givenWorkloadAccessToken,
  MintedWorkloadAccessTokens,
  workloadAccessTokens,
  type ActingFor,
  type WorkloadAccessTokenSource,
} from './workload-access-token';
