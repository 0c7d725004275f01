/** Errors on the wire, in the form of the AWS restJson1 protocol. */
import type { APIGatewayProxyResult } from 'aws-lambda';
import { CONCERNS_HEADER, OUTCOME_HEADER } from '../model/headers';
import { ERROR_STATUS, ServiceError } from '../domain/service-error';

/** Responses must not be cached anywhere on the way to the caller. */
export const NO_STORE = { 'cache-control': 'no-store' };

export const json = (
  status: number,
  body: object,
  headers: Record<string, string> = NO_STORE,
): APIGatewayProxyResult => ({
  statusCode: status,
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
});

/** A response without a body, such as a 204. */
export const empty = (status: number): APIGatewayProxyResult => ({
  statusCode: status,
  headers: NO_STORE,
  body: '',
});

/** What the caller learns of an error that the code did not foresee. */
export const UNKNOWN = new ServiceError(
  'InternalServerException',
  'An internal error occurred. Try again. If the error persists, ask the operator.',
);

/**
 * Returns the response for an error.
 *
 * @param thrown anything; an error that is not a {@link ServiceError} becomes a 500 without details
 */
export function errorResult(thrown: unknown): APIGatewayProxyResult {
  const error = thrown instanceof ServiceError ? thrown : UNKNOWN;
  const { type, message, reason, fieldList, outcome, concerns, retryAfter, problem } = error;
  const body = {
    __type: type,
    message,
    ...(reason && { reason }),
    ...(fieldList && { fieldList }),
    // Not next to `__type`: without the header, clients of restJson1 take a member `code` for the name of the error.
    ...(problem && { problem }),
  };
  return json(ERROR_STATUS[type], body, {
    ...NO_STORE,
    'x-amzn-errortype': type,
    ...(outcome && { [OUTCOME_HEADER]: outcome }),
    ...(concerns && { [CONCERNS_HEADER]: concerns }),
    // RFC 9110 section 10.2.3; the AWS SDK for JavaScript obeys it.
    ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }),
  });
}
