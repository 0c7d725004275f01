/** One request to a gateway, until it is forwarded: who calls, what is called, and with which credential. */
import { audited, type Annotate, type AuditEntry, type AuditTrail } from '../audit';
import type { EndpointPolicy } from '../../model/endpoint';
import type { Gateway, GatewayTarget } from '../../model/records/gateway';
import { CALLBACK_HEADER, MAX_PAYLOAD_BYTES } from '../gate/agent-request';
import { tokenEntry } from '../gate/audit';
import { singleField } from '../gate/header-fields';
import { INVOCATIONS } from '../gate/gate-routes';
import type { WorkloadTokens } from '../gate/invoke';
import type { UserTokenVerifier } from '../identity/user-token';
import { routeTo } from '../oauth/private-route';
import { ServiceError } from '../service-error';
import type { StreamedResponse } from '../streamed-exchange';
import type { System } from '../system';
import { createAccess, type Access } from './access';
import {
  checkAgentCall,
  checkOwnsAgent,
  invokeTargetAgent,
  ownsAgent,
  type AgentInvocationDependencies,
} from './agent-invocation';
import { agentEntry, gatewayEntry, OPERATION, targetEntry } from './audit';
import {
  createCredentialSource,
  selectedCredential,
  type Credential,
  type CredentialDependencies,
  type CredentialSource,
  STATE_HEADER,
} from './credential';
import { credentialPlace } from './manage/credential-placement';
import type { AdmittedRequest, PassedRequest } from './exchange';
import { requestHeaders } from './forwarded-headers';
import { gatewayUrl, trustedIssuerOf, type GatewayUrls } from './manage/gateway';
import { acceptedTools } from './manage/target-tools';
import type { GatewayReader, LimitedGateway } from './gateway-reader';
import { admitCall, apiOf, type ReceivedCall } from './inbound';
import { isAwaited } from './mcp-consent';
import { createOpenResponse, type OpenResponse, type OpenResponseDependencies } from './open-responses';
import { ConsentRequired } from './problem';
import { decide, type DecisionDependencies } from './policy-decision';
import type { PolicyCaller } from './policy-request';
import { connectionsOf, countRequest, type CountedRequest, type RateLimitDependencies } from './rate-limits';
import { changedMeanwhile, type Pause } from './revocation-watch';
import { agentOf } from './manage/target-agent';
import { endpointOf, protocolOf } from './target';
import { targetQuery } from './target-query';
import { targetUrl } from './target-url';

export interface InvokeDependencies
  extends
    CredentialDependencies,
    DecisionDependencies,
    RateLimitDependencies,
    OpenResponseDependencies,
    AgentInvocationDependencies {
  readonly gateways: GatewayReader;
  readonly userTokens: UserTokenVerifier;
  readonly workloadTokens: WorkloadTokens;
  readonly audit: AuditTrail;
  readonly system: Pick<System, 'now' | 'randomUUID'>;
  readonly bases: Required<GatewayUrls>;
  readonly endpointPolicy: EndpointPolicy;
  readonly pause: Pause;
}

export interface GatewayCall extends ReceivedCall, PassedRequest {
  readonly gatewayId: string;
  readonly targetName: string;
  readonly requestId: string;
  /** Below the target as received, with a slash at the beginning, or empty. */
  readonly path: string;
  /**
   * At the one URL of a gateway: the tool that is called, with a name of the form of tools, and its arguments; or none for the
   * target's list.
   */
  readonly mcp?: { readonly tool?: string; readonly arguments?: unknown };
}

/** A request that can be forwarded. */
export interface AdmittedCall extends AdmittedRequest {
  readonly gateway: Gateway;
  readonly target: GatewayTarget;
  readonly access: Access;
  readonly open: OpenResponse;
  /** Present if the target is an agent, which is invoked and gets no credential. */
  readonly invokeAgent?: (signal: AbortSignal) => Promise<StreamedResponse>;
  /** Returns whether the gateway and the target are still as they were. */
  readonly isUnchanged: () => Promise<boolean>;
  /** Of the tool that is called, as they were decided on. */
  readonly toolArguments: unknown;
  /** What the audit log says about the request, without its outcome. */
  readonly entry: Omit<AuditEntry, 'operation' | 'outcome'>;
}

export const noSuchTarget = (): ServiceError =>
  new ServiceError(
    'ResourceNotFoundException',
    'This gateway does not exist, or has no such target. Check the gateway ID and the name of the target in the URL.',
  );

/** Neither the target nor the tool that the request names exists. */
export class UnknownTool extends ServiceError {
  constructor() {
    super('ResourceNotFoundException', 'This gateway has no such tool. List its tools again.');
  }
}

export function routeOf(
  { url, target: { privateEndpoint } }: { url: URL; target: Pick<GatewayTarget, 'privateEndpoint'> },
  policy: EndpointPolicy,
) {
  return privateEndpoint && routeTo(url.hostname, { privateEndpoint }, policy);
}

