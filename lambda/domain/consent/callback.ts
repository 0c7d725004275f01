/**
 * The provider's answer, brought by the browser (RFC 6749 section 4.1.2). It counts only for the session whose
 * state it carries, in the browser that began it, at the provider that was asked (RFC 9207, RFC 9700 section
 * 4.4). The code is sealed and kept; it is redeemed when the application has said who came back. An answer
 * that is refused changes nothing: the right one can still come.
 */
import { timingSafeEqual } from 'node:crypto';
import { epochSeconds } from '../ambient';
import { errorCode } from '../grants/provider-failure';
import type { KeptCode } from '../grants/token-request';
import { backToApplication, type BrowserPorts } from './authorize';
import { openSealedRequest } from './begin';
import { bindingCookieName, page, type BindingCookie, type BrowserOutcome } from './browser';
import {
  consentContext,
  hashOf,
  isExpired,
  sessionFacts,
  transition,
  type Session,
  type Start,
} from './session';

export interface CallbackInput {
  /** Last segment of the callback's path. */
  readonly callbackId: string;
  readonly query: URLSearchParams;
  readonly cookies: ReadonlyMap<string, string>;
}

/** The session's hash, then what makes the state unguessable. */
const STATE = /^([\w-]{43})\.[\w-]{43}$/;

const matches = (secret: string | undefined, hash: string): boolean =>
  secret !== undefined && timingSafeEqual(Buffer.from(hashOf(secret)), Buffer.from(hash));

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
  if (!matches(single(input.query, 'state'), start.stateHash)) return 'state of another request';
  if (!matches(input.cookies.get(bindingCookieName(session.hash)), start.cookieHash))
    return 'another browser';
  if (input.callbackId !== session.authorization.callbackId) return 'callback of another provider';
  const iss = input.query.has('iss') ? (single(input.query, 'iss') ?? '') : undefined;
  if (iss === undefined ? session.authorization.issuerInAnswer : iss !== session.authorization.issuer) {
    return 'issuer of another provider';
  }
  return undefined;
}

/** @returns the redirect back to the application, or a page that says what happened */
export async function callback(ports: BrowserPorts, input: CallbackInput): Promise<BrowserOutcome> {
  const now = epochSeconds(ports.ambient);
  const [, sessionHash] = STATE.exec(single(input.query, 'state') ?? '') ?? [];
  const session = sessionHash === undefined ? undefined : await ports.sessions.get(sessionHash);
  const entry = { operation: 'Callback', ...(session && sessionFacts(session)) };
  const refused = (reason: string, name: 'link-ended' | 'answer-refused'): BrowserOutcome => {
    ports.audit.record({ ...entry, outcome: 'denied', reason });
    return page({ name });
  };
  if (!session) return refused('no such session', 'answer-refused');
  if (isExpired(session, now)) return refused('session expired', 'link-ended');
  const { start } = session;
  if (!start) return refused(`session is ${session.state}`, 'answer-refused');
  const wrong = fault(session, start, input);
  if (wrong) return refused(wrong, 'answer-refused');
  const answer = answerOf(input.query);
  if (!answer) return refused('neither code nor error', 'answer-refused');

  const sealed = await openSealedRequest(ports.seal, session);
  const cookie: BindingCookie = { name: bindingCookieName(session.hash), value: '', maxAge: 0 };

  if ('error' in answer) {
    const { error } = answer;
    const failed = transition(session, { type: 'fail', failure: error }, now);
    if (!failed || !(await ports.sessions.advance(failed)))
      return refused('answered meanwhile', 'answer-refused');
    ports.audit.record({ ...entry, outcome: 'failed', result: failed.state, reason: error });
    const returnTo = backToApplication(session, sealed, error);
    return {
      kind: 'page',
      page: { name: 'not-granted', provider: session.provider.name, error, returnTo },
      cookie,
    };
  }

  const kept: KeptCode = {
    code: answer.code,
    iss: single(input.query, 'iss'),
    codeVerifier: await ports.seal.open(consentContext(session, 'verifier'), start.sealedVerifier),
  };
  const sealedCode = await ports.seal.seal(consentContext(session, 'code'), JSON.stringify(kept));
  const consented = transition(session, { type: 'consent', sealedCode }, now);
  if (!consented || !(await ports.sessions.advance(consented)))
    return refused('answered meanwhile', 'answer-refused');
  ports.audit.record({ ...entry, outcome: 'allowed', result: consented.state });
  return { kind: 'redirect', location: backToApplication(session, sealed), cookie };
}
