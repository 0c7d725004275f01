/**
 * Opening the authorization URL binds the browser to the session. The service redirects the browser to the provider
 * with a code request (RFC 6749 section 4.1.1), PKCE S256 (RFC 7636), and its own state. Opening the URL again starts
 * again, and the earlier state is no longer valid.
 */
import { type System, epochSeconds } from '../system';
import type { AuditEntry, AuditTrail } from '../audit';
import { ProviderFailure, type OwnCode } from '../oauth/provider-failure';
import { callbackUrl } from '../provider/oauth2-provider';
import { KeyMaterialResetError, LostKmsKeyError, ShreddedError, type Seal } from '../sealing/sealing';
import {
  authorizationParameters,
  authorizationUrl,
  pushedParameters,
  type RequestBinding,
} from './authorization-request';
import { openSealedRequest } from './begin';
import { bindingCookie, bindingCookieName, page, type BrowserOutcome } from './browser';
import { isConfirmed, question } from './confirmation';
import type { PushedAuthorization } from './push';
import { withParameters } from './return-url';
import {
  consentContext,
  isExpired,
  isPushedOut,
  newBoundSecret,
  sessionFacts,
  sessionIdOf,
  transition,
  type SealedRequest,
  type SessionStore,
} from './session';
import type { Session } from '../../model/records/consent-session';
import { hashOf, isHashOf } from '../digest';

export interface BrowserDependencies {
  readonly sessions: Pick<SessionStore, 'get' | 'advance'>;
  readonly seal: Seal;
  readonly audit: AuditTrail;
  readonly system: System;
  readonly baseUrl: string;
}

export interface AuthorizeDependencies extends BrowserDependencies {
  readonly pushedAuthorization: PushedAuthorization;
}

export interface AuthorizeInput {
  /** The `request_uri` of the authorization URL. */
  readonly requestUri: string | undefined;
  /** Value of the link on the consent page; undefined before the page was shown. */
  readonly confirmation?: string | undefined;
  readonly cookies: ReadonlyMap<string, string>;
}

/** An audit entry of a browser's step, without its outcome. */
export type BrowserEntry = Omit<AuditEntry, 'outcome'>;

/**
 * Performs a browser's step. The session of a deleted agent, or under a lost KMS key, cannot be opened, so its link is no
 * longer valid.
 */
export async function unlessShredded(
  { audit }: BrowserDependencies,
  entry: BrowserEntry,
  step: () => Promise<BrowserOutcome>,
): Promise<BrowserOutcome> {
  try {
    return await step();
  } catch (error) {
    if (!(error instanceof ShreddedError)) throw error;
    const isKeyLost = error instanceof LostKmsKeyError || error instanceof KeyMaterialResetError;
    const reason = isKeyLost ? error.message : 'the workload identity was deleted';
    audit.record({ ...entry, outcome: 'denied', reason });
    return page({ name: 'link-ended' });
  }
}

/** Returns whether this browser delivered the provider's response: only this browser learns the return URL. */
export const hasResponded = (session: Session, cookies: ReadonlyMap<string, string>): boolean =>
  isHashOf(session.responded?.cookieHash, cookies.get(bindingCookieName(session.hash)));

/** The failure of a session whose link was opened too often. After a response, it has another cause. */
const OPENED_TOO_OFTEN = 'not_completed' satisfies OwnCode;

/**
 * Returns the page for a link that cannot be opened again. Anyone who has the link can open it, so the page contains no
 * `state` and no URN.
 */
export function endedPage(session: Session, cookies: ReadonlyMap<string, string>): BrowserOutcome {
  const { provider, failure, responded } = session;
  if (failure === OPENED_TOO_OFTEN && responded === undefined) return page({ name: 'opened-too-often' });
  if (failure !== undefined && responded === undefined) {
    return page({ name: 'request-rejected', provider: provider.displayName, error: failure });
  }
  return page({
    name: 'already-answered',
    ...(hasResponded(session, cookies) && { returnTo: session.returnUrl }),
  });
}

/**
 * Returns the location for the browser. A provider that accepts pushed requests receives a pushed request, even if it
 * does not require one. If the push fails, the browser does not carry the request instead.
 *
 * @throws ProviderFailure if the request could not be pushed
 */
async function providerLocation(
  deps: AuthorizeDependencies,
  session: Session,
  sealed: SealedRequest,
  binding: RequestBinding,
): Promise<string> {
  const { workload, provider, authorization } = session;
  const { endpoint, client, clientId, callbackId, pushed } = authorization;
  const redirectUri = callbackUrl(deps.baseUrl, callbackId);
  const parameters = authorizationParameters(session, sealed, redirectUri, binding);
  if (!pushed) return authorizationUrl(endpoint, parameters);
  const { requestUri } = await deps.pushedAuthorization.push({
    workload: { name: workload.name, id: workload.id },
    provider: { name: provider.name, id: provider.id },
    client,
    parameters: [...parameters],
  });
  return authorizationUrl(endpoint, pushedParameters(clientId, requestUri));
}

