/**
 * What an application does when the browser comes back from the provider: it says who came back. It alone knows whose
 * browser it is; without this, a link that was passed on would connect the wrong person's account. The `session_id` is
 * good for one completion, and only the browser that consented has it; when the user is not the one who asked, the
 * session is over and the user must be asked again.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import {
  CompleteResourceTokenAuthCommand,
  type BedrockAgentCoreClient,
  type UserIdentifier,
} from '@aws-sdk/client-bedrock-agentcore';
import { listOf } from './credential';
import { AuthorizationReturnError } from './errors';
import { errorCodeOf } from './oauth-error-code';

/** What the application knows of the browser that sent the request, from its own session cookie. */
export interface LiveBrowserSession {
  /** Who is signed in: `{ userToken }` or `{ userId }`, the kind that the agent's token was minted for. */
  readonly user: UserIdentifier;
  /** Each `customState` that was made for this browser session and has not come back yet; unguessable. */
  readonly states: Iterable<string> & object;
}

export interface CompleteAuthorizationOptions {
  readonly identity: BedrockAgentCoreClient;
  /** Of the request to the return URL: whole, or path and query as Node.js has it, or the query. */
  readonly url: string | URL | URLSearchParams;
  /** @returns undefined when nobody is signed in in this browser */
  readonly browserSession: () => LiveBrowserSession | undefined | Promise<LiveBrowserSession | undefined>;
}

/** For the application to forget the state, and to go on with what the user had asked for. */
export interface CompletedAuthorization {
  readonly state: string;
}

/** AWS's pattern. */
const SESSION_URI = /^urn:ietf:params:oauth:request_uri:[a-zA-Z0-9-._~]{1,512}$/;
const LONGEST_STATE = 4096;

function queryOf(url: string | URL | URLSearchParams): URLSearchParams {
  if (typeof url !== 'string') return url instanceof URL ? url.searchParams : url;
  const base = 'http://application.invalid';
  return URL.canParse(url, base) ? new URL(url, base).searchParams : new URLSearchParams();
}

/** A parameter that is there once. */
function single(query: URLSearchParams, name: string): string | undefined {
  const values = query.getAll(name);
  return values.length === 1 ? values[0] : undefined;
}

const digest = (value: string): Buffer => createHash('sha256').update(value).digest();

/** Takes equally long, whichever it is. */
function isAmong(state: string, states: readonly string[]): boolean {
  const wanted = digest(state);
  return states.filter((one) => timingSafeEqual(digest(one), wanted)).length > 0;
}

/**
 * Completes an authorization when the browser has come back to the application's return URL.
 *
 * @throws AuthorizationReturnError, with a reason: nothing was completed. ConfigurationError for states that are one
 *   string. AWS's exceptions for what the service refuses: `AccessDeniedException` for another user's session or one
 *   that is over, `ValidationException` when the provider does not redeem the authorization code.
 */
export async function completeAuthorization({
  identity,
  url,
  browserSession,
}: CompleteAuthorizationOptions): Promise<CompletedAuthorization> {
  const query = queryOf(url);
  const sessionUri = single(query, 'session_id');
  if (sessionUri === undefined || !SESSION_URI.test(sessionUri)) {
    throw new AuthorizationReturnError('malformed');
  }
  if (!query.has('state')) throw new AuthorizationReturnError('state-missing');
  const state = single(query, 'state');
  if (!state || state.length > LONGEST_STATE) throw new AuthorizationReturnError('malformed');
  const session = await browserSession();
  if (!session) throw new AuthorizationReturnError('sign-in-needed');
  if (!isAmong(state, listOf('states', session.states)))
    throw new AuthorizationReturnError('not-this-browser');
  if (query.has('error')) {
    throw new AuthorizationReturnError('declined', state, errorCodeOf(single(query, 'error')));
  }
  await identity.send(new CompleteResourceTokenAuthCommand({ sessionUri, userIdentifier: session.user }));
  return { state };
}
