/**
 * The cookies of a consent portal. Each portal has its own, because one browser can be signed in to several portals of
 * a deployment. The sign-in cookie holds the secret that a sign-in in progress is bound to, and where the person wanted
 * to go; the session cookie holds the session's secret, and the name that the page shows.
 */
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { surplusCookies } from '../domain/consent/browser';
import { hashOf } from '../domain/digest';
import { SIGN_IN_SECONDS } from '../domain/portal/sign-in-binding';
import { createCookieJar } from './cookies';

/**
 * Sign-ins in progress, and sessions, that one browser can have. All portals share the host, so that the cookies of one
 * owner's portals are sent to those of another owner.
 */
const KINDS = {
  signIn: { prefix: 'agent-identity-sign-in-', most: 4 },
  session: { prefix: 'agent-identity-portal-', most: 8 },
} as const;

export interface SignInCookie {
  readonly secret: string;
  /** The completion URI of a consent that waits for the sign-in. */
  readonly resume?: string | undefined;
}

export interface SessionCookie {
  readonly secret: string;
  readonly personName?: string | undefined;
}

export interface PortalCookies {
  readonly signIn: SignInCookie | undefined;
  readonly session: SessionCookie | undefined;
  /** Returns values of `Set-Cookie`. The oldest cookies of other portals end if there are too many. */
  setSignIn(cookie: SignInCookie): readonly string[];
  /** As `dropSession`. */
  dropSignIn(): readonly string[];
  /** @param maxAge seconds */
  setSession(cookie: SessionCookie, maxAge: number): readonly string[];
  /**
   * Returns no value if the browser sent no such cookie: a request from another site lacks the cookies of a browser that
   * has them (SameSite), and its response must not delete them.
   */
  dropSession(): readonly string[];
}

/** A secret, and text in base64url. */
const VALUE = /^([\w-]{43})\.([\w-]*)$/;

const encoded = (secret: string, text = ''): string =>
  `${secret}.${Buffer.from(text, 'utf8').toString('base64url')}`;

function decoded(
  value: string | undefined,
): { readonly secret: string; readonly text: string | undefined } | undefined {
  const [, secret, text = ''] = VALUE.exec(value ?? '') ?? [];
  if (secret === undefined) return undefined;
  return { secret, text: text === '' ? undefined : Buffer.from(text, 'base64url').toString('utf8') };
}

/** A completion URI; other text in a cookie is ignored. */
const COMPLETION_URI = /^urn:ietf:params:oauth:request_uri:[\w.-]{1,200}$/;

/** Returns the completion URI; undefined for other text. */
export const completionUriIn = (text: string | null | undefined): string | undefined =>
  text && COMPLETION_URI.test(text) ? text : undefined;

/** @param path of the portal */
export function portalCookies(
  event: APIGatewayProxyEvent,
  { baseUrl, portalId, path }: { readonly baseUrl: string; readonly portalId: string; readonly path: string },
): PortalCookies {
  const jar = createCookieJar(baseUrl, path);
  const suffix = hashOf(portalId).slice(0, 16);
  const [signInName, sessionName] = [`${KINDS.signIn.prefix}${suffix}`, `${KINDS.session.prefix}${suffix}`];
  const cookies = jar.read(event);
  const signIn = decoded(cookies.get(signInName));
  const session = decoded(cookies.get(sessionName));
  const drop = (name: string): string => jar.set({ name, value: '', maxAge: 0 });
  const dropSent = (name: string): readonly string[] => (cookies.has(name) ? [drop(name)] : []);
  const set = (kind: keyof typeof KINDS, name: string, value: string, maxAge: number): readonly string[] => {
    const { prefix, most } = KINDS[kind];
    const surplus = surplusCookies(cookies, name, { pattern: new RegExp(`^${prefix}[\\w-]{16}$`), most });
    return [...surplus.map(drop), jar.set({ name, value, maxAge })];
  };
  return {
    signIn: signIn && { secret: signIn.secret, resume: completionUriIn(signIn.text) },
    session: session && { secret: session.secret, personName: session.text },
    setSignIn: ({ secret, resume }) => set('signIn', signInName, encoded(secret, resume), SIGN_IN_SECONDS),
    dropSignIn: () => dropSent(signInName),
    setSession: ({ secret, personName }, maxAge) =>
      set('session', sessionName, encoded(secret, personName), maxAge),
    dropSession: () => dropSent(sessionName),
  };
}
