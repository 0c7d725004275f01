/**
 * The provider's answer, brought by the browser (RFC 6749 section 4.1.2). It counts only for the session whose
 * state it carries, in the browser that began it, at the provider that was asked (RFC 9207, RFC 9700 section
 * 4.4). The code is sealed and kept; it is redeemed when the application has said who came back. An answer
 * that is refused changes nothing: the right one can still come.
 *
 * The completion URI is created here and goes to this browser alone, as the `session_id` of the return URL. The sender
 * of a link does not learn it, so they cannot complete what another person consented to.
 */
import { epochSeconds } from '../system';
import { errorCode } from '../oauth/provider-failure';
import type { KeptCode } from '../oauth/token-request';
import { callbackUrl } from '../provider/oauth2-provider';
import { hasAnswered, unlessShredded, type BrowserEntry, type BrowserDependencies } from './authorize';
import { openSealedRequest } from './begin';
import { bindingCookieName, page, type BrowserOutcome } from './browser';
import { withParameters } from './return-url';
import {
  consentContext,
  isExpired,
  newBoundSecret,
  sessionFacts,
  sessionHashIn,
  sessionUriOf,
  transition,
  type Session,
  type Start,
} from './session';
import { hashOf, isHashOf } from '../digest';

export interface CallbackInput {
  /** Last segment of the callback's path. */
  readonly callbackId: string;
  readonly query: URLSearchParams;
  readonly cookies: ReadonlyMap<string, string>;
}

/** A parameter that is there once; a repeated one is none (RFC 6749 section 3.1). */
const single = (query: URLSearchParams, name: string): string | undefined => {
  const values = query.getAll(name);
  return values.length === 1 ? values[0] : undefined;
};

/** What the provider has answered; undefined for neither code nor error, or both. */
function answerOf(
  query: URLSearchParams,
): { readonly code: string } | { readonly error: string } | undefined {
  const code = single(query, 'code');
  if (query.has('error') === (code !== undefined)) return undefined;
  return code === undefined ? { error: errorCode(single(query, 'error')) } : { code };
}

/** Why an answer does not count, for the audit trail; undefined when it does. */
function fault(session: Session, start: Start, input: CallbackInput): string | undefined {
  if (!isHashOf(start.stateHash, single(input.query, 'state'))) return 'state of another request';
  if (!isHashOf(start.cookieHash, input.cookies.get(bindingCookieName(session.hash))))
    return 'another browser';
  if (input.callbackId !== session.authorization.callbackId) return 'callback of another provider';
  const iss = input.query.has('iss') ? (single(input.query, 'iss') ?? '') : undefined;
  if (iss === undefined ? session.authorization.issuerInAnswer : iss !== session.authorization.issuer) {
    return 'issuer of another provider';
  }
  return undefined;
}

/** Where the application is told how its session went. */
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

/** The page for a person whom the provider sent back with an error; its `session_id` completes nothing. */
async function notGranted(
  deps: BrowserDependencies,
  session: Session,
  error: string,
): Promise<BrowserOutcome> {
  const returnTo = await backToApplication(deps, session, newBoundSecret(session, deps.system), error);
  return page({ name: 'not-granted', provider: session.provider.name, error, returnTo });
}

/** An answer that was used already, loaded again: this browser is told what became of it, and any other nothing. */
async function answeredBefore(
  deps: BrowserDependencies,
  session: Session,
  { cookies, query }: CallbackInput,
): Promise<BrowserOutcome> {
  if (!hasAnswered(session, cookies)) return page({ name: 'answer-refused' });
  const answer = answerOf(query);
  if (answer && 'error' in answer && session.failure === answer.error) {
    return notGranted(deps, session, answer.error);
  }
  return page({ name: 'already-answered', returnTo: session.returnUrl });
}

/** @returns the redirect back to the application, or a page that says what happened */
export async function callback(deps: BrowserDependencies, input: CallbackInput): Promise<BrowserOutcome> {
  const now = epochSeconds(deps.system);
  const sessionHash = sessionHashIn(single(input.query, 'state') ?? '');
  const session = sessionHash === undefined ? undefined : await deps.sessions.get(sessionHash);
  const entry = { operation: 'Callback', ...(session && sessionFacts(session)) };
  const refused = (reason: string, name: 'link-ended' | 'answer-refused'): BrowserOutcome => {
    deps.audit.record({ ...entry, outcome: 'denied', reason });
    return page({ name });
  };
  if (!session) return refused('no such session', 'answer-refused');
  if (isExpired(session, now)) return refused('session expired', 'link-ended');
  return unlessShredded(deps, entry, () => answered(deps, input, session, entry, refused));
}

/** Takes the answer for a session that is still open, or says why not. */
async function answered(
  deps: BrowserDependencies,
  input: CallbackInput,
  session: Session,
  entry: BrowserEntry,
  refused: (reason: string, name: 'answer-refused') => BrowserOutcome,
): Promise<BrowserOutcome> {
  const now = epochSeconds(deps.system);
  const { start } = session;
  if (!start) {
    deps.audit.record({ ...entry, outcome: 'denied', reason: `session is ${session.state}` });
    return answeredBefore(deps, session, input);
  }
  const wrong = fault(session, start, input);
  if (wrong) return refused(wrong, 'answer-refused');
  const answer = answerOf(input.query);
  if (!answer) return refused('neither code nor error', 'answer-refused');

  if ('error' in answer) {
    const { error } = answer;
    const failed = transition(session, { type: 'error-response', failure: error }, now);
    if (!failed || !(await deps.sessions.advance(failed)))
      return refused('answered meanwhile', 'answer-refused');
    deps.audit.record({ ...entry, outcome: 'failed', result: failed.state, reason: error });
    return notGranted(deps, failed, error);
  }

  const kept: KeptCode = {
    code: answer.code,
    iss: single(input.query, 'iss'),
    codeVerifier: await deps.seal.open(consentContext(session, 'verifier'), start.sealedVerifier),
    redirectUri: callbackUrl(deps.baseUrl, session.authorization.callbackId),
  };
  const completionId = newBoundSecret(session, deps.system);
  const sealedCode = await deps.seal.seal(consentContext(session, 'code'), JSON.stringify(kept));
  const completionHash = hashOf(completionId);
  const consented = transition(session, { type: 'consent', sealedCode, completionHash }, now);
  if (!consented || !(await deps.sessions.advance(consented)))
    return refused('answered meanwhile', 'answer-refused');
  deps.audit.record({ ...entry, outcome: 'allowed', result: consented.state });
  return { kind: 'redirect', location: await backToApplication(deps, session, completionId) };
}
