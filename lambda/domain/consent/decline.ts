/**
 * The person declines on the consent page of this service. The session fails as if the provider had returned
 * `access_denied`, so the agent's polls end. The provider gets no request.
 */
import { hashOf } from '../digest';
import { epochSeconds } from '../system';
import {
  endedPage,
  hasResponded,
  unlessShredded,
  type AuthorizeInput,
  type BrowserDependencies,
} from './authorize';
import { bindingCookieName, page, type BrowserOutcome } from './browser';
import { notGranted } from './callback';
import { isConfirmed } from './confirmation';
import { ACCESS_DENIED, isExpired, sessionFacts, sessionIdOf, transition } from './session';
import type { Session } from '../../model/records/consent-session';

/** Ends the session, and returns the page that says so. */
export async function decline(deps: BrowserDependencies, input: AuthorizeInput): Promise<BrowserOutcome> {
  const id = input.requestUri === undefined ? undefined : sessionIdOf(input.requestUri);
  const session = id ? await deps.sessions.get(hashOf(id)) : undefined;
  const operation = 'DeclineAuthorization';
  if (!session || isExpired(session, epochSeconds(deps.system))) {
    deps.audit.record({
      operation,
      outcome: 'denied',
      reason: session ? 'session expired' : 'no such session',
    });
    return page({ name: 'link-ended' });
  }
  const entry = { operation, ...sessionFacts(session) };
  if (!session.page || !isConfirmed(session, input)) {
    deps.audit.record({ ...entry, outcome: 'denied', reason: 'another browser, or no consent page' });
    return page({ name: 'response-rejected' });
  }
  return unlessShredded(deps, entry, async () => {
    const declined = await advanceOnce(deps, session, input);
    if (declined) {
      deps.audit.record({ ...entry, outcome: 'allowed', result: declined.state, reason: ACCESS_DENIED });
      return notGranted(deps, declined, ACCESS_DENIED);
    }
    deps.audit.record({ ...entry, outcome: 'denied', reason: `session is ${session.state}` });
    // The form was sent again: the same page again.
    if (session.failure === ACCESS_DENIED && hasResponded(session, input.cookies)) {
      return notGranted(deps, session, ACCESS_DENIED);
    }
    return endedPage(session, input.cookies);
  });
}

/** Returns the failed session; undefined if the session did not wait, or another request was faster. */
async function advanceOnce(
  { sessions, system }: BrowserDependencies,
  session: Session,
  { cookies }: AuthorizeInput,
): Promise<Session | undefined> {
  const cookieHash = hashOf(cookies.get(bindingCookieName(session.hash)) ?? '');
  const declined = transition(session, { type: 'decline', cookieHash }, epochSeconds(system));
  return declined && (await sessions.advance(declined)) ? declined : undefined;
}