/** Checks everything that depends on the request alone, before the identity service is asked. */
function checkRequest(call: GatewayCall, target: GatewayTarget): URL {
  if (call.payload.length > MAX_PAYLOAD_BYTES) {
    throw new ServiceError(
      'ValidationException',
      `The body must have up to ${MAX_PAYLOAD_BYTES} bytes. Send large content in parts, or by reference.`,
    );
  }
  if (call.mcp) return new URL(endpointOf(target));
  const place = credentialPlace(target.credential);
  targetQuery(call.query, target, place, []);
  requestHeaders(call.headers, target, place);
  return targetUrl(endpointOf(target), call.path);
}

/** Milliseconds for which a request waits for the consent that its user agreed to give: less than clients wait. */
const CONSENT_TIMEOUT = 45_000;
const CONSENT_PAUSE = 2_000;

/**
 * Returns the credential. An MCP request that was repeated because its user agreed to consent waits for the consent. What it
 * was admitted for can change while it waits, and it counts as an open response.
 *
 * @throws ConsentRequired, ServiceError, or the signal's reason
 */
async function credentialFor(
  { pause, system }: Pick<InvokeDependencies, 'pause' | 'system'>,
  source: CredentialSource,
  {
    call,
    target,
    isUnchanged,
    decideOnCall,
    open,
    signal,
  }: {
    call: GatewayCall;
    target: GatewayTarget;
    decideOnCall: () => Promise<void>;
    signal: AbortSignal;
  } & Pick<AdmittedCall, 'isUnchanged' | 'open'>,
): Promise<Credential> {
  const until = system.now() + CONSENT_TIMEOUT;
  const isWaiting = (error: unknown): boolean =>
    error instanceof ConsentRequired &&
    protocolOf(target) === 'MCP' &&
    isAwaited(call, error.consent) &&
    system.now() < until;
  for (let hasWaited = false; ; hasWaited = true) {
    try {
      const credential = await source.retrieve();
      if (hasWaited) {
        if (!(await isUnchanged())) throw changedMeanwhile();
        await decideOnCall();
      }
      return credential;
    } catch (error) {
      if (!isWaiting(error)) throw error;
      await open.hold();
      await pause(CONSENT_PAUSE, signal);
    }
  }
}

/**
 * Counts a request against the limits, and does the work that they allow. The caller releases what is open.
 *
 * @throws RateLimited, GatewayProblem, and as the work; then nothing is open
 */
async function withinLimits<Result>(
  deps: InvokeDependencies,
  gateway: LimitedGateway,
  request: CountedRequest,
  annotate: Annotate,
  work: (open: OpenResponse) => Promise<Result>,
): Promise<{ readonly open: OpenResponse; readonly result: Result }> {
  await countRequest(deps, gateway, request, annotate);
  const connections = connectionsOf(gateway, request);
  const open = createOpenResponse(deps, gateway, { ...request, connections });
  try {
    await open.begin(annotate);
    return { open, result: await work(open) };
  } catch (error) {
    await open.release();
    throw error;
  }
}

