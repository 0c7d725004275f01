/** Pages and redirects as API Gateway's results. */
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import type { RenderedPage } from '../pages/shell';
import { headerOf } from './event-headers';
import { NO_STORE } from './errors';

/** What every response to a browser has. */
export interface BrowserHeaders {
  readonly referrerPolicy: 'no-referrer' | 'same-origin';
  /** Values of `Set-Cookie`. */
  readonly cookies?: readonly string[];
  /**
   * The browser drops the pages of this service that it kept. `no-store` is not enough: Chromium keeps such pages for
   * the way back, and shows them without a request until a cookie changes.
   */
  readonly dropsPages?: true;
}

const common = ({ referrerPolicy, cookies = [], dropsPages }: BrowserHeaders) => ({
  headers: {
    ...NO_STORE,
    ...(dropsPages && { 'clear-site-data': '"cache"' }),
    'referrer-policy': referrerPolicy,
    'x-content-type-options': 'nosniff',
  },
  multiValueHeaders: cookies.length > 0 ? { 'Set-Cookie': [...cookies] } : {},
});

export function pageResult(page: RenderedPage, browser: BrowserHeaders): APIGatewayProxyResult {
  const { headers, multiValueHeaders } = common(browser);
  return {
    statusCode: page.status,
    headers: {
      ...headers,
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': page.contentSecurityPolicy,
    },
    multiValueHeaders,
    body: page.html,
  };
}

/** @param status 302, or 303 after a form, so that the browser continues with GET (RFC 9110 section 15.4.4) */
export function redirectResult(
  status: 302 | 303,
  location: string,
  browser: BrowserHeaders,
): APIGatewayProxyResult {
  const { headers, multiValueHeaders } = common(browser);
  return { statusCode: status, headers: { ...headers, location }, multiValueHeaders, body: '' };
}

/**
 * Returns whether the client is a browser that shows a page, and not a client of the API. An event without headers, which
 * no client sends through API Gateway, has null.
 */
export const wantsPage = ({
  multiValueHeaders,
}: {
  readonly multiValueHeaders: APIGatewayProxyEvent['multiValueHeaders'] | null;
}): boolean =>
  Object.entries(multiValueHeaders ?? {}).some(
    ([name, values = []]) =>
      name.toLowerCase() === 'accept' && values.some((value) => value.includes('text/html')),
  );

/** Returns every value of every parameter, including repeated ones. */
export function queryOf(event: APIGatewayProxyEvent): URLSearchParams {
  const query = new URLSearchParams();
  for (const [name, values] of Object.entries(event.multiValueQueryStringParameters ?? {})) {
    for (const value of values ?? []) query.append(name, value);
  }
  return query;
}

/** Returns the members of a form; none for a body of another media type. */
export function formOf(event: APIGatewayProxyEvent): URLSearchParams {
  const { body, isBase64Encoded } = event;
  const type = headerOf(event, 'content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/x-www-form-urlencoded') return new URLSearchParams();
  return new URLSearchParams(Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8').toString('utf8'));
}
