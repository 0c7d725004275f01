/**
 * The cookies of a consent portal. Each portal has its own, because one browser can be signed in to several portals of
 * a deployment. The sign-in cookie holds the secret that a sign-in in progress is bound to, and where the person wanted
 * to go; the session cookie holds the session's secret, and the name that the page shows.
 */
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { hashOf } from '../domain/digest';
import { createCookieJar } from './cookies';

/** Seconds in which a person has to sign in at the identity provider. */
const SIGN_IN_SECONDS = 600;

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
  /** Returns values of `Set-Cookie`. */
  setSignIn(cookie: SignInCookie): string;
  dropSignIn(): string;
  /** @param maxAge seconds */
  setSession(cookie: SessionCookie, maxAge: number): string;
  dropSession(): string;
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
  const [signInName, sessionName] = [`agent-identity-sign-in-${suffix}`, `agent-identity-portal-${suffix}`];
  const cookies = jar.read(event);
  const signIn = decoded(cookies.get(signInName));
  const session = decoded(cookies.get(sessionName));
  const drop = (name: string): string => jar.set({ name, value: '', maxAge: 0 });
  return {
    signIn: signIn && { secret: signIn.secret, resume: completionUriIn(signIn.text) },
    session: session && { secret: session.secret, personName: session.text },
    setSignIn: ({ secret, resume }) =>
      jar.set({ name: signInName, value: encoded(secret, resume), maxAge: SIGN_IN_SECONDS }),
    dropSignIn: () => drop(signInName),
    setSession: ({ secret, personName }, maxAge) =>
      jar.set({ name: sessionName, value: encoded(secret, personName), maxAge }),
    dropSession: () => drop(sessionName),
  };
}
