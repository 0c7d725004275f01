/**
 * One invocation of the agent, until the response starts: identifies the caller and the user, gets the workload access
 * token, and invokes the agent.
 */
import { audited, type AuditTrail, type Annotate } from '../audit';
import type { System } from '../system';
import { callerOf } from '../principal';
import { userHashOf } from '../../model/user';
import type { UserTokenVerifier } from '../identity/user-token';
import { accessDenied, invalidMember, ServiceError } from '../service-error';
import { unlessAborted } from '../abort';
import { ExchangeFailure, type StreamedResponse } from '../streamed-exchange';
import { userNamedBy, type CallingAgent } from '../workload-token/calling-agent';
import type { OnBehalfOf } from '../workload-token/on-behalf-of';
import { checkAddressee, type Addressee } from './addressee';
import { validatedResponse, runtimeClientError, type Agent, type RespondingAgent } from './agent-response';
import { trustedIssuerOf, type AgentEndpointConfiguration, type IamInbound } from './agent-endpoint';
import {
  agentRequest,
  CALLING_AGENT_HEADER,
  checkPayload,
  sessionIdOf,
  USER_HEADER,
  type AgentRequest,
  type InvocationContext,
  type ReceivedRequest,
  type RequestedAgent,
} from './agent-request';
import { endpointEntry, OPERATION, tokenEntry } from './audit';
import { singleField } from './header-fields';
import { checkOrigin } from './origin';
import { admitUser, bearerToken } from './user-admission';

/** The identity service that the endpoint calls. */
export interface WorkloadTokens {
  /**
   * Returns a workload access token of the endpoint's agent.
   *
   * @param callingAgent the agent that calls the endpoint's agent, if any
   * @throws ServiceError with a message for the endpoint's caller
   */
  request(workloadName: string, onBehalfOf: OnBehalfOf, callingAgent?: CallingAgent): Promise<string>;
}

export interface InvokeDependencies {
  readonly userTokens: UserTokenVerifier;
  readonly workloadTokens: WorkloadTokens;
  readonly agent: Agent;
  readonly audit: AuditTrail;
  readonly system: Pick<System, 'randomUUID'>;
}

/** A request to the endpoint, whatever its method. */
export interface ReceivedCall extends Pick<ReceivedRequest, 'headers'> {
  /** ARN of the caller that the gateway authenticated; absent with user tokens. */
  readonly callerArn: string | null | undefined;
  /** Its unique ID, as the gateway provides it. */
  readonly callerId?: string | null | undefined;
}

export interface AgentCall extends ReceivedCall, ReceivedRequest {
  readonly addressee: Addressee;
  readonly requestId: string;
}

/** The user and the agent for whom the endpoint's agent is invoked. */
interface InvokedFor {
  readonly onBehalfOf: OnBehalfOf;
  readonly callingAgent: CallingAgent | undefined;
}

/** The configuration lists the principals that can name a user, because the user ID is trusted without proof. */
function byIam(
  { userIdPrincipals }: IamInbound,
  { callerArn, callerId, headers }: ReceivedCall,
  annotate: Annotate,
): InvokedFor {
  const principal = callerOf({ userArn: callerArn, caller: callerId });
  annotate({ principal: principal.arn });
  const workloadAccessToken = singleField(headers, CALLING_AGENT_HEADER);
  const callingAgent = workloadAccessToken === undefined ? undefined : { workloadAccessToken, principal };
  const userId = singleField(headers, USER_HEADER);
  if (userId === undefined) {
    return { callingAgent, onBehalfOf: callingAgent && userNamedBy(callingAgent) };
  }
  if (!userIdPrincipals.includes(principal.arn)) {
    throw accessDenied(
      `This principal is not authorized to name a user. Omit ${USER_HEADER}, or ask the operator for access.`,
      'user ID from a principal that userIdPrincipals does not name',
    );
  }
  annotate({ user: userHashOf({ kind: 'user-id', id: userId }) });
  return { callingAgent, onBehalfOf: { userId } };
}

