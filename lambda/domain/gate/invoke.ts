/**
 * One call of the agent, from the caller to the beginning of the answer: who calls, for whom, the workload access token
 * for that, the agent.
 */
import { audited, type AuditTrail, type Annotate } from '../audit';
import type { System } from '../system';
import { principalOf } from '../principal';
import { subjectHash, type UserTokenVerifier } from '../identity/user';
import { accessDenied, invalidMember, ServiceError } from '../service-error';
import { within } from '../within';
import type { OnBehalfOf } from '../workload-token/issue';
import { checkAddressee, type Addressee } from './addressee';
import {
  AgentFailure,
  validatedAnswer,
  runtimeClientError,
  type Agent,
  type AgentAnswer,
} from './agent-answer';
import type { AgentEndpointConfiguration, IamInbound } from './agent-endpoint';
import { agentRequest, checkPayload, sessionIdOf, USER_HEADER, type AgentRequest } from './agent-request';
import { endpointEntry, OPERATION, tokenEntry } from './audit';
import { singleField, type HeaderFields } from './header-fields';
import { admitUser, bearerToken } from './user-admission';

/** The identity service, as the endpoint calls it. */
export interface WorkloadTokens {
  /**
   * @returns a workload access token of the endpoint's agent
   * @throws ServiceError in words for the endpoint's caller
   */
  mint(workloadName: string, onBehalfOf: OnBehalfOf): Promise<string>;
}

export interface InvokeDependencies {
  readonly userTokens: UserTokenVerifier;
  readonly workloadTokens: WorkloadTokens;
  readonly agent: Agent;
  readonly audit: AuditTrail;
  readonly system: Pick<System, 'randomUUID'>;
}

export interface AgentCall {
  /** ARN of the caller as the gateway proved it; with user tokens there is none. */
  readonly callerArn: string | null | undefined;
  readonly addressee: Addressee;
  readonly headers: HeaderFields;
  readonly payload: Uint8Array;
  readonly requestId: string;
}

/** Who may name a user is stated, for the id is believed: whoever could send one could be anybody. */
function byIam(
  { userIdPrincipals }: IamInbound,
  { callerArn, headers }: AgentCall,
  annotate: Annotate,
): OnBehalfOf {
  const principal = principalOf(callerArn);
  annotate({ principal });
  const userId = singleField(headers, USER_HEADER);
  if (userId === undefined) return undefined;
  if (!userIdPrincipals.includes(principal)) {
    throw accessDenied(
      `This principal may not say for which user it calls. Leave ${USER_HEADER} out, or ask the operator.`,
      'user id from a principal that userIdPrincipals does not name',
    );
  }
  annotate({ user: subjectHash({ kind: 'user-id', id: userId }) });
  return { userId };
}

/** The token is checked once more, whatever the authorizer has found: an event by itself proves nothing. */
async function callerOf(
  { userTokens }: InvokeDependencies,
  endpoint: AgentEndpointConfiguration,
  call: AgentCall,
  annotate: Annotate,
): Promise<OnBehalfOf> {
  const { inbound } = endpoint;
  if (inbound.kind === 'IAM') return byIam(inbound, call, annotate);
  const userToken = bearerToken(call.headers);
  await admitUser(userTokens, endpoint, inbound, userToken, annotate);
  if (call.headers.has(USER_HEADER.toLowerCase())) {
    throw invalidMember(USER_HEADER, 'must be left out: the token says who the user is');
  }
  return { userToken };
}

async function answerOf(agent: Agent, request: AgentRequest, signal: AbortSignal): Promise<AgentAnswer> {
  try {
    signal.throwIfAborted();
    return await within(signal, agent.invoke(request, signal));
  } catch (error) {
    // Whoever ended the run knows why.
    if (signal.aborted && signal.reason instanceof ServiceError) throw signal.reason;
    if (!(error instanceof AgentFailure) && !signal.aborted) throw error;
    throw runtimeClientError(
      'The agent could not be reached, or broke off before it answered. Its own log says why.',
      `agent: ${error instanceof AgentFailure ? error.detail : 'the run ended'}`,
      error,
    );
  }
}

/**
 * @param signal ends the run; its reason, when it is a {@link ServiceError}, is what the caller is told
 * @returns the answer that has begun, with the headers that the caller gets
 * @throws UnauthorizedException, AccessDeniedException for the caller; ResourceNotFoundException for another agent;
 *   ValidationException for session, user or payload; RuntimeClientError when the agent does not answer as it should
 */
export function invokeAgent(
  deps: InvokeDependencies,
  endpoint: AgentEndpointConfiguration,
  call: AgentCall,
  signal: AbortSignal,
): Promise<AgentAnswer> {
  return audited(deps.audit, { operation: OPERATION }, async (annotate) => {
    annotate(endpointEntry(endpoint));
    const onBehalfOf = await callerOf(deps, endpoint, call, annotate);
    checkAddressee(endpoint, call.addressee);
    const sessionId = sessionIdOf(call.headers) ?? deps.system.randomUUID();
    checkPayload(call.payload);
    const workloadAccessToken = await deps.workloadTokens.mint(endpoint.workloadName, onBehalfOf);
    annotate(tokenEntry(workloadAccessToken));
    const told = { workloadAccessToken, sessionId, requestId: call.requestId };
    const request = agentRequest(endpoint, call.headers, call.payload, told);
    return validatedAnswer(endpoint.protocol, await answerOf(deps.agent, request, signal), sessionId);
  });
}
