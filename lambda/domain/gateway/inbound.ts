/** The addresses of gateways, and the users and agents that can call them. */
import type { Gateway } from '../../model/records/gateway';
import type { GatewayAuthorizerType } from '../../model/gateway/gateway-configuration';
import { configuredIssuer, type GatewayUrls } from './manage/gateway';
import type { ChallengedResource } from '../gate/challenge';
import { METADATA_PATH } from '../gate/challenge';
import { CALLING_AGENT_HEADER } from '../gate/agent-request';
import { singleField, type HeaderFields } from '../gate/header-fields';
import { admitUser, bearerToken } from '../gate/user-admission';
import type { Annotate } from '../audit';
import type { TrustedIssuer } from '../identity/trusted-issuer';
import type { UserTokenVerifier } from '../identity/user-token';
import { callerOf } from '../principal';
import { invalidMember, ServiceError } from '../service-error';
import { userNamedBy, type CallingAgent } from '../workload-token/calling-agent';
import type { OnBehalfOf } from '../workload-token/on-behalf-of';

/** Returns what the challenges and the metadata of a gateway say; undefined for a gateway whose callers sign. */
export function challengedGateway(gateway: Gateway, targetName: string, bases: Required<GatewayUrls>) {
  const inbound = configuredIssuer(gateway);
  if (!inbound) return undefined;
  // The caller writes the name, and the challenge is a header.
  const name = /^[0-9a-zA-Z-]{1,100}$/.test(targetName) ? targetName : 'unknown';
  const metadataUrl = `${bases.CUSTOM_JWT}${METADATA_PATH}/${gateway.id}/${name}`;
  return { metadataUrl, inbound } satisfies ChallengedResource;
}

/** A request, and who sent it. */
export interface ReceivedCall {
  readonly headers: HeaderFields;
  /** ARN of the caller that API Gateway authenticated; absent on the API for user tokens. */
  readonly callerArn: string | null | undefined;
  /** Its unique ID, as API Gateway provides it. */
  readonly callerId: string | null | undefined;
}

/** Whom the gateway acts for. */
export interface CalledFor {
  readonly onBehalfOf: OnBehalfOf;
  readonly callingAgent: CallingAgent | undefined;
}

/** Returns the API that a request came through: only the one for signed requests has a caller. */
export const apiOf = ({ callerArn }: Pick<ReceivedCall, 'callerArn'>): GatewayAuthorizerType =>
  callerArn ? 'AWS_IAM' : 'CUSTOM_JWT';

function bySignature({ callerArn, callerId, headers }: ReceivedCall, annotate: Annotate): CalledFor {
  const principal = callerOf({ userArn: callerArn, caller: callerId });
  annotate({ principal: principal.arn });
  const workloadAccessToken = singleField(headers, CALLING_AGENT_HEADER);
  if (workloadAccessToken === undefined) {
    throw invalidMember(
      CALLING_AGENT_HEADER,
      'must be the workload access token of the agent that calls, because a signature names no user',
    );
  }
  const callingAgent = { workloadAccessToken, principal };
  return { callingAgent, onBehalfOf: userNamedBy(callingAgent) };
}

/**
 * Returns whom a call is for, if the gateway accepts the caller. Everything is checked again, whatever the authorizer said.
 *
 * @param trusted as `trustedIssuerOf` returns it
 * @param annotate receives the caller and the user as soon as they are known
 * @throws UnauthorizedException, AccessDeniedException, ValidationException
 */
export async function admitCall(
  userTokens: UserTokenVerifier,
  trusted: TrustedIssuer | undefined,
  call: ReceivedCall,
  annotate: Annotate,
): Promise<CalledFor> {
  if (apiOf(call) === 'AWS_IAM') return bySignature(call, annotate);
  if (!trusted)
    throw new ServiceError(
      'InternalServerException',
      'The gateway has no authorizer. Ask its owner to update it.',
    );
  const userToken = bearerToken(call.headers);
  await admitUser(userTokens, { trusted, token: userToken, annotate });
  const workloadAccessToken = singleField(call.headers, CALLING_AGENT_HEADER);
  return {
    onBehalfOf: { userToken },
    // No principal signed the request: the user token must be for the same user as the agent's.
    callingAgent: workloadAccessToken === undefined ? undefined : { workloadAccessToken },
  };
}
