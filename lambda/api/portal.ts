/**
 * The routes of consent portals: requests of browsers become steps of the `connections` function, and its results become
 * pages, redirects, and cookies. The function that serves these routes can only invoke that function, so a browser
 * reaches nothing without the secret in its cookie.
 */
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import type { PortalAppearance } from '../domain/portal/served-portal';
import { isResponseTo } from '../domain/portal/sign-in-binding';
import { epochSeconds } from '../domain/system';
import { AFTER, renderView, type Notice } from '../pages/view-page';
import { renderDisconnection, renderDisconnectQuestion } from '../pages/disconnection-pages';
import { isConsentError, renderNoPortal, renderSignIn, type ConsentError } from '../pages/portal-pages';
import { consentCookie } from './browser';
import { headerOf } from './event-headers';
import { queryOf } from './page-result';
import { completionUriIn } from './portal-cookies';
import {
  fromForm,
  isLoginError,
  performSignedIn,
  personOf,
  portalRequest,
  publicFrame,
  redirected,
  redirectedAfterChange,
  refusal,
  shown,
  type PortalRequest,
  type PortalRouteDependencies,
} from './portal-request';

type Response = Promise<APIGatewayProxyResult>;

type PortalRoute = (deps: PortalRouteDependencies, request: PortalRequest) => Response;

/**
 * What an error of the provider means to the person (RFC 6749 section 4.1.2.1). The address of the portal has this
 * value, so no text of a provider reaches a page.
 */
const MEANINGS: ReadonlyMap<string | null, ConsentError> = new Map([
  ['access_denied', 'access_denied'],
  ['server_error', 'provider_unavailable'],
  ['temporarily_unavailable', 'provider_unavailable'],
]);

const consentErrorOf = (error: string | null): ConsentError => MEANINGS.get(error) ?? 'provider_error';

/** What the address says about the step before. */
function noticeIn(query: URLSearchParams): Notice | undefined {
  const error = query.get('error');
  if (isConsentError(error)) return { kind: 'not-connected', error };
  const [provider, agent] = [query.get('connected'), query.get('agent')];
  return provider !== null && agent !== null ? { kind: 'connected', provider, agent } : undefined;
}

/** The agents of the signed-in person, or the way to the sign-in. */
async function portal(_deps: PortalRouteDependencies, request: PortalRequest): Response {
  const { portalId, path, cookies, event } = request;
  const query = queryOf(event);
  const { session } = cookies;
  const after = query.get(AFTER);
  const result = await request.perform('view', {
    portalId,
    ...(session && { session: session.secret, ...(after !== null && { after }) }),
  });
  if ('agents' in result && session) {
    const frame = { portal: result.portal, path, person: personOf(session) };
    return shown(renderView(frame, result, noticeIn(query)));
  }
  const error = query.get('error');
  if ('signedIn' in result) {
    const shownError = isLoginError(error) || isConsentError(error) ? error : undefined;
    return shown(renderSignIn(publicFrame(request, result.portal), { error: shownError }));
  }
  if ('refused' in result && result.refused === 'signed-out' && result.portal) {
    const page = renderSignIn(publicFrame(request, result.portal), { error: 'session_expired' });
    return shown(page, cookies.dropSession());
  }
  if ('refused' in result) return refusal(request, result);
  throw new Error('connections: the result has neither agents nor a refusal');
}

/**
 * A page of the portal begins a new sign-in. Any other page can lead the browser here too: then, the sign-in that the
 * person began continues, and its response is still accepted. A browser that does not say which page it was counts as such.
 */
async function signIn({ system }: PortalRouteDependencies, request: PortalRequest): Response {
  const { portalId, cookies, event } = request;
  const begun = headerOf(event, 'sec-fetch-site') === 'same-origin' ? undefined : cookies.signIn;
  const secret = begun?.secret ?? system.randomToken(32);
  const query = queryOf(event);
  // The value only switches the choice on: nothing of the address reaches the identity provider.
  const otherAccount = query.get('account') === 'other';
  const result = await request.perform('signIn', {
    portalId,
    secret,
    ...(otherAccount && { otherAccount }),
  });
  if ('refused' in result) return refusal(request, result);
  const resume = completionUriIn(query.get('session_id')) ?? begun?.resume;
  return redirected(result.signInUrl, cookies.setSignIn({ secret, resume }));
}

async function signInCallback({ system }: PortalRouteDependencies, request: PortalRequest): Response {
  const { portalId, path, cookies, event } = request;
  const begun = cookies.signIn;
  if (!begun) {
    request.deny('the browser began no sign-in');
    return redirected(`${path}?error=login_failed`);
  }
  const query = queryOf(event);
  // Another site can lead the browser here. Its response does not end the sign-in that the browser began.
  if (!isResponseTo(portalId, begun.secret, query.get('state') ?? undefined)) {
    request.deny('state of another sign-in');
    return redirected(`${path}?error=login_failed`);
  }
  const newSession = system.randomToken(32);
  const previous = cookies.session?.secret;
  const result = await request.perform('signInCallback', {
    portalId,
    secret: begun.secret,
    query: [...query],
    newSession,
    ...(previous !== undefined && { previous }),
  });
  if ('refused' in result) {
    const { refused } = result;
    if (!isLoginError(refused)) return refusal(request, result);
    return redirected(`${path}?error=${refused}`, cookies.dropSignIn());
  }
  const { expiresAt, personName } = result.session;
  const { resume } = begun;
  const next = resume === undefined ? '' : `/connect/callback?session_id=${encodeURIComponent(resume)}`;
  return redirected(`${path}${next}`, [
    ...cookies.dropSignIn(),
    ...cookies.setSession({ secret: newSession, personName }, Math.max(0, expiresAt - epochSeconds(system))),
  ]);
}

