/** The pages that people get in place of a failure of the service. */
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda';
import { OutsideWritingRegion } from '../domain/writing-region';
import { renderAnotherRegion, renderFailure } from '../pages/portal-pages';
import { errorResult } from './errors';
import { pageResult, wantsPage } from './page-result';

/** Returns a page for people about a failure of the service, and every other error in the form of the API. */
export function failureResult(error: unknown, event: APIGatewayProxyEvent): APIGatewayProxyResult {
  const result = errorResult(error);
  if (result.statusCode < 500 || !wantsPage(event)) return result;
  const page = error instanceof OutsideWritingRegion ? renderAnotherRegion() : renderFailure();
  // The URL can carry a session or a code.
  return pageResult(page, { referrerPolicy: 'no-referrer' });
}
