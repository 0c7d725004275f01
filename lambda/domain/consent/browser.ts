/** The responses of the authorize and callback endpoints to a browser: a redirect or a page. */
import type { Named } from '../display-name';
import { sessionHashIn, sessionIdOf } from './session';

/** The question before the provider's own: who asks, for what, and where the browser returns. */
export interface ConsentQuestion {
  readonly agent: Named;
  readonly provider: Named;
  readonly purpose?: string;
  readonly scopes: readonly string[];
  /** Resource servers for which the access is (RFC 8707); none if the provider decides. */
  readonly servers: readonly string[];
  /** Origin of the provider's authorization endpoint. Unlike the names, its owner cannot invent it. */
  readonly continueTo: string;
  /** Origin of the return URL, or its scheme. */
  readonly returnTo: string;
  readonly requestUri: string;
  /** Only a request with this value and the cookie to which it belongs confirms or declines. */
  readonly confirmation: string;
  readonly portalId?: string;
}

/** The pages that a person can see, one for each event. */
export type ConsentPage =
  /** The consent page of this service, which comes before the provider's. */
  | { readonly name: 'consent'; readonly question: ConsentQuestion }
  /** The link is unknown or no longer valid. */
  | { readonly name: 'link-ended' }
  /** The link was opened too often, which ended the session. */
  | { readonly name: 'opened-too-often' }
  /** The provider has already responded; only the browser that delivered the response learns the return URL. */
  | { readonly name: 'already-answered'; readonly returnTo?: string }
  /** A response to a request that this browser did not make, or a repeated response. */
  | { readonly name: 'response-rejected' }
  /** The provider is unavailable; the link is still valid. */
  | { readonly name: 'not-reached'; readonly provider: string; readonly error: string }
  /** The provider rejected the access request, which ended the session. */
  | { readonly name: 'request-rejected'; readonly provider: string; readonly error: string }
  /** The person or the provider denied access. */
  | {
      readonly name: 'not-granted';
      readonly provider: string;
      readonly error: string;
      readonly returnTo: string;
    };

export interface BindingCookie {
  readonly name: string;
  readonly value: string;
  /** Seconds: the rest of the session, so that the browser that delivered the response stays identifiable. */
  readonly maxAge: number;
}

interface CookieChanges {
  readonly cookie?: BindingCookie;
  /** Names of cookies that the browser must delete. */
  readonly dropped?: readonly string[];
}

export type BrowserOutcome = CookieChanges &
  (
    | { readonly kind: 'redirect'; readonly location: string }
    | { readonly kind: 'page'; readonly page: ConsentPage }
  );

export const page = (shown: ConsentPage): BrowserOutcome => ({ kind: 'page', page: shown });

const BINDING_COOKIE = 'agent-identity-consent-';

/** Returns the cookie's name. Each session has its own cookie, so that one browser can have several open consents. */
export const bindingCookieName = (sessionHash: string): string =>
  `${BINDING_COOKIE}${sessionHash.slice(0, 16)}`;

/** Returns the content of the browser's cookie for the session that a completion URI names. */
export function bindingCookieFor(
  completionUri: string,
  cookies: ReadonlyMap<string, string>,
): string | undefined {
  const hash = sessionHashIn(sessionIdOf(completionUri) ?? '');
  return hash === undefined ? undefined : cookies.get(bindingCookieName(hash));
}

const BINDING_COOKIE_NAME = new RegExp(`^${BINDING_COOKIE}[\\w-]{16}$`);

/** Open consents that one browser can have. */
const MAX_COOKIES = 20;

/**
 * Returns the cookies of a kind that exceed the limit when the browser gets this one. Otherwise, a page that leads a
 * browser through many links could fill its requests with cookies, and the gateway would reject all of its requests
 * while the cookies live.
 *
 * @param cookies in the order in which the browser sends them, the oldest first (RFC 6265 section 5.4)
 * @param kind.most cookies of the kind that one browser can have
 */
export function surplusCookies(
  cookies: ReadonlyMap<string, string>,
  name: string,
  { pattern, most }: { readonly pattern: RegExp; readonly most: number },
): readonly string[] {
  const others = [...cookies.keys()].filter((other) => other !== name && pattern.test(other));
  return others.slice(0, Math.max(0, others.length + 1 - most));
}

/**
 * Returns the changes of cookies that bind the browser to a session.
 *
 * @param browser the cookies that it sent, and the time in epoch seconds
 */
export function bindingCookie(
  { hash, expiresAt }: { readonly hash: string; readonly expiresAt: number },
  value: string,
  { cookies, now }: { readonly cookies: ReadonlyMap<string, string>; readonly now: number },
): CookieChanges {
  const name = bindingCookieName(hash);
  const dropped = surplusCookies(cookies, name, { pattern: BINDING_COOKIE_NAME, most: MAX_COOKIES });
  return {
    cookie: { name, value, maxAge: expiresAt - now },
    ...(dropped.length > 0 && { dropped }),
  };
}
