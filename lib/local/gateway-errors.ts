/**
 * Errors of the gateway itself, in the form of the service's errors: header `x-amzn-errortype`, body
 * `{"__type","message"}`. AWS clients retry a response that is not JSON.
 */
import type { ServerResponse } from 'node:http';
import { ERROR_STATUS, type ErrorName } from '../../lambda/domain/service-error';
import type { Refusal } from '../../lambda/domain/gate/gate-refusals';
import type { UnknownMethodRefusals } from '../../lambda/domain/gate/gateway-refusals';
import type { CodedError } from '../../lambda/model/error-codes';

export class GatewayError extends Error {
  override readonly name = 'GatewayError';

  /**
   * @param status of the HTTP response
   * @param type name of the error in the AWS service model; the deployed gateway uses the same names
   * @param message public
   */
  constructor(
    readonly status: number,
    readonly type: ErrorName,
    message: string,
    /** `WWW-Authenticate` of the response, for a client that can act on it. */
    readonly wwwAuthenticate?: string,
    readonly problem?: CodedError,
  ) {
    super(message);
  }
}

export const forbidden = (message: string): GatewayError =>
  new GatewayError(403, 'AccessDeniedException', message);

/** What the pages at a public URL do not have, whether or not the service has it. */
export const notPublic = (): GatewayError =>
  new GatewayError(404, 'ResourceNotFoundException', 'There is no page at this address.');

/**
 * The text of API Gateway, without the ARN of the method.
 *
 * @param policy that does not allow the call: for a caller of another account, the resource policy of the API
 */
export const notAuthorized = (callerArn: string, policy: 'identity-based' | 'resource-based'): GatewayError =>
  forbidden(
    `User: ${callerArn} is not authorized to perform: execute-api:Invoke, because no ${policy} policy allows it`,
  );

/** Returns an error that the API defines. */
export const statedRefusal = ({ type, message, wwwAuthenticate, problem }: Refusal): GatewayError =>
  new GatewayError(ERROR_STATUS[type], type, message, wwwAuthenticate, problem);

/**
 * Returns the error for a method that does not exist. A signature is not verified there.
 *
 * @param authorization the header's value; undefined without one
 */
export const unknownMethod = (
  refusals: UnknownMethodRefusals,
  authorization: string | undefined,
): GatewayError =>
  statedRefusal(
    authorization === undefined || authorization.startsWith('AWS4-HMAC-SHA256 ')
      ? refusals.MISSING_AUTHENTICATION_TOKEN
      : refusals.INVALID_SIGNATURE,
  );

export const headersTooLarge = (limit: number): GatewayError =>
  new GatewayError(
    400,
    'ValidationException',
    `The request line and the headers must not have more than ${limit} bytes together.`,
  );

export const bodyTooLarge = (limit: number): GatewayError =>
  new GatewayError(400, 'ValidationException', `The request body must have at most ${limit} bytes.`);

export const timedOut = (): GatewayError =>
  new GatewayError(504, 'InternalServerException', 'The endpoint did not respond in time.');

export const functionFailed = (): GatewayError =>
  new GatewayError(502, 'InternalServerException', 'Internal server error');

export const starting = (): GatewayError =>
  new GatewayError(503, 'InternalServerException', 'The service is starting. Try again in a moment.');

/** Sends the error as the whole response. */
export function sendError(
  response: ServerResponse,
  { status, type, message, wwwAuthenticate, problem }: GatewayError,
): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'x-amzn-errortype': type,
    ...(wwwAuthenticate !== undefined && { 'www-authenticate': wwwAuthenticate }),
  });
  // A ValidationException has a reason in the AWS service model. The gateway rejects only what it cannot read.
  const reason = type === 'ValidationException' ? { reason: 'CannotParse' } : {};
  response.end(JSON.stringify({ __type: type, message, ...reason, problem }));
}
