/** The addresses outside of any portal: the home page, the icon, and the page for an address that does not exist. */
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { refusedOperationAt } from '../operations/refused-operations';
import { ServiceError } from '../domain/service-error';
import { renderHome, renderNotFound } from '../pages/portal-pages';
import type { RenderedPage } from '../pages/shell';
import { errorResult } from './errors';
import { pageResult, wantsPage } from './page-result';

const shown = (page: RenderedPage): APIGatewayProxyResult =>
  pageResult(page, { referrerPolicy: 'same-origin' });

export const homeResult = (): APIGatewayProxyResult => shown(renderHome());

/** A shield, in the service's default color. */
const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 20"><path fill="#2f56d9" d="M10 .8l8 3v6.2c0 4.9-3.4 8.2-8 9.8-4.6-1.600-8-4.900-8-9.8V3.800z"/><path fill="none" stroke="#fff" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" d="M6.4 10l2.600 2.600 4.800-5.200"/></svg>';

export const faviconResult = (): APIGatewayProxyResult => ({
  statusCode: 200,
  headers: {
    'content-type': 'image/svg+xml',
    'cache-control': 'public, max-age=86400',
    'x-content-type-options': 'nosniff',
    // An image that a person opens alone is a document.
    'content-security-policy': "default-src 'none'",
  },
  body: ICON,
});

const NO_SUCH_ROUTE = new ServiceError(
  'ResourceNotFoundException',
  'The operation does not exist. Check the method and the path.',
);

/** The path of a request to a route for unknown paths, without the stage. */
const pathOf = ({ pathParameters }: APIGatewayProxyEvent): string =>
  `/${(pathParameters?.unknown ?? '').replace(/^\/+/, '')}`;

/**
 * Returns the reason for an operation of AWS that this service does not have. No signature is needed for it: it is the
 * same for everyone, and an agent that IAM does not allow the operation gets it, too. For any other request, returns a page for
 * people, and an error in the form of the API for its clients.
 */
export function notFoundResult(event: APIGatewayProxyEvent): APIGatewayProxyResult {
  const [name, refused] = refusedOperationAt(event.httpMethod, pathOf(event)) ?? [];
  if (name !== undefined && refused) {
    const message = `${name} is not supported by this service: ${refused.why}.`;
    return errorResult(new ServiceError('ValidationException', message));
  }
  return wantsPage(event) ? shown(renderNotFound()) : errorResult(NO_SUCH_ROUTE);
}
