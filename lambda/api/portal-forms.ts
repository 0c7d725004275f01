/**
 * Forms of a consent portal's pages. A form is accepted only from a page that this service showed in this session: by
 * its token, and by what the browser says about the page that sent it.
 */
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { hashOf, isHashOf } from '../domain/digest';
import { headerOf } from './event-headers';

/** Returns the token of a session's forms. It does not reveal the session's secret. */
export const formToken = (sessionSecret: string): string => hashOf(`portal form ${sessionSecret}`);

/** Returns all values of a header, also of one that was sent more than once. */
const isSent = ({ multiValueHeaders }: APIGatewayProxyEvent, name: string): boolean =>
  Object.keys(multiValueHeaders).some((each) => each.toLowerCase() === name);

/**
 * Returns why a form was not sent by a page of this service, for the audit log; undefined if it was. A browser that says
 * nothing about the page that sent the form is refused: every current browser sends `Origin` with a POST, and
 * `Sec-Fetch-Site` to https.
 */
export function originRejection(event: APIGatewayProxyEvent, baseUrl: string): string | undefined {
  const [hasOrigin, hasSite] = [isSent(event, 'origin'), isSent(event, 'sec-fetch-site')];
  if (!hasOrigin && !hasSite) return 'the form names no origin';
  if (hasOrigin && headerOf(event, 'origin') !== new URL(baseUrl).origin) return 'form of another origin';
  if (hasSite && headerOf(event, 'sec-fetch-site') !== 'same-origin') return 'form of another site';
  return undefined;
}

/** Returns whether the form is one of the session. */
export function hasFormToken(form: URLSearchParams, sessionSecret: string): boolean {
  const tokens = form.getAll('csrf');
  return tokens.length === 1 && isHashOf(hashOf(formToken(sessionSecret)), tokens[0]);
}
