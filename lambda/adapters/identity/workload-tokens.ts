/**
 * Calls the identity service for an agent endpoint. IAM authorization on API Gateway requires the signing name
 * `execute-api`. Errors are translated for the endpoint's caller, which does not know the identity service.
 */
import { CONCERNS_HEADER } from '../../model/headers';
import type { WorkloadTokens } from '../../domain/gate/invoke';
import { CONCERNS, ServiceError, type ErrorName } from '../../domain/service-error';
import { parseJsonObject } from '../../domain/json-object';
import type { CallingAgent } from '../../domain/workload-token/calling-agent';
import type { OnBehalfOf } from '../../domain/workload-token/on-behalf-of';
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

/** The error and message that the endpoint's caller gets for an error of the service. */
const REFUSALS: ReadonlyMap<string, readonly [type: ErrorName, message: (theirs: string) => string]> =
  new Map([
    [
      'UnauthorizedException',
      [
        'AccessDeniedException',
        (theirs: string) =>
          `This endpoint accepts the user's token, but the identity service rejects it: ${theirs} Ask the operator to trust the same issuer there, for the same audience and client.`,
      ],
    ],
    [
      'AccessDeniedException',
      [
        'AccessDeniedException',
        () =>
          'This endpoint is not authorized to get tokens for its workload identity. Ask the operator to grant its role access.',
      ],
    ],
    [
      'ResourceNotFoundException',
      [
        'ResourceNotFoundException',
        () => "This endpoint's workload identity does not exist. Ask the operator to create it.",
      ],
    ],
    ['ValidationException', ['ValidationException', (theirs: string) => theirs]],
    [
      'ThrottlingException',
      ['ThrottlingException', () => 'Too many concurrent requests. Try again shortly.'],
    ],
  ]);

/** Whether the error is not about the endpoint or its configuration, so that its message is for the caller. */
const concernsCaller = ({ headers }: ErrorResponse): boolean =>
  CONCERNS.some((concern) => concern === headers[CONCERNS_HEADER]);

function refusalOf(error: unknown): ServiceError {
  const name = error instanceof Error ? error.name : 'unknown';
  const detail = `identity service: ${name}`;
  if (error instanceof ErrorResponse && concernsCaller(error)) {
    // After a session ended, the endpoint's challenge has the client sign the user in again.
    const type = name === 'UnauthorizedException' ? name : 'AccessDeniedException';
    return new ServiceError(type, error.message, { detail, cause: error });
  }
  const known = error instanceof ErrorResponse ? REFUSALS.get(name) : undefined;
  if (!known) {
    return new ServiceError(
      'InternalServerException',
      'The identity service is unavailable. Try again shortly.',
      { detail, cause: error },
    );
  }
  const [type, message] = known;
  return new ServiceError(type, message((error as Error).message), { detail, cause: error });
}

/** Returns the operation and its input. Without a user token, the calling agent names the user. */
function requestFor(
  workloadName: string,
  onBehalfOf: OnBehalfOf,
): readonly [operation: string, input: object] {
  if (!onBehalfOf) return ['GetWorkloadAccessToken', { workloadName }];
  if ('userId' in onBehalfOf) return ['GetWorkloadAccessTokenForUserId', { workloadName, ...onBehalfOf }];
  const userToken = 'userToken' in onBehalfOf ? onBehalfOf.userToken : undefined;
  return ['GetWorkloadAccessTokenForJWT', { workloadName, userToken }];
}

const callingAgentOf = ({ workloadAccessToken, principal }: CallingAgent) => ({
  callingAgent: { workloadAccessToken, principalArn: principal?.arn, principalId: principal?.id },
});

export interface IdentityService extends Pick<RequestSettings, 'credentials'> {
  readonly endpoint: string;
  /** @default - the Region of the environment */
  readonly region?: string;
}

export function createWorkloadTokens({ endpoint, region, credentials }: IdentityService): WorkloadTokens {
  const requests = createSignedRequests({
    signingName: 'execute-api',
    endpoint: new URL(endpoint),
    region: region ?? environmentRegion(),
    credentials,
    maxAttempts: 3,
    ...TIMEOUTS,
  });
  return {
    async request(workloadName, onBehalfOf, callingAgent) {
      const [operation, input] = requestFor(workloadName, onBehalfOf);
      try {
        const { body } = await requests.send({
          path: `/identities/${operation}`,
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ ...input, ...(callingAgent && callingAgentOf(callingAgent)) }),
          signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
        });
        const token = parseJsonObject(body.toString('utf8'))?.workloadAccessToken;
        if (typeof token === 'string' && token !== '') return token;
      } catch (error) {
        throw refusalOf(error);
      }
      throw refusalOf(new Error('no token'));
    },
  };
}
