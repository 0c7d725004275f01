/**
 * The provider's response, delivered by the browser (RFC 6749 section 4.1.2). It is valid only for the session in its
 * state, in the browser that started the session, from the provider that received the request (RFC 9207, RFC 9700
 * section 4.4). The service encrypts and stores the code, and redeems it when the application has named the returning
 * user. A rejected response changes nothing: the correct response can still arrive.
 *
 * The completion URI is created here and goes to this browser alone, as the `session_id` of the return URL. The sender
 * of a link does not learn it, so they cannot complete what another person consented to.
 */
import { epochSeconds } from '../system';
import { errorCode } from '../oauth/provider-failure';
import { statedError } from '../oauth/stated-error';
import type { KeptCode } from '../oauth/token-request';
import { callbackUrl } from '../provider/oauth2-provider';
import { isDeclinedError } from '../provider/vendors';
import { hasResponded, unlessShredded, type BrowserEntry, type BrowserDependencies } from './authorize';
import { openSealedRequest } from './begin';
import { bindingCookieName, page, type BrowserOutcome } from './browser';
import { withParameters } from './return-url';
import {
  ACCESS_DENIED,
  consentContext,
  isExpired,
  newBoundSecret,
  sessionFacts,
  sessionHashIn,
  sessionUriOf,
  transition,
} from './session';
import type { Session, Start } from '../../model/records/consent-session';
import { hashOf, isHashOf } from '../digest';

export interface CallbackInput {
  /** Last segment of the callback's path. */
  readonly callbackId: string;
  readonly query: URLSearchParams;
  readonly cookies: ReadonlyMap<string, string>;
}

/** Returns a query parameter. Ignores a repeated parameter (RFC 6749 section 3.1). */
const single = (query: URLSearchParams, name: string): string | undefined => {
  const values = query.getAll(name);
  return values.length === 1 ? values[0] : undefined;
};

interface ErrorResponse {
  /** The code of RFC 6749 section 4.1.2.1, if the vendor has its own for it. */
  readonly error: string;
  /** The provider's own code and words, for the audit log. */
  readonly stated: string;
}

/** Returns the provider's code or error; undefined for neither or both. */
function authorizationResponseOf(
  query: URLSearchParams,
): { readonly code: string } | ErrorResponse | undefined {
  const code = single(query, 'code');
  if (query.has('error') === (code !== undefined)) return undefined;
  if (code !== undefined) return { code };
  const error = errorCode(single(query, 'error'));
  const words = statedError({
    description: single(query, 'error_description'),
    uri: single(query, 'error_uri'),
  });
  return { error: isDeclinedError(error) ? ACCESS_DENIED : error, stated: error + words };
}

/** Returns why a response is rejected, for the audit log; undefined if it is valid. */
function rejection(session: Session, start: Start, input: CallbackInput): string | undefined {
  if (!isHashOf(start.stateHash, single(input.query, 'state'))) return 'state of another request';
  if (!isHashOf(start.cookieHash, input.cookies.get(bindingCookieName(session.hash))))
    return 'another browser';
  if (input.callbackId !== session.authorization.callbackId) return 'callback of another provider';
  const iss = input.query.has('iss') ? (single(input.query, 'iss') ?? '') : undefined;
  if (iss === undefined ? session.authorization.issuerInResponse : iss !== session.authorization.issuer) {
    return 'issuer of another provider';
  }
  return undefined;
}

/** Returns the return URL with the session's outcome. */
async function backToApplication(
  deps: BrowserDependencies,
  session: Session,
  completionId: string,
  error?: string,
): Promise<string> {
  const { customState } = await openSealedRequest(deps.seal, session);
  return withParameters(session.returnUrl, {
    session_id: sessionUriOf(completionId),
    state: customState,
    error,
  });
}

/**
 * Returns the page for an error response of the provider; its `session_id` completes nothing. A session of a portal
 * returns to the portal immediately: its page says what happened, and has the way to connect after all.
 */
