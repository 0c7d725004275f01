/**
 * Workload access tokens for an agent endpoint or a gateway. Errors are translated for its caller, which does not know the
 * identity service.
 */
import type { WorkloadTokens } from '../../domain/gate/invoke';
import type { CallingAgent } from '../../domain/workload-token/calling-agent';
import type { OnBehalfOf } from '../../domain/workload-token/on-behalf-of';
import {
  createIdentityRequests,
  malformedResponse,
  refusalOf,
  type IdentityService,
  type Refusal,
  type Refusals,
} from './identity-requests';

/** What gets the tokens, as messages for its callers call it. A target is an agent behind a gateway. */
export type Holder = 'endpoint' | 'gateway' | 'target';

/** The error and message that the caller gets for an error of the service. */
const refusalsTo = (holder: Holder): Refusals =>
  new Map<string, Refusal>([
    [
      'UnauthorizedException',
      [
        'AccessDeniedException',
        (theirs) =>
          `This ${holder} accepts the user's token, but the identity service rejects it: ${theirs} Ask the operator to trust the same issuer there, for the same audience and client.`,
      ],
    ],
    [
      'AccessDeniedException',
      [
        'AccessDeniedException',
        () =>
          `This ${holder} is not authorized to get tokens for its workload identity. Ask the operator to grant its role access.`,
      ],
    ],
    [
      'ResourceNotFoundException',
      [
        'ResourceNotFoundException',
        () => `This ${holder}'s workload identity does not exist. Ask the operator to create it.`,
      ],
    ],
    ['ValidationException', ['ValidationException', (theirs) => theirs]],
    [
      'ThrottlingException',
      ['ThrottlingException', () => 'Too many concurrent requests. Try again shortly.'],
    ],
  ]);

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
  const refusals = refusalsTo(holder);
  return {
    async request(workloadName, onBehalfOf, callingAgent) {
      const [operation, input] = requestFor(workloadName, onBehalfOf);
      try {
        const named = callingAgent && callingAgentOf(callingAgent);
        const { workloadAccessToken: token } = await send(`/identities/${operation}`, { ...input, ...named });
        if (typeof token === 'string' && token !== '') return token;
      } catch (error) {
        throw refusalOf(refusals, error);
      }
      throw malformedResponse();
    },
  };
}
