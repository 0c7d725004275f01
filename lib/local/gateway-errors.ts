/**
 * Errors that the gateway itself answers, in the service's error form: header `x-amzn-errortype`, body
 * `{"__type","message"}`. AWS's clients retry an answer that is not JSON.
 */
import type { ServerResponse } from 'node:http';
import { ERROR_STATUS, type ErrorName } from '../../lambda/domain/service-error';
import type { Refusal } from '../../lambda/contract/gate-refusals';

export class GatewayError extends Error {
  override readonly name = 'GatewayError';

  /**
   * @param status of the HTTP answer
   * @param type name of the error in AWS's service model; the deployed gateway answers by the same names
   * @param message public
   */
  constructor(
    readonly status: number,
    readonly type: ErrorName,
    message: string,
    /** `WWW-Authenticate` of the answer, for a client that can act on it. */
    readonly wwwAuthenticate?: string,
  ) {
    super(message);
  }
}

export const forbidden = (message: string): GatewayError =>
  new GatewayError(403, 'AccessDeniedException', message);

/** A refusal that an API states for itself. */
export const statedRefusal = ({ type, message, wwwAuthenticate }: Refusal): GatewayError =>
  new GatewayError(ERROR_STATUS[type], type, message, wwwAuthenticate);

export const unknownRoute = (): GatewayError =>
  forbidden('The operation does not exist. Check the method and the path.');

export const headersTooLarge = (limit: number): GatewayError =>
  new GatewayError(400, 'ValidationException', `Request line and headers may have ${limit} bytes in all.`);

export const bodyTooLarge = (limit: number): GatewayError =>
  new GatewayError(400, 'ValidationException', `A request body may have ${limit} bytes.`);

export const timedOut = (): GatewayError =>
  new GatewayError(504, 'InternalServerException', 'The endpoint did not answer in time.');

export const functionFailed = (): GatewayError =>
  new GatewayError(502, 'InternalServerException', 'Internal server error');

export const starting = (): GatewayError =>
  new GatewayError(503, 'InternalServerException', 'The service is starting; try again in a moment.');

/** Sends the error as the whole answer. */
export function answerError(
  response: ServerResponse,
  { status, type, message, wwwAuthenticate }: GatewayError,
): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'x-amzn-errortype': type,
    ...(wwwAuthenticate !== undefined && { 'www-authenticate': wwwAuthenticate }),
  });
  // A ValidationException has a reason in AWS's service model; the gateway refuses only what it cannot read.
  const reason = type === 'ValidationException' ? { reason: 'CannotParse' } : {};
  response.end(JSON.stringify({ __type: type, message, ...reason }));
}