/** Validates the token again, even after the authorizer, because an event by itself proves nothing. */
async function invokedFor(
  { userTokens }: Pick<InvokeDependencies, 'userTokens'>,
  endpoint: AgentEndpointConfiguration,
  call: ReceivedCall,
  annotate: Annotate,
): Promise<InvokedFor> {
  const { inbound } = endpoint;
  if (inbound.kind === 'IAM') return byIam(inbound, call, annotate);
  const userToken = bearerToken(call.headers);
  const trusted = trustedIssuerOf(endpoint, inbound);
  await admitUser(userTokens, { trusted, token: userToken, annotate });
  if (call.headers.has(USER_HEADER.toLowerCase())) {
    throw invalidMember(USER_HEADER, 'must be omitted, because the token identifies the user');
  }
  const workloadAccessToken = singleField(call.headers, CALLING_AGENT_HEADER);
  return {
    onBehalfOf: { userToken },
    // No principal signed the request: the user token must be for the same user as the agent's.
    callingAgent: workloadAccessToken === undefined ? undefined : { workloadAccessToken },
  };
}

/**
 * Returns for whom the caller asks, if the endpoint accepts the caller and the origin.
 *
 * @param annotate receives the caller and the user as soon as they are known
 * @throws UnauthorizedException, AccessDeniedException, ValidationException
 */
export async function admitCaller(
  deps: Pick<InvokeDependencies, 'userTokens'>,
  endpoint: AgentEndpointConfiguration,
  call: ReceivedCall,
  annotate: Annotate,
): Promise<InvokedFor> {
  const invocation = await invokedFor(deps, endpoint, call, annotate);
  checkOrigin(endpoint, call.headers);
  return invocation;
}

async function responseOf(
  agent: Agent,
  request: AgentRequest,
  signal: AbortSignal,
): Promise<StreamedResponse> {
  try {
    signal.throwIfAborted();
    return await unlessAborted(signal, agent.invoke(request, signal));
  } catch (error) {
    // The signal's reason says why the invocation ended.
    if (signal.aborted && signal.reason instanceof ServiceError) throw signal.reason;
    if (!(error instanceof ExchangeFailure) && !signal.aborted) throw error;
    throw runtimeClientError(
      "The agent could not be reached, or ended the connection before it responded. See the agent's log for the reason.",
      `agent: ${error instanceof ExchangeFailure ? error.detail : 'the invocation ended'}`,
      error,
    );
  }
}

/**
 * Checks what an invocation depends on of the request alone, and returns the ID of its session.
 *
 * @throws ValidationException
 */
export function checkInvocation(
  { system }: Pick<InvokeDependencies, 'system'>,
  { method, headers, payload }: ReceivedRequest,
): string {
  const sessionId = sessionIdOf(headers) ?? system.randomUUID();
  checkPayload(method, payload);
  return sessionId;
}

/**
 * Invokes the agent for a caller that was admitted.
 *
 * @returns the started response, with the headers for the caller
 * @throws RuntimeClientError if the response is not valid; the signal's reason if that is a {@link ServiceError}
 */
export async function sendToAgent(
  agent: Agent,
  endpoint: RequestedAgent & RespondingAgent,
  call: ReceivedRequest,
  context: InvocationContext,
  signal: AbortSignal,
): Promise<StreamedResponse> {
  const request = agentRequest(endpoint, call, context);
  return validatedResponse(endpoint, await responseOf(agent, request, signal), context.sessionId);
}

/**
 * Returns the started response, with the headers for the caller.
 *
 * @param signal ends the invocation; the caller receives its reason if that is a {@link ServiceError}
 * @throws UnauthorizedException, AccessDeniedException for the caller or the origin; ResourceNotFoundException for another agent;
 *   ValidationException for session, user, or payload; RuntimeClientError if the agent's response is not valid
 */
export function invokeAgent(
  deps: InvokeDependencies,
  endpoint: AgentEndpointConfiguration,
  call: AgentCall,
  signal: AbortSignal,
): Promise<StreamedResponse> {
  return audited(deps.audit, { operation: OPERATION }, async (annotate) => {
    annotate(endpointEntry(endpoint));
    const { onBehalfOf, callingAgent } = await admitCaller(deps, endpoint, call, annotate);
    checkAddressee(endpoint, call.addressee);
    const sessionId = checkInvocation(deps, call);
    const workloadAccessToken = await deps.workloadTokens.request(
      endpoint.workloadName,
      onBehalfOf,
      callingAgent,
    );
    annotate(tokenEntry(workloadAccessToken));
    const context = { workloadAccessToken, sessionId, requestId: call.requestId };
    return sendToAgent(deps.agent, endpoint, call, context, signal);
  });
}