async function admit(
  deps: InvokeDependencies,
  call: GatewayCall,
  signal: AbortSignal,
  annotate: Annotate,
): Promise<Omit<AdmittedCall, 'entry'>> {
  const found = await deps.gateways.target(call.gatewayId, call.targetName);
  const gateway = found?.gateway ?? (call.mcp && (await deps.gateways.gateway(call.gatewayId)));
  const isAtOneUrl = gateway?.protocolType === 'MCP';
  if (gateway?.authorizerType !== apiOf(call) || isAtOneUrl !== (call.mcp !== undefined)) {
    throw noSuchTarget();
  }
  const { tool } = call.mcp ?? {};
  annotate({
    ...gatewayEntry(gateway),
    httpMethod: call.method,
    ...(found && targetEntry(found.target, call.method)),
    ...(tool !== undefined && { tool }),
  });
  const calledFor = await admitCall(deps.userTokens, trustedIssuerOf(gateway, deps.bases), call, annotate);
  if (!found) throw new UnknownTool();
  const { target } = found;
  const accepted = tool === undefined ? undefined : acceptedTools(target).find(({ name }) => name === tool);
  if (tool !== undefined && !accepted) throw new UnknownTool();
  const publicUrl = `${gatewayUrl(deps.bases, gateway)}/${target.name}`;
  const agent = agentOf(target);
  const sessionId = agent && checkAgentCall(deps, call, agent);
  const url = agent ? new URL(publicUrl) : checkRequest(call, target);
  const selected = selectedCredential(target, {
    returnUrl: singleField(call.headers, CALLBACK_HEADER),
    customState: singleField(call.headers, STATE_HEADER),
  });
  if (agent) {
    annotate(agentEntry(gateway, agent));
    await checkOwnsAgent(deps, gateway, agent);
  }
  const access = await (agent
    ? createAccess({ ...deps, workloadTokens: deps.agentTokens }, agent.workloadName, calledFor)
    : createAccess(deps, gateway.id, calledFor));
  annotate(tokenEntry(access.token()));
  const request = {
    calledFor,
    workloadAccessToken: access.token(),
    isMcp: protocolOf(target) === 'MCP',
    targetName: target.name,
    tool,
    ofTargetsOnly: isAtOneUrl && tool === undefined,
  };
  /** A list of tools has no action; its tools are decided on one by one. */
  const decideOnCall = async (): Promise<void> => {
    if (call.mcp && !accepted) return;
    const stated = accepted && {
      tool: accepted,
      arguments: call.mcp?.arguments,
      payload: call.payload,
    };
    const { method } = call;
    const path = agent ? INVOCATIONS : call.path;
    const decided = { gateway, target, method, path, ...(stated && { call: stated }) };
    await decide(deps, decided, { ...calledFor, workloadAccessToken: access.token() }, annotate);
  };
  const isUnchanged = async (): Promise<boolean> => {
    const now = await deps.gateways.target(call.gatewayId, call.targetName);
    return (
      now?.gateway.revision === gateway.revision &&
      now.target.id === target.id &&
      now.target.revision === target.revision &&
      (!agent || (await ownsAgent(deps, now.gateway, agent)))
    );
  };
  const { onBehalfOf } = calledFor;
  const source = createCredentialSource(deps, target, selected, {
    gateway,
    userToken: onBehalfOf && 'userToken' in onBehalfOf ? onBehalfOf.userToken : undefined,
    workloadAccessToken: access.token,
    isForAgent: calledFor.callingAgent !== undefined,
  });
  const { open, result: credential } = await withinLimits(
    deps,
    gateway,
    request,
    annotate,
    async (counted) => {
      await decideOnCall();
      const awaited = { call, target, isUnchanged, decideOnCall, open: counted, signal };
      return credentialFor(deps, source, awaited);
    },
  );
  return {
    gateway,
    target,
    url,
    publicUrl,
    route: routeOf({ url, target }, deps.endpointPolicy),
    request: call,
    toolArguments: call.mcp?.arguments,
    source,
    credential,
    access,
    open,
    selected,
    isUnchanged,
    ...(agent &&
      sessionId !== undefined && {
        invokeAgent: (ended: AbortSignal) =>
          invokeTargetAgent(deps, { gateway, target, agent, call, sessionId, access }, ended),
      }),
  };
}

/**
 * Admits a request of MCP for no target, such as a list of tools, and records the decision. Returns who calls, and the open
 * response, which the caller releases.
 *
 * @param gateway that has one URL
 * @throws UnauthorizedException, AccessDeniedException for the caller; ResourceNotFoundException for a gateway of the other API
 */
export const admitMcpRequest = (
  deps: InvokeDependencies,
  gateway: LimitedGateway,
  call: ReceivedCall & Pick<GatewayCall, 'method'>,
): Promise<{ readonly caller: PolicyCaller; readonly open: OpenResponse }> =>
  audited(deps.audit, { operation: OPERATION }, async (annotate) => {
    if (gateway.authorizerType !== apiOf(call)) throw noSuchTarget();
    annotate({ ...gatewayEntry(gateway), httpMethod: call.method });
    const calledFor = await admitCall(deps.userTokens, trustedIssuerOf(gateway, deps.bases), call, annotate);
    const access = await createAccess(deps, gateway.id, calledFor);
    annotate(tokenEntry(access.token()));
    const workloadAccessToken = access.token();
    const request = { calledFor, workloadAccessToken, isMcp: true };
    const { open } = await withinLimits(deps, gateway, request, annotate, () => Promise.resolve());
    return { caller: { ...calledFor, workloadAccessToken }, open };
  });

/**
 * Admits a request, and records the decision. Nothing is forwarded unless it is recorded.
 *
 * @throws RateLimited; UnauthorizedException, AccessDeniedException for the caller; ResourceNotFoundException for a gateway or target
 *   that does not exist, or a gateway of the other API; UnknownTool; ValidationException for the path, the query, or a header;
 *   ConsentRequired, PolicyDenied
 */
export const admitGatewayCall = (
  deps: InvokeDependencies,
  call: GatewayCall,
  signal: AbortSignal,
): Promise<AdmittedCall> =>
  audited(deps.audit, { operation: OPERATION }, async (annotate) => {
    let entry: AdmittedCall['entry'] = {};
    const admitted = await admit(deps, call, signal, (learned) => {
      entry = { ...entry, ...learned };
      annotate(learned);
    });
    return { ...admitted, entry };
  });
