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
  | { readonly kind: 'redirect'; readonly location: string; readonly cookie?: BindingCookie }
  | { readonly kind: 'page'; readonly page: ConsentPage };

export const page = (shown: ConsentPage): BrowserOutcome => ({ kind: 'page', page: shown });

/** One cookie per session, so that several consents can be under way in one browser. */
export const bindingCookieName = (sessionHash: string): string =>
  `agent-identity-consent-${sessionHash.slice(0, 16)}`;
