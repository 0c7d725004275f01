/**
 * An invocation of an agent behind a gateway. The caller is admitted as for every target. The agent gets a token for its own
 * workload identity, which belongs to the owner of the gateway, as an agent behind an endpoint does.
 */
import { arnParts } from '../../model/arn';
import type { Gateway } from '../../model/records/gateway';
import type { WorkloadIdentity } from '../../model/records/workload-identity';
import { USER_HEADER, type ReceivedRequest } from '../gate/agent-request';
import type { Agent } from '../gate/agent-response';
import { INVOCATIONS } from '../gate/gate-routes';
import { checkInvocation, sendToAgent, type WorkloadTokens } from '../gate/invoke';
import { haveEqualOwners, type Owned } from '../ownership';
import { accessDenied, invalidMember, ServiceError } from '../service-error';
import type { StreamedResponse } from '../streamed-exchange';
import type { System } from '../system';
import type { Access } from './access';
import type { PassedRequest } from './exchange';
import type { GatewayReader } from './gateway-reader';
import type { TargetAgent } from './manage/target-agent';
import type { CalledTarget } from './target';

/** Returns the agent in a function of an owner. @throws GatewayProblem, ServiceError if AWS gives no session for it */
export type AgentFunctions = (owner: Owned, functionArn: string) => Promise<Agent>;

export interface AgentInvocationDependencies {
  readonly gateways: Pick<GatewayReader, 'identity'>;
  /** Returns the tokens of agents. */
  readonly agentTokens: WorkloadTokens;
  readonly agentFunctions: AgentFunctions;
  readonly system: Pick<System, 'randomUUID'>;
}

/** A request to a target that is an agent. */
export interface AgentCall extends PassedRequest {
  readonly requestId: string;
  /** Below the target as received, with a slash at the beginning, or empty. */
  readonly path: string;
}

const RUNTIMES = '/runtimes/';

const noSuchPath = (): ServiceError =>
  new ServiceError(
    'ResourceNotFoundException',
    `This target is an agent, which has no such path. Send POST to ${INVOCATIONS} below the target.`,
  );

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Returns whether a path is that of an invocation: the one of the AWS gateway, or that of InvokeAgentRuntime. */
function isInvocation(path: string, functionArn: string): boolean {
  if (path === INVOCATIONS) return true;
  return (
    path.startsWith(RUNTIMES) &&
    path.endsWith(INVOCATIONS) &&
    decoded(path.slice(RUNTIMES.length, -INVOCATIONS.length)) === functionArn
  );
}

/** @throws ResourceNotFoundException, ValidationException */
function checkRoute({ method, path, query }: AgentCall, functionArn: string): void {
  if (method !== 'POST' || !isInvocation(path, functionArn)) throw noSuchPath();
  const allowed: Readonly<Record<string, string>> = {
    qualifier: 'DEFAULT',
    accountId: arnParts(functionArn).account,
  };
  for (const [name, values] of Object.entries(query)) {
    if (!Object.hasOwn(allowed, name))
      throw invalidMember('query', 'must have no other parameter than qualifier');
    if (values.some((value) => value !== allowed[name])) {
      throw new ServiceError('ResourceNotFoundException', `The agent has no such ${name}. Omit it.`);
    }
  }
}

/** The request for the agent, which has the one method of the AWS contract. */
const requestFor = ({ headers, payload }: AgentCall): ReceivedRequest => ({
  method: 'POST',
  headers,
  payload,
});

/**
 * Checks what an invocation depends on of the request alone, and returns the ID of its session.
 *
 * @throws ResourceNotFoundException for another path or method; ValidationException
 */
export function checkAgentCall(
  deps: Pick<AgentInvocationDependencies, 'system'>,
  call: AgentCall,
  { functionArn }: TargetAgent,
): string {
  checkRoute(call, functionArn);
  if (call.headers.has(USER_HEADER.toLowerCase())) {
    throw invalidMember(USER_HEADER, 'must be omitted, because the token identifies the user');
  }
  return checkInvocation(deps, requestFor(call));
}

const isOwnersIdentity = (gateway: Gateway, identity: WorkloadIdentity | undefined): boolean =>
  identity !== undefined && identity.gatewayId === undefined && haveEqualOwners(identity, gateway);

/** Returns whether the owner of the gateway has the workload identity of the agent, at this moment. */
export const ownsAgent = async (
  { gateways }: Pick<AgentInvocationDependencies, 'gateways'>,
  gateway: Gateway,
  { workloadName }: TargetAgent,
): Promise<boolean> => isOwnersIdentity(gateway, await gateways.identity(workloadName));

/** @throws AccessDeniedException if the agent acts with a workload identity of another owner */
export async function checkOwnsAgent(
  deps: Pick<AgentInvocationDependencies, 'gateways'>,
  gateway: Gateway,
  agent: TargetAgent,
): Promise<void> {
  if (await ownsAgent(deps, gateway, agent)) return;
  throw accessDenied(
    `The owner of this gateway has no workload identity "${agent.workloadName}". Ask the owner to correct the target.`,
    'the workload identity of the agent does not belong to the owner of the gateway',
  );
}

/** An invocation that was admitted. */
export interface AdmittedInvocation {
  readonly gateway: Gateway;
  readonly target: CalledTarget;
  readonly agent: TargetAgent;
  readonly call: AgentCall;
  readonly sessionId: string;
  readonly access: Access;
}

/**
 * Invokes the agent.
 *
 * @returns the started response, with the headers for the caller
 * @throws RuntimeClientError, GatewayProblem, ThrottlingException; the signal's reason if that is a {@link ServiceError}
 */
export async function invokeTargetAgent(
  { agentFunctions }: Pick<AgentInvocationDependencies, 'agentFunctions'>,
  { gateway, target, agent, call, sessionId, access }: AdmittedInvocation,
  signal: AbortSignal,
): Promise<StreamedResponse> {
  const invoked = await agentFunctions(gateway, agent.functionArn);
  const configuration = {
    protocol: 'HTTP',
    requestHeaderAllowlist: target.metadataConfiguration?.allowedRequestHeaders ?? [],
    ...(agent.oauth2CallbackUrl !== undefined && { oauth2CallbackUrl: agent.oauth2CallbackUrl }),
  } as const;
  const context = { workloadAccessToken: access.token(), sessionId, requestId: call.requestId };
  return sendToAgent(invoked, configuration, requestFor(call), context, signal);
}
