/**
 * The gateway's own errors in the service's form: header `x-amzn-errortype`, and a JSON body with `__type`
 * and `message`, as AWS's clients read them (restJson1). A body that is no such JSON makes them retry.
 * Source: API Gateway developer guide, "Gateway response types for API Gateway".
 */
import { ResponseType, type RestApi } from 'aws-cdk-lib/aws-apigateway';
import { ERROR_STATUS, type ErrorName } from '../../lambda/contract/errors';

/** The gateway's own text for the error: a JSON string with its quotes. */
const GATEWAY_MESSAGE = '$context.error.messageString';

export interface GatewayError {
  /** Name of the error in AWS's service model; the status follows from it. */
  readonly type: ErrorName;
  /** Public message, in place of the gateway's own text. */
  readonly message?: string;
  /** Header of that name: what the caller can do about it. */
  readonly wwwAuthenticate?: string;
}

/** Errors by API Gateway's response type. */
export type GatewayErrors = Readonly<Record<string, GatewayError>>;

/**
 * The errors of every API. Two texts of the gateway's own are replaced on purpose: that of
 * INVALID_SIGNATURE repeats the signed headers, session token included, and those of both signature errors
 * may say "expired", which clients take for the end of a workload access token.
 */
export const GATEWAY_ERRORS: GatewayErrors = {
  ACCESS_DENIED: { type: 'AccessDeniedException' },
  WAF_FILTERED: { type: 'AccessDeniedException' },
  // The gateway says the same of a request without a signature and of a path that it does not know.
  MISSING_AUTHENTICATION_TOKEN: {
    type: 'AccessDeniedException',
    message: 'There is no such operation, or the request is not signed (AWS Signature Version 4).',
  },
  INVALID_SIGNATURE: {
    type: 'AccessDeniedException',
    message:
      'The signature is not valid. Check the secret key, the region, the clock and the signing name (execute-api).',
  },
  EXPIRED_TOKEN: {
    type: 'AccessDeniedException',
    message: 'The AWS session that signed this request is over; sign with new credentials.',
  },
  UNAUTHORIZED: { type: 'AccessDeniedException' },
  THROTTLED: { type: 'ThrottlingException' },
  QUOTA_EXCEEDED: { type: 'ThrottlingException' },
  BAD_REQUEST_BODY: { type: 'ValidationException' },
  DEFAULT_4XX: { type: 'ValidationException' },
  DEFAULT_5XX: { type: 'InternalServerException' },
};

function bodyTemplate({ type, message }: GatewayError): string {
  // A ValidationException has a reason in AWS's service model; the gateway refuses only what it cannot read.
  const reason = type === 'ValidationException' ? ',"reason":"CannotParse"' : '';
  const text = message === undefined ? GATEWAY_MESSAGE : JSON.stringify(message);
  return `{"__type":"${type}","message":${text}${reason}}`;
}

/**
 * Static values stand between single quotes.
 *
 * @throws Error in plain words for what would end the value before its end
 */
function staticHeader(name: string, value: string): string {
  if (value.includes("'"))
    throw new Error(`${name}: API Gateway has no way to answer a single quote: ${value}`);
  return `'${value}'`;
}

/**
 * Makes the API answer its own errors in the service's form.
 *
 * @param errors of this API, beside or in place of {@link GATEWAY_ERRORS}
 */
export function addGatewayResponses(api: RestApi, errors: GatewayErrors = {}): void {
  for (const [responseType, error] of Object.entries({ ...GATEWAY_ERRORS, ...errors })) {
    const { type, wwwAuthenticate } = error;
    api.addGatewayResponse(responseType, {
      type: ResponseType.of(responseType),
      statusCode: String(ERROR_STATUS[type]),
      responseHeaders: {
        'x-amzn-errortype': staticHeader('x-amzn-errortype', type),
        ...(wwwAuthenticate !== undefined && {
          'WWW-Authenticate': staticHeader('WWW-Authenticate', wwwAuthenticate),
        }),
      },
      templates: { 'application/json': bodyTemplate(error) },
    });
  }
}
