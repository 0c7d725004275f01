/** Converts a browser's requests to consent steps, and their outcomes to redirects, cookies, and pages. */
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import type { AuthorizeInput } from '../domain/consent/authorize';
import type { BindingCookie, BrowserOutcome } from '../domain/consent/browser';
import type { CallbackInput } from '../domain/consent/callback';
import { CONTENT_SECURITY_POLICY, renderPage } from '../pages/consent-pages';
import { NO_STORE } from './errors';

const SECURITY_HEADERS = {
  ...NO_STORE,
  // The URL of these steps carries the session or the code.
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** Every value of every parameter, including repeated ones, which the domain handles. */
function queryOf(event: APIGatewayProxyEvent): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, values] of Object.entries(event.multiValueQueryStringParameters ?? {})) {
    for (const value of values ?? []) query.append(name, value);
  }
  return query;
}

/** `__Host-` keeps other hosts of the same domain from planting the cookie (RFC 6265bis section 4.1.3.2). */
const cookiePrefix = (secure: boolean): string => (secure ? '__Host-' : '');

/** Cookies with the prefix, by the name after it. Other cookies are ignored. */
function cookiesOf(event: APIGatewayProxyEvent, prefix: string): Map<string, string> {
  const headers = Object.entries(event.multiValueHeaders).filter(([name]) => name.toLowerCase() === 'cookie');
  const pairs = headers.flatMap(([, values = []]) => values.flatMap((value) => value.split(';')));
  const cookies = new Map<string, string>();
  for (const pair of pairs) {
    const [name = '', ...value] = pair.trim().split('=');
    if (name.startsWith(prefix)) cookies.set(name.slice(prefix.length), value.join('='));
  }
  return cookies;
}

/** @param secure whether the service is reached over https */
export const authorizeInput = (event: APIGatewayProxyEvent, secure: boolean): AuthorizeInput => ({
  requestUri: queryOf(event).getAll('request_uri')[0],
  cookies: cookiesOf(event, cookiePrefix(secure)),
});

/** @param secure whether the service is reached over https */
export const callbackInput = (event: APIGatewayProxyEvent, secure: boolean): CallbackInput => ({
  callbackId: event.pathParameters?.callbackId ?? '',
  query: queryOf(event),
  cookies: cookiesOf(event, cookiePrefix(secure)),
});

/** SameSite=Lax, because the provider's response is a navigation from another site. */
function setCookie({ name, value, maxAge }: BindingCookie, secure: boolean): string {
  // `__Host-` requires the path `/`. On a laptop, other servers share the host name, so the path is narrower there.
  const path = secure ? '/' : '/identities/oauth2/';
  const attributes = `Path=${path}; Max-Age=${maxAge}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
  return `${cookiePrefix(secure)}${name}=${value}; ${attributes}`;
}

/** @param secure whether the service is reached over https */
export function browserResult(outcome: BrowserOutcome, secure: boolean): APIGatewayProxyResult {
  if (outcome.kind === 'redirect') {
    const { location, cookie, dropped = [] } = outcome;
    const cookies = [
      ...dropped.map((name): BindingCookie => ({ name, value: '', maxAge: 0 })),
      ...(cookie ? [cookie] : []),
    ];
    return {
      statusCode: 302,
      headers: { ...SECURITY_HEADERS, location },
      multiValueHeaders:
        cookies.length > 0 ? { 'Set-Cookie': cookies.map((each) => setCookie(each, secure)) } : {},
      body: '',
    };
  }
  const { status, html } = renderPage(outcome.page);
  return {
    statusCode: status,
    headers: {
      ...SECURITY_HEADERS,
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': CONTENT_SECURITY_POLICY,
    },
    body: html,
  };
}