const signOut: PortalRoute = (deps, request) =>
  fromForm(deps, request, async () => {
    const { portalId, path, cookies } = request;
    const session = cookies.session?.secret ?? '';
    const result = await request.perform('signOut', { portalId, session });
    if ('refused' in result && result.refused !== 'signed-out') return refusal(request, result);
    return redirected(path, cookies.dropSession());
  });

const connect: PortalRoute = (deps, request) =>
  fromForm(deps, request, (form) => {
    const connection = form.get('connection') ?? '';
    return performSignedIn(request, 'connect', {
      input: (session) => ({ portalId: request.portalId, session, connection }),
      // An address of this service, so the page's form can lead to it.
      respond: ({ authorizationUrl }) => redirected(authorizationUrl),
    });
  });

/** The page for a person whose session ended while they were at the provider. */
async function signInToComplete(
  request: PortalRequest,
  resume: string,
  known: PortalAppearance | undefined,
): Response {
  const result = known ? undefined : await request.perform('view', { portalId: request.portalId });
  if (result && 'refused' in result) return refusal(request, result);
  const appearance = known ?? result?.portal;
  if (!appearance) return shown(renderNoPortal());
  const page = renderSignIn(publicFrame(request, appearance), { resume });
  return shown(page, request.cookies.dropSession());
}

/** The return URL of a connection. The URI in it is valid only for the person who began the connection. */
function complete({ baseUrl }: PortalRouteDependencies, request: PortalRequest): Response {
  const { portalId, path, event } = request;
  const query = queryOf(event);
  if (query.has('error')) {
    return Promise.resolve(redirected(`${path}?error=${consentErrorOf(query.get('error'))}`));
  }
  const sessionUri = completionUriIn(query.get('session_id'));
  if (sessionUri === undefined) return Promise.resolve(redirected(path));
  const bindingCookie = consentCookie(event, { baseUrl, completionUri: sessionUri });
  return performSignedIn(request, 'complete', {
    input: (session) => ({
      portalId,
      session,
      sessionUri,
      ...(bindingCookie !== undefined && { bindingCookie }),
    }),
    respond: ({ completed: { agent, provider } }) => {
      const notice = new URLSearchParams({ connected: provider.name, agent: agent.name });
      return redirected(`${path}?${notice.toString()}`);
    },
    signedOut: (known) => signInToComplete(request, sessionUri, known),
  });
}

/** No connection has a longer key. API Gateway limits the headers of a response to 10,240 bytes. */
const LONGEST_KEY = 1_000;

const disconnect: PortalRoute = (deps, request) =>
  fromForm(deps, request, (form) => {
    const { portalId, path } = request;
    const connection = form.get('connection') ?? '';
    const agent = form.get('agent');
    if (agent !== null || form.get('confirmed') === 'yes') {
      const respond = ({ revocationId }: { readonly revocationId: string }) =>
        redirectedAfterChange(`${path}/disconnections/${encodeURIComponent(revocationId)}`);
      return agent === null
        ? performSignedIn(request, 'disconnect', {
            input: (session) => ({ portalId, session, connection }),
            respond,
          })
        : performSignedIn(request, 'disconnectAgent', {
            input: (session) => ({ portalId, session, agent, clientToken: deps.system.randomUUID() }),
            respond,
          });
    }
    const query = new URLSearchParams({ connection: connection.slice(0, LONGEST_KEY) });
    return Promise.resolve(redirected(`${path}/disconnect?${query.toString()}`));
  });

/**
 * The question before a disconnection. It changes nothing, and has an address, so that a browser can go back to it:
 * browsers do not show the response to a form again.
 */
const disconnectQuestion: PortalRoute = (_deps, request) => {
  const { portalId, path, event } = request;
  const connection = queryOf(event).get('connection');
  if (connection === null) return Promise.resolve(redirected(path));
  return performSignedIn(request, 'disconnectQuestion', {
    input: (session) => ({ portalId, session, connection }),
    respond: ({ question }, frame) => shown(renderDisconnectQuestion(frame, connection, question)),
  });
};

function disconnection(_deps: PortalRouteDependencies, request: PortalRequest): Response {
  const { portalId, event } = request;
  const revocationId = event.pathParameters?.revocationId ?? '';
  return performSignedIn(request, 'disconnection', {
    input: (session) => ({ portalId, session, revocationId }),
    respond: (result, frame) => shown(renderDisconnection(frame, revocationId, result.disconnection)),
  });
}

/** The address of a form, opened without the form: from the history, a bookmark, or a restored tab. It changes nothing. */
const toPortal: PortalRoute = (_deps, { path }) => Promise.resolve(redirected(path));

const ROUTES = {
  Portal: portal,
  PortalSignIn: signIn,
  PortalSignInCallback: signInCallback,
  PortalSignOut: signOut,
  PortalConnect: connect,
  PortalComplete: complete,
  PortalDisconnect: disconnect,
  PortalSignOutReopened: toPortal,
  PortalConnectReopened: toPortal,
  PortalDisconnectQuestion: disconnectQuestion,
  PortalDisconnection: disconnection,
} as const satisfies Record<string, PortalRoute>;

export type PortalRouteName = keyof typeof ROUTES;

/** Returns the handlers of the portals' routes. */
export function createPortalRoutes(
  deps: PortalRouteDependencies,
): Readonly<Record<PortalRouteName, (event: APIGatewayProxyEvent) => Response>> {
  const handlers = Object.entries(ROUTES).map(([name, route]: [string, PortalRoute]) => [
    name,
    (event: APIGatewayProxyEvent) => route(deps, portalRequest(deps, name, event)),
  ]);
  return Object.fromEntries(handlers) as Record<PortalRouteName, (event: APIGatewayProxyEvent) => Response>;
}