export async function notGranted(
  deps: BrowserDependencies,
  session: Session,
  error: string,
): Promise<BrowserOutcome> {
  const returnTo = await backToApplication(deps, session, newBoundSecret(session, deps.system), error);
  if (session.page?.portalId !== undefined) return { kind: 'redirect', location: returnTo };
  return page({ name: 'not-granted', provider: session.provider.displayName, error, returnTo });
}

/** Returns the page for a repeated response. Only the browser that delivered the response learns the outcome. */
async function respondedBefore(
  deps: BrowserDependencies,
  session: Session,
  { cookies, query }: CallbackInput,
): Promise<BrowserOutcome> {
  if (!hasResponded(session, cookies)) return page({ name: 'response-rejected' });
  const response = authorizationResponseOf(query);
  if (response && 'error' in response && session.failure === response.error) {
    return notGranted(deps, session, response.error);
  }
  return page({ name: 'already-answered', returnTo: session.returnUrl });
}

/** Returns the redirect to the application, or a page that says what happened. */
export async function callback(deps: BrowserDependencies, input: CallbackInput): Promise<BrowserOutcome> {
  const now = epochSeconds(deps.system);
  const sessionHash = sessionHashIn(single(input.query, 'state') ?? '');
  const session = sessionHash === undefined ? undefined : await deps.sessions.get(sessionHash);
  const entry = { operation: 'Callback', ...(session && sessionFacts(session)) };
  const refused = (reason: string, name: 'link-ended' | 'response-rejected'): BrowserOutcome => {
    deps.audit.record({ ...entry, outcome: 'denied', reason });
    return page({ name });
  };
  if (!session) return refused('no such session', 'response-rejected');
  if (isExpired(session, now)) return refused('session expired', 'link-ended');
  return unlessShredded(deps, entry, () => acceptResponse(deps, input, { session, entry, refused }));
}

/** What the callback knows of a response whose session is open. */
interface AwaitedResponse {
  readonly session: Session;
  readonly entry: BrowserEntry;
  readonly refused: (reason: string, name: 'response-rejected') => BrowserOutcome;
}

/** Accepts the response for a session that waits for one, or rejects it. */
async function acceptResponse(
  deps: BrowserDependencies,
  input: CallbackInput,
  { session, entry, refused }: AwaitedResponse,
): Promise<BrowserOutcome> {
  const now = epochSeconds(deps.system);
  const { start } = session;
  if (!start) {
    deps.audit.record({ ...entry, outcome: 'denied', reason: `session is ${session.state}` });
    return respondedBefore(deps, session, input);
  }
  const rejected = rejection(session, start, input);
  if (rejected) return refused(rejected, 'response-rejected');
  const response = authorizationResponseOf(input.query);
  if (!response) return refused('neither code nor error', 'response-rejected');

  if ('error' in response) {
    const { error, stated } = response;
    const failed = transition(session, { type: 'error-response', failure: error }, now);
    if (!failed || !(await deps.sessions.advance(failed)))
      return refused('a concurrent request handled the response', 'response-rejected');
    deps.audit.record({ ...entry, outcome: 'failed', result: failed.state, reason: stated });
    return notGranted(deps, failed, error);
  }

  const kept: KeptCode = {
    code: response.code,
    iss: single(input.query, 'iss'),
    codeVerifier: await deps.seal.open(consentContext(session, 'verifier'), start.sealedVerifier),
    redirectUri: callbackUrl(deps.baseUrl, session.authorization.callbackId),
  };
  const completionId = newBoundSecret(session, deps.system);
  const sealedCode = await deps.seal.seal(consentContext(session, 'code'), JSON.stringify(kept));
  const completionHash = hashOf(completionId);
  const consented = transition(session, { type: 'consent', sealedCode, completionHash }, now);
  if (!consented || !(await deps.sessions.advance(consented)))
    return refused('a concurrent request handled the response', 'response-rejected');
  deps.audit.record({ ...entry, outcome: 'allowed', result: consented.state });
  return { kind: 'redirect', location: await backToApplication(deps, session, completionId) };
}
