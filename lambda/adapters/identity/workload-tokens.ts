/**
 * Workload access tokens for an agent endpoint or a gateway. Errors are translated for its caller, which does not know the
 * identity service.
 */
import type { WorkloadTokens } from '../../domain/gate/invoke';
import { ServiceError, type ErrorName } from '../../domain/service-error';
import type { CallingAgent } from '../../domain/workload-token/calling-agent';
import type { OnBehalfOf } from '../../domain/workload-token/on-behalf-of';
import { ErrorResponse } from '../aws/signed-requests';
import {
  concernsCaller,
  createIdentityRequests,
  detailOf,
  serviceFailure,
  type IdentityService,
} from './identity-requests';

/** What gets the tokens, as messages for its callers call it. */
export type Holder = 'endpoint' | 'gateway';

type Refusal = readonly [type: ErrorName, message: (theirs: string, holder: Holder) => string];

/** The error and message that the caller gets for an error of the service. */
const REFUSALS: ReadonlyMap<string, Refusal> = new Map<string, Refusal>([
  [
    'UnauthorizedException',
    [
      'AccessDeniedException',
      (theirs: string, holder) =>
        `This ${holder} accepts the user's token, but the identity service rejects it: ${theirs} Ask the operator to trust the same issuer there, for the same audience and client.`,
    ],
  ],
  [
    'AccessDeniedException',
    [
      'AccessDeniedException',
      (_theirs, holder) =>
        `This ${holder} is not authorized to get tokens for its workload identity. Ask the operator to grant its role access.`,
    ],
  ],
  [
    'ResourceNotFoundException',
    [
      'ResourceNotFoundException',
      (_theirs, holder) =>
        `This ${holder}'s workload identity does not exist. Ask the operator to create it.`,
    ],
  ],
  ['ValidationException', ['ValidationException', (theirs: string) => theirs]],
  ['ThrottlingException', ['ThrottlingException', () => 'Too many concurrent requests. Try again shortly.']],
]);

function refusalOf(error: unknown, holder: Holder): ServiceError {
  if (!(error instanceof ErrorResponse) || concernsCaller(error)) return serviceFailure(error);
  const known = REFUSALS.get(error.name);
  if (!known) return serviceFailure(error);
  const [type, message] = known;
  return new ServiceError(type, message(error.message, holder), {
    detail: detailOf(error),
    cause: error,
  });
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

/** @param holder what gets the tokens */
export function createWorkloadTokens(service: IdentityService, holder: Holder): WorkloadTokens {
  const send = createIdentityRequests(service);
  return {
    async request(workloadName, onBehalfOf, callingAgent) {
      const [operation, input] = requestFor(workloadName, onBehalfOf);
      try {
        const named = callingAgent && callingAgentOf(callingAgent);
        const { workloadAccessToken: token } = await send(`/identities/${operation}`, { ...input, ...named });
        if (typeof token === 'string' && token !== '') return token;
      } catch (error) {
        throw refusalOf(error, holder);
      }
      throw serviceFailure(new Error('no token'));
    },
  };
}