/**
 * Returns the page that says that the access request could not be sent. A permanent rejection ends the session. A session
 * of a portal returns to the portal instead: its page says what happened, and begins or continues a session.
 */
async function notPushed(
  deps: AuthorizeDependencies,
  started: Session,
  { code, detail, unavailable }: ProviderFailure,
): Promise<BrowserOutcome> {
  const entry = {
    operation: 'Authorize',
    ...sessionFacts(started),
    outcome: 'failed',
    reason: detail,
  } as const;
  const shown = (name: 'request-rejected' | 'not-reached'): BrowserOutcome =>
    started.page?.portalId === undefined
      ? page({ name, provider: started.provider.displayName, error: code })
      : { kind: 'redirect', location: withParameters(started.returnUrl, { error: code }) };
  if (!unavailable) {
    // The provider would reject the same request again. So the agent stops polling and the user is not sent in circles.
    const failed = transition(started, { type: 'fail', failure: code }, epochSeconds(deps.system));
    if (failed && (await deps.sessions.advance(failed))) {
      deps.audit.record({ ...entry, result: failed.state });
      return shown('request-rejected');
    }
    // The link was opened again during the request, in this browser or another: the later opening decides.
  }
  // A started session can be started again: the link is still valid.
  deps.audit.record({ ...entry, result: started.state });
  return shown('not-reached');
}

/** Returns the redirect to the provider, or a page that says why there is none. */
export async function authorize(deps: AuthorizeDependencies, input: AuthorizeInput): Promise<BrowserOutcome> {
  const { requestUri, cookies } = input;
  const id = requestUri === undefined ? undefined : sessionIdOf(requestUri);
  const session = id ? await deps.sessions.get(hashOf(id)) : undefined;
  const now = epochSeconds(deps.system);
  if (!session || isExpired(session, now)) {
    deps.audit.record({
      operation: 'Authorize',
      outcome: 'denied',
      reason: session ? 'session expired' : 'no such session',
    });
    return page({ name: 'link-ended' });
  }
  const entry = { operation: 'Authorize', ...sessionFacts(session) };
  if (isPushedOut(session)) {
    const failed = transition(session, { type: 'fail', failure: OPENED_TOO_OFTEN }, now);
    // The agent stops polling, and its next request gets another link.
    if (failed) await deps.sessions.advance(failed);
    deps.audit.record({ ...entry, outcome: 'denied', reason: 'the link was opened too often' });
    return page({ name: 'opened-too-often' });
  }
  const waits = session.state === 'CREATED' || session.state === 'STARTED';
  if (session.page && waits && !isConfirmed(session, input)) {
    deps.audit.record({ ...entry, outcome: 'allowed', result: session.state, reason: 'consent page' });
    return question(deps.system, { ...session, page: session.page }, input);
  }
  return unlessShredded(deps, entry, () => start(deps, session, cookies, entry));
}

/** Binds the browser to the session and redirects it. */
async function start(
  deps: AuthorizeDependencies,
  session: Session,
  cookies: ReadonlyMap<string, string>,
  entry: BrowserEntry,
): Promise<BrowserOutcome> {
  const now = epochSeconds(deps.system);
  const sealed = await openSealedRequest(deps.seal, session);
  const state = newBoundSecret(session, deps.system);
  const cookie = deps.system.randomToken(32);
  const codeVerifier = deps.system.randomToken(32);
  const next = transition(
    session,
    {
      type: 'start',
      start: {
        stateHash: hashOf(state),
        cookieHash: hashOf(cookie),
        sealedVerifier: await deps.seal.seal(consentContext(session, 'verifier'), codeVerifier),
      },
    },
    now,
  );
  // Write before the slow request to the provider: of two concurrent openings, the later one is valid.
  if (!next || !(await deps.sessions.advance(next))) {
    deps.audit.record({ ...entry, outcome: 'denied', reason: `session is ${session.state}` });
    return endedPage(session, cookies);
  }
  try {
    const location = await providerLocation(deps, session, sealed, { state, codeVerifier });
    deps.audit.record({ ...entry, outcome: 'allowed', result: next.state });
    return { kind: 'redirect', location, ...bindingCookie(session, cookie, { cookies, now }) };
  } catch (error) {
    if (!(error instanceof ProviderFailure)) throw error;
    return notPushed(deps, next, error);
  }
}
