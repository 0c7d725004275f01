/** What a browser gets from the authorize and callback endpoints: sent on, or told in plain words. */

/** The pages that a person may see, each for one thing that happened. */
export type ConsentPage =
  /** The link is unknown or its ten minutes are over. */
  | { readonly name: 'link-ended' }
  /** The link was answered already; only the browser that answered it is told where to go. */
  | { readonly name: 'already-answered'; readonly returnTo?: string }
  /** An answer that this browser did not ask for, or that was given before. */
  | { readonly name: 'answer-refused' }
  /** The provider could not take the request for consent at this time; the link is as good as before. */
  | { readonly name: 'not-reached'; readonly provider: string; readonly error: string }
  /** The provider rejected the request for consent, which ended the session. */
  | { readonly name: 'request-rejected'; readonly provider: string; readonly error: string }
  /** The person, or the provider, said no. */
  | {
      readonly name: 'not-granted';
      readonly provider: string;
      readonly error: string;
      readonly returnTo: string;
    };

export interface BindingCookie {
  readonly name: string;
  readonly value: string;
  /** Seconds: as long as the session lives, so that the browser that answered can be told from any other. */
  readonly maxAge: number;
}

export type BrowserOutcome =
  | {
      readonly kind: 'redirect';
      readonly location: string;
      readonly cookie?: BindingCookie;
      /** Names of cookies that the browser is to drop. */
      readonly dropped?: readonly string[];
    }
  | { readonly kind: 'page'; readonly page: ConsentPage };

export const page = (shown: ConsentPage): BrowserOutcome => ({ kind: 'page', page: shown });

const BINDING_COOKIE = 'agent-identity-consent-';

/** One cookie per session, so that several consents can be under way in one browser. */
export const bindingCookieName = (sessionHash: string): string =>
  `${BINDING_COOKIE}${sessionHash.slice(0, 16)}`;

const BINDING_COOKIE_NAME = new RegExp(`^${BINDING_COOKIE}[\\w-]{16}$`);

/** Consents that can be under way in one browser. */
const MAX_COOKIES = 20;

/**
 * The binding cookies that a browser has too many of when it gets this one. Otherwise, a page that leads a browser
 * through many links could fill its requests with cookies, and the gateway would reject them all for ten minutes.
 *
 * @param cookies in the order in which the browser sends them, the oldest first (RFC 6265 section 5.4)
 */
export function surplusCookies(cookies: ReadonlyMap<string, string>, name: string): readonly string[] {
  const others = [...cookies.keys()].filter((other) => other !== name && BINDING_COOKIE_NAME.test(other));
  return others.slice(0, Math.max(0, others.length + 1 - MAX_COOKIES));
}
