/**
 * Requests of an agent endpoint or a gateway to the identity service, as an agent sends them. IAM authorization on API
 * Gateway requires the signing name `execute-api`.
 */
import { CONCERNS_HEADER } from '../../model/headers';
import { parseJsonObject, type JsonObject } from '../../domain/json-object';
import { CONCERNS, ServiceError, type ErrorName } from '../../domain/service-error';
import {
  createSignedRequests,
  environmentRegion,
  ErrorResponse,
  type RequestSettings,
} from '../aws/signed-requests';

/** Timeout in milliseconds, including retries: the service might have to fetch the issuer's keys first. */
const REQUEST_TIMEOUT_MS = 20_000;

/** Milliseconds. API Gateway responds within 29 seconds. */
const TIMEOUTS = { connectionTimeout: 3_000, socketTimeout: REQUEST_TIMEOUT_MS };

export interface IdentityService extends Pick<RequestSettings, 'credentials'> {
  readonly endpoint: string;
  /** @default - the Region of the environment */
  readonly region?: string;
}

/**
 * Calls an operation and returns its response; an empty object for a response that is not a JSON object.
 *
 * @throws ErrorResponse for an error of the service; Error if there was no response
 */
export type IdentityRequests = (path: string, input: object) => Promise<JsonObject>;

export function createIdentityRequests({ endpoint, region, credentials }: IdentityService): IdentityRequests {
  const requests = createSignedRequests({
    signingName: 'execute-api',
    endpoint: new URL(endpoint),
    region: region ?? environmentRegion(),
    credentials,
    maxAttempts: 3,
    ...TIMEOUTS,
  });
  return async (path, input) => {
    const { body } = await requests.send({
      path,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(input),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    return parseJsonObject(body.toString('utf8')) ?? {};
  };
}

/** The reason for the operator. */
const detailOf = (error: unknown): string =>
  `identity service: ${error instanceof Error ? error.name : 'unknown'}`;

/** Whether the error is not about what calls the service or its configuration, so that its message is for the caller. */
const concernsCaller = ({ headers }: ErrorResponse): boolean =>
  CONCERNS.some((concern) => concern === headers[CONCERNS_HEADER]);

/** Returns the error for the caller for an error of the service that is not about the request itself. */
function serviceFailure(error: unknown): ServiceError {
  const parts = { detail: detailOf(error), cause: error };
  if (!(error instanceof ErrorResponse && concernsCaller(error))) {
    return new ServiceError(
      'InternalServerException',
      'The identity service is unavailable. Try again shortly.',
      parts,
    );
  }
  // After a session ended, the endpoint's challenge has the client sign the user in again.
  const type = error.name === 'UnauthorizedException' ? error.name : 'AccessDeniedException';
  return new ServiceError(type, error.message, parts);
}

/** The error and message that the caller gets instead of an error of the service. */
export type Refusal = readonly [type: ErrorName, message: (theirs: string) => string];

/** By the name of the service's error. */
export type Refusals = ReadonlyMap<string, Refusal>;

const secondsIn = (value: string | undefined): number | undefined =>
  value !== undefined && /^\d{1,6}$/.test(value) ? Number(value) : undefined;

/** Returns the error for the caller for an error of the service. */
export function refusalOf(refusals: Refusals, error: unknown): ServiceError {
  if (!(error instanceof ErrorResponse) || concernsCaller(error)) return serviceFailure(error);
  const known = refusals.get(error.name);
  if (!known) return serviceFailure(error);
  const [type, message] = known;
  return new ServiceError(type, message(error.message), {
    detail: `${detailOf(error)}: ${error.message}`,
    cause: error,
    retryAfter: secondsIn(error.headers['retry-after']),
  });
}

/** Returns the error for a response without what the operation returns. */
export const malformedResponse = (): ServiceError => serviceFailure(new Error('malformed response'));
