/**
 * The identity service as an agent endpoint calls it, with AWS's own client. IAM authorization on API Gateway wants the
 * signing name `execute-api`; the endpoint is the deployment's. What it refuses is put into words for the endpoint's
 * caller, who knows nothing of it.
 */
import {
  BedrockAgentCoreClient,
  BedrockAgentCoreServiceException,
  GetWorkloadAccessTokenCommand,
  GetWorkloadAccessTokenForJWTCommand,
  GetWorkloadAccessTokenForUserIdCommand,
  type BedrockAgentCoreClientConfig,
} from '@aws-sdk/client-bedrock-agentcore';
import type { WorkloadTokens } from '../../domain/gate/invoke';
import { ServiceError, type ErrorName } from '../../domain/service-error';
import type { OnBehalfOf } from '../../domain/workload-token/issue';

/** Milliseconds for a token, retries included: the service may have to ask the issuer for its keys first. */
const DEADLINE = 20_000;

/** Which error the endpoint's caller gets for one of the service's, and in which words. */
const REFUSALS: ReadonlyMap<string, readonly [type: ErrorName, message: (theirs: string) => string]> =
  new Map([
    [
      'UnauthorizedException',
      [
        'AccessDeniedException',
        (theirs: string) =>
          `The identity service does not take the user's token, which this endpoint does: ${theirs} Its operator has to trust the same issuer there, for the same audience and client.`,
      ],
    ],
    [
      'AccessDeniedException',
      [
        'AccessDeniedException',
        () =>
          'This endpoint may not act as its agent. Its operator has to let its role mint tokens for the workload identity.',
      ],
    ],
    [
      'ResourceNotFoundException',
      [
        'ResourceNotFoundException',
        () => "This endpoint's workload identity does not exist. Its operator has to create it.",
      ],
    ],
    ['ValidationException', ['ValidationException', (theirs: string) => theirs]],
    ['ThrottlingException', ['ThrottlingException', () => 'Too many calls at once. Try again shortly.']],
  ]);

function refusalOf(error: unknown): ServiceError {
  const name = error instanceof Error ? error.name : 'unknown';
  const detail = `identity service: ${name}`;
  const known = error instanceof BedrockAgentCoreServiceException ? REFUSALS.get(name) : undefined;
  if (!known) {
    return new ServiceError(
      'InternalServerException',
      'The identity service cannot be had now. Try again shortly.',
      { detail, cause: error },
    );
  }
  const [type, message] = known;
  return new ServiceError(type, message((error as Error).message), { detail, cause: error });
}

const commandFor = (workloadName: string, onBehalfOf: OnBehalfOf) => {
  if (!onBehalfOf) return new GetWorkloadAccessTokenCommand({ workloadName });
  return 'userId' in onBehalfOf
    ? new GetWorkloadAccessTokenForUserIdCommand({ workloadName, ...onBehalfOf })
    : new GetWorkloadAccessTokenForJWTCommand({ workloadName, ...onBehalfOf });
};

/** @param config the endpoint, without a trailing slash, and what else AWS's client takes */
export function createWorkloadTokens(
  config: BedrockAgentCoreClientConfig & { readonly endpoint: string },
): WorkloadTokens {
  const client = new BedrockAgentCoreClient({ ...config, ...{ signingName: 'execute-api' } });
  return {
    async mint(workloadName, onBehalfOf) {
      try {
        const command = commandFor(workloadName, onBehalfOf);
        const { workloadAccessToken } = await client.send(command as GetWorkloadAccessTokenCommand, {
          abortSignal: AbortSignal.timeout(DEADLINE),
        });
        if (workloadAccessToken) return workloadAccessToken;
      } catch (error) {
        throw refusalOf(error);
      }
      throw refusalOf(new Error('no token'));
    },
  };
}
