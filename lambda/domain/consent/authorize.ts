/**
 * The authorization URL, opened: binds the browser to the session and sends it to the provider with a code
 * request (RFC 6749 section 4.1.1), PKCE S256 (RFC 7636) and a state of its own. Opened again, it begins
 * again: what was handed out before no longer counts.
 */
import { createHash } from 'node:crypto';
import type { Ambient } from '../ambient';
import { epochSeconds } from '../ambient';
import type { AuditTrail } from '../audit';
import { narrowingParameters } from '../grants/token-request';
import { callbackUrl } from '../provider/oauth2-provider';
import type { Seal } from '../vault/sealing';
import { openSealedRequest } from './begin';
import { bindingCookieName, page, type BrowserOutcome } from './browser';
import { withParameters } from './return-url';
import {
  consentContext,
  hashOf,
  isExpired,
  sessionFacts,
  sessionIdOf,
  sessionUriOf,
  transition,
  type SealedRequest,
  type Session,
  type SessionStore,
} from './session';

export interface BrowserPorts {
  readonly sessions: Pick<SessionStore, 'get' | 'advance'>;
  readonly seal: Seal;
  readonly audit: AuditTrail;
  readonly ambient: Ambient;
  readonly baseUrl: string;
}

/** Where the application is told how its session went. */
export const backToApplication = (session: Session, sealed: SealedRequest, error?: string): string =>
  withParameters(session.returnUrl, {
    session_id: sessionUriOf(sealed.id),
    state: sealed.customState,
    error,
  });

const challengeOf = (verifier: string): string => createHash('sha256').update(verifier).digest('base64url');

function authorizationUrl(
  ports: BrowserPorts,
  session: Session,
  sealed: SealedRequest,
  binding: { state: string; codeVerifier: string },
): string {
  const { authorization, scopes } = session;
  const url = new URL(authorization.endpoint);
  const parameters = url.searchParams;
  // The vendor's first and the agent's own over them; none of either can override a standard one.
  const own = Object.entries(sealed.customParameters ?? {}).filter(([name]) => !NEVER_CUSTOM.has(name));
  for (const name of NEVER_CUSTOM) parameters.delete(name);
  for (const [name, value] of [...Object.entries(authorization.parameters), ...own])
    parameters.set(name, value);
  const standard = {
    response_type: 'code',
    client_id: authorization.clientId,
    redirect_uri: callbackUrl(ports.baseUrl, authorization.callbackId),
    state: binding.state,
    ...(authorization.pkce && {
      code_challenge: challengeOf(binding.codeVerifier),
      code_challenge_method: 'S256',
    }),
    ...(scopes.length > 0 && { scope: scopes.join(authorization.scopeSeparator) }),
  };
  for (const [name, value] of Object.entries(standard)) parameters.set(name, value);
  const narrowing = narrowingParameters(session);
  for (const [name = ''] of narrowing) parameters.delete(name);
  for (const [name = '', value = ''] of narrowing) parameters.append(name, value);
  return url.href;
}

/**
 * Standard parameters that this service leaves out of some request and that would change what the answer means
 * or where it goes: a challenge without a verifier, another response mode, a request object, a nonce that nobody
 * would check.
 */
const NEVER_CUSTOM: ReadonlySet<string> = new Set([
  'scope',
  'resource',
  'audience',
  'code_challenge',
  'code_challenge_method',
  'response_mode',
  'request',
  'request_uri',
  'nonce',
]);

/**
 * @param requestUri the `request_uri` of the authorization URL
 * @returns the redirect to the provider, or a page that says why not
 */
export async function authorize(
  ports: BrowserPorts,
  requestUri: string | undefined,
): Promise<BrowserOutcome> {
  const id = requestUri === undefined ? undefined : sessionIdOf(requestUri);
  const session = id ? await ports.sessions.get(hashOf(id)) : undefined;
  const now = epochSeconds(ports.ambient);
  if (!session || isExpired(session, now)) {
    ports.audit.record({
      operation: 'Authorize',
      outcome: 'denied',
      reason: session ? 'session expired' : 'no such session',
    });
    return page({ name: 'link-ended' });
  }
  const entry = { operation: 'Authorize', ...sessionFacts(session) };
  const sealed = await openSealedRequest(ports.seal, session);
  const state = `${session.hash}.${ports.ambient.randomToken(32)}`;
  const cookie = ports.ambient.randomToken(32);
  const codeVerifier = ports.ambient.randomToken(32);
  const next = transition(
    session,
    {
      type: 'start',
      start: {
        stateHash: hashOf(state),
        cookieHash: hashOf(cookie),
        sealedVerifier: await ports.seal.seal(consentContext(session, 'verifier'), codeVerifier),
      },
    },
    now,
  );
  if (!next || !(await ports.sessions.advance(next))) {
    ports.audit.record({ ...entry, outcome: 'denied', reason: `session is ${session.state}` });
    return page({ name: 'already-answered', returnTo: backToApplication(session, sealed) });
  }
  ports.audit.record({ ...entry, outcome: 'allowed', result: next.state });
  return {
    kind: 'redirect',
    location: authorizationUrl(ports, session, sealed, { state, codeVerifier }),
    cookie: { name: bindingCookieName(session.hash), value: cookie, maxAge: session.expiresAt - now },
  };
}
