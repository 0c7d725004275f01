/** Converts a browser's requests to consent steps, and their outcomes to redirects, cookies, and pages. */
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import type { AuthorizeInput } from '../domain/consent/authorize';
import { bindingCookieFor, type BrowserOutcome } from '../domain/consent/browser';
import type { CallbackInput } from '../domain/consent/callback';
import { renderPage } from '../pages/consent-pages';
import type { Branding } from '../pages/shell';
import { createCookieJar, type CookieJar } from './cookies';
import { formOf, pageResult, queryOf, redirectResult } from './page-result';

/** The browser routes of consent. */
export interface ConsentBrowser {
  /** Reads the request that opens an authorization URL. */
  authorizeInput(event: APIGatewayProxyEvent): AuthorizeInput;
  /** Reads the form of the consent page. */
  declineInput(event: APIGatewayProxyEvent): AuthorizeInput;
  callbackInput(event: APIGatewayProxyEvent): CallbackInput;
  /** @param branding of the portal that began the consent, if one did */
  result(outcome: BrowserOutcome, branding?: Branding): APIGatewayProxyResult;
}

/** The cookies of consents. The pages of portals read them, too: see {@link consentCookie}. */
const consentJar = (baseUrl: string): CookieJar => createCookieJar(baseUrl, '/');

/** Returns the content of the cookie that binds the browser to the session that a completion URI names. */
export const consentCookie = (
  event: APIGatewayProxyEvent,
  { baseUrl, completionUri }: { readonly baseUrl: string; readonly completionUri: string },
): string | undefined => bindingCookieFor(completionUri, consentJar(baseUrl).read(event));

/** @param baseUrl public address of the service */
export function createConsentBrowser(baseUrl: string): ConsentBrowser {
  const jar = consentJar(baseUrl);
  const input = (event: APIGatewayProxyEvent, members: URLSearchParams): AuthorizeInput => ({
    requestUri: members.getAll('request_uri')[0],
    confirmation: members.getAll('confirm')[0],
    cookies: jar.read(event),
  });
  return {
    authorizeInput: (event) => input(event, queryOf(event)),
    declineInput: (event) => input(event, formOf(event)),
    callbackInput: (event) => ({
      callbackId: event.pathParameters?.callbackId ?? '',
      query: queryOf(event),
      cookies: jar.read(event),
    }),
    result(outcome, branding) {
      const { cookie, dropped = [] } = outcome;
      const cookies = [
        ...dropped.map((name) => jar.set({ name, value: '', maxAge: 0 })),
        ...(cookie ? [jar.set(cookie)] : []),
      ];
      // The URL of these steps carries the session or the code.
      const browser = { referrerPolicy: 'no-referrer', cookies } as const;
      return outcome.kind === 'redirect'
        ? redirectResult(302, outcome.location, browser)
        : pageResult(renderPage(outcome.page, branding), browser);
    },
  };
}
