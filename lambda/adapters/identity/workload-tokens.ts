/**
 * Calls the identity service for an agent endpoint, with the AWS SDK. IAM authorization on API Gateway requires the signing
 * name `execute-api`. Errors are translated for the endpoint's caller, which does not know the identity service.
 */
import {
  BedrockAgentCoreClient,
  BedrockAgentCoreServiceException,
  GetWorkloadAccessTokenCommand,
  GetWorkloadAccessTokenForJWTCommand,
  GetWorkloadAccessTokenForUserIdCommand,
  type BedrockAgentCoreClientConfig,
} from '@aws-sdk/client-bedrock-agentcore';
import { CONCERNS_HEADER } from '../../contract/headers';
import type { WorkloadTokens } from '../../domain/gate/invoke';
import { CONCERNS, ServiceError, type ErrorName } from '../../domain/service-error';
import type { CallingAgent } from '../../domain/workload-token/calling-agent';
import type { OnBehalfOf } from '../../domain/workload-token/on-behalf-of';

/** Timeout in milliseconds, including retries: the service might have to fetch the issuer's keys first. */
const REQUEST_TIMEOUT_MS = 20_000;

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
const concernsCaller = ({ $response }: BedrockAgentCoreServiceException): boolean =>
  CONCERNS.some((concern) => concern === $response?.headers[CONCERNS_HEADER]);

function refusalOf(error: unknown): ServiceError {
  const name = error instanceof Error ? error.name : 'unknown';
  const detail = `identity service: ${name}`;
  if (error instanceof BedrockAgentCoreServiceException && concernsCaller(error)) {
    // After a session ended, the endpoint's challenge has the client sign the user in again.
    const type = name === 'UnauthorizedException' ? name : 'AccessDeniedException';
    return new ServiceError(type, error.message, { detail, cause: error });
  }
  const known = error instanceof BedrockAgentCoreServiceException ? REFUSALS.get(name) : undefined;
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

const commandFor = (workloadName: string, onBehalfOf: OnBehalfOf) => {
  if (!onBehalfOf) return new GetWorkloadAccessTokenCommand({ workloadName });
  if ('userId' in onBehalfOf)
    return new GetWorkloadAccessTokenForUserIdCommand({ workloadName, ...onBehalfOf });
  // Without a user token, the calling agent names the user.
  const userToken = 'userToken' in onBehalfOf ? onBehalfOf.userToken : undefined;
  return new GetWorkloadAccessTokenForJWTCommand({ workloadName, userToken });
};

/** The AWS SDK omits members that the AWS model does not have, so this one is added before the client signs. */
function addCallingAgent(
  command: GetWorkloadAccessTokenCommand,
  { workloadAccessToken, principal }: CallingAgent,
): void {
  const callingAgent = { workloadAccessToken, principalArn: principal?.arn, principalId: principal?.id };
  command.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { body: unknown };
      request.body = JSON.stringify({
        ...(JSON.parse(new TextDecoder().decode(request.body as Uint8Array)) as object),
        callingAgent,
      });
      return next(args);
    },
    { step: 'build', priority: 'high', name: 'callingAgent' },
  );
}

/** @param config the endpoint, without a trailing slash, and other configuration of the AWS SDK */
export function createWorkloadTokens(
  config: BedrockAgentCoreClientConfig & { readonly endpoint: string },
): WorkloadTokens {
  const client = new BedrockAgentCoreClient({ ...config, ...{ signingName: 'execute-api' } });
  return {
    async request(workloadName, onBehalfOf, callingAgent) {
      try {
        const command = commandFor(workloadName, onBehalfOf);
        if (callingAgent) addCallingAgent(command as GetWorkloadAccessTokenCommand, callingAgent);
        const { workloadAccessToken } = await client.send(command as GetWorkloadAccessTokenCommand, {
          abortSignal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
        });
        if (workloadAccessToken) return workloadAccessToken;
      } catch (error) {
        throw refusalOf(error);
      }
      throw refusalOf(new Error('no token'));
    },
  };
}
