/** One request of a browser to a consent portal, and the responses that its routes share. */
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import * as v from 'valibot';
import { PORTAL_STEPS, type StepInput, type StepName } from '../model/events/connections';
import type { AuditTrail } from '../domain/audit';
import type { PortalAppearance } from '../domain/portal/served-portal';
import type { PortalFunction, RefusedStep, StepOutcome } from '../domain/portal/steps';
import type { System } from '../domain/system';
import type { PersonFrame, PortalFrame } from '../pages/portal-frame';
import {
  isShown,
  LOGIN_ERRORS,
  renderAnotherRegion,
  renderForgedForm,
  renderNoPortal,
  renderRefusal,
  type LoginError,
} from '../pages/portal-pages';
import type { RenderedPage } from '../pages/shell';
import { formOf, pageResult, redirectResult } from './page-result';
import { portalCookies, type PortalCookies, type SessionCookie } from './portal-cookies';
import { formToken, hasFormToken, originRejection } from './portal-forms';
import { requestContextOf } from './request-context';

export interface PortalRouteDependencies {
  /** The function that does everything for a person. */
  readonly connections: PortalFunction;
  readonly audit: AuditTrail;
  readonly system: System;
  /** Public address of the service. */
  readonly baseUrl: string;
}

export interface PortalRequest {
  /** Name of the route. */
  readonly operation: string;
  readonly event: APIGatewayProxyEvent;
  readonly portalId: string;
  /** Path of the portal, without a trailing slash. */
  readonly path: string;
  readonly cookies: PortalCookies;
  /** Performs a step, which records its own audit entry. */
  perform<Name extends StepName>(
    name: Name,
    input: StepInput<Name>,
  ): Promise<RefusedStep | StepOutcome<Name>>;
  /** Records a request that ends here. */
  deny(reason: string): void;
}

/** The URLs of these pages can carry a completion URI, so no other site learns them. Forms send their origin. */
const REFERRER = { referrerPolicy: 'same-origin' } as const;

export const shown = (page: RenderedPage, cookies: readonly string[] = []): APIGatewayProxyResult =>
  pageResult(page, { ...REFERRER, cookies });

export const redirected = (location: string, cookies: readonly string[] = []): APIGatewayProxyResult =>
  redirectResult(303, location, { ...REFERRER, cookies });

/**
 * Returns the refusal of a step that the function does not accept. A browser sends text of any length: the function would
 * report such an event as a defect.
 */
const unsent = (name: StepName): RefusedStep => ({
  refused: name === 'signInCallback' ? 'login_failed' : 'no-such-portal',
});

/** Redirects after a change that earlier pages do not show. */
export const redirectedAfterChange = (location: string): APIGatewayProxyResult =>
  redirectResult(303, location, { ...REFERRER, dropsPages: true });

export function portalRequest(
  { connections, audit, baseUrl }: PortalRouteDependencies,
  operation: string,
  event: APIGatewayProxyEvent,
): PortalRequest {
  const portalId = event.pathParameters?.portalId ?? '';
  const path = `${new URL(baseUrl).pathname.replace(/\/$/, '')}/portals/${encodeURIComponent(portalId)}`;
  const origin = requestContextOf(event, undefined);
  const deny = (reason: string): void => audit.record({ operation, outcome: 'denied', reason });
  return {
    operation,
    event,
    portalId,
    path,
    cookies: portalCookies(event, { baseUrl, portalId, path }),
    async perform(name, input) {
      if (v.is(PORTAL_STEPS[name], input)) return connections.perform(name, input, origin);
      deny('the request has too much or too long text');
      return unsent(name);
    },
    deny,
  };
}

const NO_SESSION = 'the browser has no session';

export const isLoginError = (error: string | null): error is LoginError =>
  (LOGIN_ERRORS as readonly (string | null)[]).includes(error);

export const personOf = ({ secret, personName }: SessionCookie): PersonFrame => ({
  name: personName,
  csrf: formToken(secret),
});

/** Returns the frame of a page of a browser that is not signed in. */
export const publicFrame = ({ path }: PortalRequest, portal: PortalAppearance): PortalFrame => ({
  portal,
  path,
});

/** Leads a person whose session is over to the sign-in, without the useless cookie. */
export const signedOut = ({ path, cookies }: PortalRequest): APIGatewayProxyResult =>
  redirected(`${path}?error=session_expired`, cookies.dropSession());

/** Returns the response to a refused step: a page, or the way to the sign-in. */
export function refusal(request: PortalRequest, { refused, portal }: RefusedStep): APIGatewayProxyResult {
  const { path, cookies } = request;
  if (refused === 'signed-out') return signedOut(request);
  if (isLoginError(refused)) return redirected(`${path}?error=${refused}`);
  if (refused === 'another-region') return shown(renderAnotherRegion());
  if (!portal || !isShown(refused)) return shown(renderNoPortal());
  const { session } = cookies;
  return shown(renderRefusal({ portal, path, person: session && personOf(session) }, refused));
}

/** A step of the signed-in person. */
interface PersonalStep<Name extends StepName> {
  readonly input: (session: string) => StepInput<Name>;
  readonly respond: (
    outcome: StepOutcome<Name>,
    frame: PortalFrame & { readonly person: PersonFrame },
  ) => APIGatewayProxyResult;
  /** The response to a person who is not signed in, or no longer. */
  readonly signedOut?: (portal: PortalAppearance | undefined) => Promise<APIGatewayProxyResult>;
}

/** Performs a step with the session of the cookie. */
export async function performSignedIn<Name extends StepName>(
  request: PortalRequest,
  name: Name,
  { input, respond, ...step }: PersonalStep<Name>,
): Promise<APIGatewayProxyResult> {
  const { session } = request.cookies;
  if (!session) {
    request.deny(NO_SESSION);
    return step.signedOut ? step.signedOut(undefined) : signedOut(request);
  }
  const result = await request.perform(name, input(session.secret));
  if ('refused' in result) {
    const ended = result.refused === 'signed-out' && step.signedOut;
    return ended ? ended(result.portal) : refusal(request, result);
  }
  return respond(result, { portal: result.portal, path: request.path, person: personOf(session) });
}

/**
 * Performs a step that a form requests.
 *
 * @param work is given the form's members
 */
export async function fromForm(
  { baseUrl }: PortalRouteDependencies,
  request: PortalRequest,
  work: (form: URLSearchParams) => Promise<APIGatewayProxyResult>,
): Promise<APIGatewayProxyResult> {
  const { event, cookies } = request;
  const form = formOf(event);
  const reject = (reason: string): APIGatewayProxyResult => {
    request.deny(reason);
    return shown(renderForgedForm({ path: request.path }));
  };
  // First, because a form of another site arrives without the browser's session.
  const foreign = originRejection(event, baseUrl);
  if (foreign !== undefined) return reject(foreign);
  if (!cookies.session) {
    request.deny(NO_SESSION);
    return signedOut(request);
  }
  return hasFormToken(form, cookies.session.secret) ? work(form) : reject('form of another session');
}
