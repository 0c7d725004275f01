/**
 * What an application does when the browser returns from the provider: it tells the service which user returned. Only
 * the application knows whose browser it is; without this step, a forwarded link would connect the account of another
 * person. The `session_id` is valid for one completion, and only the browser that consented has it. If the application
 * names another user, the session ends and the user must consent again.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import {
  CompleteResourceTokenAuthCommand,
  type BedrockAgentCoreClient,
  type UserIdentifier,
} from '@aws-sdk/client-bedrock-agentcore';
import { AuthorizationReturnError, type AuthorizationReturnParameter } from './errors';
import { errorCodeOf } from './oauth-error-code';
import {
  callback,
  checkOptions,
  checkValue,
  IDENTITY,
  isCollection,
  listOfText,
  objectWith,
  type Requirements,
} from './options';

/** What the application knows about the browser that sent the request, from its session cookie. */
export interface BrowserSession {
  /** The signed-in user: `{ userToken }` or `{ userId }`, as in the request for the workload access token. */
  readonly user: UserIdentifier;
  /** Each unguessable `customState` that was created for this browser session and has not returned yet. */
  readonly states: Iterable<string> & object;
}

export interface CompleteAuthorizationOptions {
  readonly identity: BedrockAgentCoreClient;
  /** URL of the request to the return URL: absolute, path and query as in Node.js, or the query parameters. */
  readonly url: string | URL | URLSearchParams;
  /** @returns undefined when no user is signed in to this browser */
  readonly browserSession: () => BrowserSession | undefined | Promise<BrowserSession | undefined>;
}

/** The application deletes the state and continues with the user's request. */
export interface CompletedAuthorization {
  readonly state: string;
}

const REQUIREMENTS: Requirements<CompleteAuthorizationOptions> = {
  identity: IDENTITY,
  url: {
    accepts: (value) => typeof value === 'string' || value instanceof URL || value instanceof URLSearchParams,
    description: 'the URL of the request: request.url',
  },
  browserSession: callback('() => ({ user: { userToken }, states })'),
};

const USER = objectWith([], 'an object with the token or the ID of the user: { userToken } or { userId }');
const STATES = listOfText('state');

/** The pattern of the AWS service model. */
const SESSION_URI = /^urn:ietf:params:oauth:request_uri:[a-zA-Z0-9-._~]{1,512}$/;
const MAX_STATE_LENGTH = 4096;

function queryOf(url: string | URL | URLSearchParams): URLSearchParams {
  if (typeof url !== 'string') return url instanceof URL ? url.searchParams : url;
  const base = 'http://application.invalid';
  return URL.canParse(url, base) ? new URL(url, base).searchParams : new URLSearchParams();
}

/** Returns a parameter unless it is missing or repeated. */
function single(query: URLSearchParams, name: string): string | undefined {
  const values = query.getAll(name);
  return values.length === 1 ? values[0] : undefined;
}

const digest = (value: string): Buffer => createHash('sha256').update(value).digest();

/** Compares all states in constant time. */
function isAmong(state: string, states: readonly string[]): boolean {
  const wanted = digest(state);
  return states.filter((one) => timingSafeEqual(digest(one), wanted)).length > 0;
}

const malformed = (parameter: AuthorizationReturnParameter): AuthorizationReturnError =>
  new AuthorizationReturnError('malformed', undefined, undefined, parameter);

/**
 * Completes an authorization when the browser returns to the application's return URL.
 *
 * @throws AuthorizationReturnError with a reason: nothing was completed. ConfigurationError for an option or a
 *   session that is not valid. The exceptions of the AWS SDK for errors of the service: `AccessDeniedException` for another user's session
 *   or a session that is no longer valid, `ValidationException` when the provider does not redeem the authorization
 *   code.
 */
export async function completeAuthorization(
  options: CompleteAuthorizationOptions,
): Promise<CompletedAuthorization> {
  checkOptions('completeAuthorization', options, REQUIREMENTS);
  const { identity, url, browserSession } = options;
  const query = queryOf(url);
  const sessionUri = single(query, 'session_id');
  if (sessionUri === undefined || !SESSION_URI.test(sessionUri)) {
    throw malformed('session_id');
  }
  if (!query.has('state')) throw new AuthorizationReturnError('state-missing');
  const state = single(query, 'state');
  if (!state || state.length > MAX_STATE_LENGTH) throw malformed('state');
  const session = await browserSession();
  if (!session) throw new AuthorizationReturnError('sign-in-needed');
  checkValue('browserSession', 'user', session.user, USER);
  // States can be given as an iterator, such as the keys of a map.
  const states: unknown = isCollection(session.states) ? [...session.states] : session.states;
  checkValue('browserSession', 'states', states, STATES);
  if (!isAmong(state, states as string[])) {
    throw new AuthorizationReturnError('not-this-browser');
  }
  if (query.has('error')) {
    throw new AuthorizationReturnError('declined', state, errorCodeOf(single(query, 'error')));
  }
  await identity.send(new CompleteResourceTokenAuthCommand({ sessionUri, userIdentifier: session.user }));
  return { state };
}
