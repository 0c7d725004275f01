/**
 * API Gateway's own errors in the service's form, as AWS clients read them (restJson1): the header `x-amzn-errortype`,
 * and a JSON body with `__type` and `message`. AWS clients retry when the body has another form.
 * Source: API Gateway developer guide, "Gateway response types for API Gateway".
 */
import { ERROR_STATUS, type ErrorName } from '../../lambda/domain/service-error';
import type { GatewayHeader } from '../../lambda/domain/gate/gateway-cors';
import type { CodedError } from '../../lambda/model/error-codes';
import { UNKNOWN_TO_SIGNERS } from '../../lambda/domain/gate/gateway-refusals';

/** API Gateway's own text for the error: a JSON string with its quotes. */
const GATEWAY_MESSAGE = '$context.error.messageString';

export interface GatewayError {
  /** Name of the error in the AWS service model. */
  readonly type: ErrorName;
  /**
   * Status code of the response. `unchanged` leaves the status code of API Gateway.
   * @default - the status code of the error in the AWS service model
   */
  readonly status?: number | 'unchanged';
  /** Public message that replaces API Gateway's own text. */
  readonly message?: string;
  /** What a program can act on. */
  readonly problem?: CodedError;
  /** The `WWW-Authenticate` header, which tells the caller how to get a token. */
  readonly wwwAuthenticate?: string;
  /** Whether the `WWW-Authenticate` header is the member `challenge` of the context that the authorizer returned. */
  readonly challengeOfAuthorizer?: true;
  /** The `Retry-After` header, in seconds. */
  readonly retryAfter?: number;
}

/** Errors by response type of API Gateway. */
export type GatewayErrors = Readonly<Record<string, GatewayError>>;

/**
 * The errors of every API. Two of API Gateway's own texts are replaced on purpose. The text of INVALID_SIGNATURE repeats
 * the signed headers, including the session token. The texts of both signature errors might contain "expired", which
 * clients match to detect the end of a workload access token.
 *
 * Without `Retry-After` on the 5xx errors: API Gateway returns the same error if Lambda has no concurrency left, in which
 * case a repetition is safe, and if a function crashed, after which it might not be.
 */
const GATEWAY_ERRORS: GatewayErrors = {
  ACCESS_DENIED: { type: 'AccessDeniedException' },
  WAF_FILTERED: { type: 'AccessDeniedException' },
  ...UNKNOWN_TO_SIGNERS,
  EXPIRED_TOKEN: {
    type: 'AccessDeniedException',
    message: 'The AWS session that signed this request is no longer valid. Sign with new credentials.',
  },
  UNAUTHORIZED: { type: 'AccessDeniedException' },
  // The limits are requests per second, so the next second has room again.
  THROTTLED: { type: 'ThrottlingException', retryAfter: 1 },
  QUOTA_EXCEEDED: { type: 'ThrottlingException' },
  BAD_REQUEST_BODY: { type: 'ValidationException' },
  INTEGRATION_TIMEOUT: { type: 'InternalServerException', status: 504 },
  INTEGRATION_FAILURE: { type: 'InternalServerException', status: 504 },
  // A status code here would replace the status codes of all other types, and a crashed function, which is a 502, would
  // be a 500.
  DEFAULT_4XX: { type: 'ValidationException', status: 'unchanged' },
  DEFAULT_5XX: { type: 'InternalServerException', status: 'unchanged' },
};

function bodyTemplate({ type, message, problem }: GatewayError): string {
  // In the AWS service model a ValidationException has a reason. API Gateway rejects only requests that it cannot parse.
  const reason = type === 'ValidationException' ? ',"reason":"CannotParse"' : '';
  const text = message === undefined ? GATEWAY_MESSAGE : JSON.stringify(message);
  const coded = problem ? `,"problem":${JSON.stringify(problem)}` : '';
  return `{"__type":"${type}","message":${text}${reason}${coded}}`;
}

/**
 * Returns a static value, in the single quotes that API Gateway requires.
 *
 * @throws Error for a value that contains a single quote
 */
function staticHeader(name: string, value: string): string {
  if (value.includes("'")) {
    throw new Error(
      `The header ${name} must not contain a single quote, which API Gateway cannot return: ${value}`,
    );
  }
  return `'${value}'`;
}

/** The definition of a gateway response, as OpenAPI documents have it. */
interface GatewayResponseDefinition {
  readonly statusCode?: string;
  readonly responseParameters: Readonly<Record<string, string>>;
  readonly responseTemplates: Readonly<Record<string, string>>;
}

/** A response type of API Gateway, and its response. */
export type GatewayResponse = readonly [responseType: string, definition: GatewayResponseDefinition];

/** Further headers of all errors that API Gateway itself returns. */
export type GatewayHeaders = Readonly<Record<string, GatewayHeader>>;

const headerValue = (name: string, header: GatewayHeader): string =>
  'value' in header ? staticHeader(name, header.value) : `method.request.header.${header.requestHeader}`;

/** Name of the member of the authorizer's context. */
const CHALLENGE = 'challenge';

function definitionOf(error: GatewayError, headers: GatewayHeaders): GatewayResponseDefinition {
  const { type, status = ERROR_STATUS[type], wwwAuthenticate, challengeOfAuthorizer, retryAfter } = error;
  const all: GatewayHeaders = {
    ...headers,
    'x-amzn-errortype': { value: type },
    ...(wwwAuthenticate !== undefined && { 'WWW-Authenticate': { value: wwwAuthenticate } }),
    ...(retryAfter !== undefined && { 'Retry-After': { value: String(retryAfter) } }),
  };
  return {
    ...(status !== 'unchanged' && { statusCode: String(status) }),
    responseParameters: {
      ...Object.fromEntries(
        Object.entries(all).map(([name, header]) => [
          `gatewayresponse.header.${name}`,
          headerValue(name, header),
        ]),
      ),
      ...(challengeOfAuthorizer && {
        'gatewayresponse.header.WWW-Authenticate': `context.authorizer.${CHALLENGE}`,
      }),
    },
    responseTemplates: { 'application/json': bodyTemplate(error) },
  };
}

/**
 * Returns the responses with which API Gateway returns its own errors in the service's form.
 *
 * @param errors of this API; they extend or replace {@link GATEWAY_ERRORS}
 * @param headers of all errors
 */
export const gatewayResponses = (
  errors: GatewayErrors = {},
  headers: GatewayHeaders = {},
): GatewayResponse[] =>
  Object.entries({ ...GATEWAY_ERRORS, ...errors }).map(([responseType, error]) => [
    responseType,
    definitionOf(error, headers),
  ]);
