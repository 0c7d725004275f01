/**
 * Decides, with the policies of a gateway's engine, which requests the gateway forwards. What cannot be decided is not
 * forwarded.
 */
import type { McpTool } from '../../model/gateway/mcp-tools';
import type { Gateway, GatewayTarget } from '../../model/records/gateway';
import type { EnginePolicies, Policy, PolicyEngine } from '../../model/records/policy-engine';
import type { Annotate } from '../audit';
import { haveEqualOwners } from '../ownership';
import { GatewayProblem } from './problem';
import { ServiceError } from '../service-error';
import {
  cedarRequest,
  httpAction,
  subjectOf,
  toolAction,
  type CalledAction,
  type PolicyCaller,
  type PolicySubject,
} from './policy-request';
import type { Cedar, CedarRequest, PolicySet } from './cedar';
import { hasDuplicateNames } from './duplicate-names';
import { toolInput, UnevaluableInput } from './tool-input';

/** An engine with its policies, of one moment. */
export interface EngineWithPolicies {
  readonly engine: PolicyEngine;
  readonly policies: EnginePolicies;
}

export interface PolicyReader {
  /** @returns undefined for an engine that does not exist */
  engine(engineId: string): Promise<EngineWithPolicies | undefined>;
}

export interface DecisionDependencies {
  readonly policyEngines: PolicyReader;
  readonly cedar: Cedar;
}

/** A policy does not permit the request, or forbids it. */
export class PolicyDenied extends GatewayProblem {
  /** @param why as AWS writes it */
  constructor(readonly why: string) {
    super('policy-denied', `The policies of the gateway do not permit this request [${why}].`, {
      detail: `policy: ${why}`,
      outcome: 'policy-denied',
    });
  }

  /** The text that the model gets, as AWS writes it. */
  get toolText(): string {
    return `AuthorizeActionException - Tool Execution Denied: Tool call not allowed due to policy enforcement [${this.why}]`;
  }
}

const undecided = (detail: string, cause?: unknown): GatewayProblem =>
  new GatewayProblem(
    'policies-unchecked',
    'The policies of the gateway could not be evaluated, so the request was not forwarded. Repeat the request. If the error persists, ask the owner of the gateway.',
    { detail: `policy: ${detail}`, cause },
  );

/** Returns the policies in a mode. */
const policySet = ({ engineId, revision, policies }: EnginePolicies, mode: Policy['mode']): PolicySet => ({
  key: `${engineId} ${revision} ${mode}`,
  statements: Object.fromEntries(
    policies.filter((policy) => policy.mode === mode).map(({ id, statement }) => [id, statement]),
  ),
});

type Configured = Pick<Gateway, 'arn' | 'owner' | 'ownerId' | 'policyEngineConfiguration'>;

/** @throws ServiceError */
async function policiesOf(
  { policyEngines }: DecisionDependencies,
  gateway: Configured,
  engineArn: string,
): Promise<EnginePolicies> {
  const engineId = engineArn.slice(engineArn.lastIndexOf('/') + 1);
  const found = await policyEngines.engine(engineId).catch((error: unknown) => {
    throw undecided('the engine could not be read', error);
  });
  if (found?.engine.arn !== engineArn) throw undecided('the engine does not exist');
  // An owner that lost one of both, by a transfer, decides nothing any more.
  if (!haveEqualOwners(found.engine, gateway))
    throw undecided('the engine has another owner than the gateway');
  return found.policies;
}

/** A request that is decided on. */
export interface DecidedRequest {
  readonly gateway: Configured;
  readonly target: Pick<GatewayTarget, 'name'>;
  /** Of an HTTP target: as it is forwarded. */
  readonly method: string;
  readonly path: string;
  /** Of a tool call: the accepted tool, and the arguments in the payload. */
  readonly call?: { readonly tool: McpTool; readonly arguments: unknown; readonly payload: Uint8Array };
}

/** @throws UnevaluableInput, ValidationException */
function actionOf({ target, method, path, call }: DecidedRequest): CalledAction {
  if (!call) return httpAction(target.name, method, path);
  if (hasDuplicateNames(Buffer.from(call.payload).toString('utf8'))) {
    throw new UnevaluableInput('the request names a member twice');
  }
  return toolAction(target.name, call.tool, toolInput(call.arguments, call.tool.inputSchema));
}

export interface Decision {
  readonly isAllowed: boolean;
  readonly reason: string;
  readonly determining: readonly string[];
  /** Policies that only log. */
  readonly logged: readonly string[];
}

const denied = (reason: string, determining: readonly string[] = []): Decision => ({
  isAllowed: false,
  reason,
  determining,
  logged: [],
});

/** Returns the policies that would decide if they did not only log; none if that fails, because it decides nothing. */
async function loggedPolicies(
  { cedar }: Pick<DecisionDependencies, 'cedar'>,
  policies: EnginePolicies,
  request: CedarRequest,
): Promise<readonly string[]> {
  const logging = policySet(policies, 'LOG_ONLY');
  if (Object.keys(logging.statements).length === 0) return [];
  return cedar.evaluate(logging, request).then(
    ({ determining }) => determining,
    () => [],
  );
}

/** @throws ServiceError if there is no decision */
export async function evaluate(
  deps: Pick<DecisionDependencies, 'cedar'>,
  policies: EnginePolicies,
  decided: DecidedRequest,
  subject: PolicySubject,
): Promise<Decision> {
  try {
    const request = cedarRequest(decided.gateway, subject, actionOf(decided));
    const { decision, determining, failed } = await deps.cedar.evaluate(
      policySet(policies, 'ACTIVE'),
      request,
    );
    const logged = await loggedPolicies(deps, policies, request);
    if (failed.length > 0) {
      const reason = `Policy evaluation failed for ${failed.join(', ')}`;
      return { ...denied(reason, failed), logged };
    }
    if (decision === 'allow') return { isAllowed: true, reason: '', determining, logged };
    const reason =
      determining.length > 0
        ? `Policy evaluation denied due to ${determining.join(', ')}`
        : 'No policy applies to the request (denied by default).';
    return { ...denied(reason, determining), logged };
  } catch (error) {
    if (error instanceof ServiceError) throw error;
    if (error instanceof UnevaluableInput) return denied(`The request cannot be evaluated: ${error.message}`);
    throw undecided('the evaluation failed', error);
  }
}

/** @throws ServiceError for tokens of an unknown form */
function knownSubject(caller: PolicyCaller): PolicySubject {
  try {
    return subjectOf(caller);
  } catch (error) {
    throw undecided('the caller is not known', error);
  }
}

/**
 * Decides on a request to a gateway that has a policy engine.
 *
 * @param annotate receives the decision and its reason, even if the engine only logs
 * @throws PolicyDenied; ServiceError if there is no decision
 */
export async function decide(
  deps: DecisionDependencies,
  decided: DecidedRequest,
  caller: PolicyCaller,
  annotate: Annotate,
): Promise<void> {
  const { arn: policyEngine, mode: policyMode } = decided.gateway.policyEngineConfiguration ?? {};
  if (policyEngine === undefined || policyMode === undefined) return;
  annotate({ policyEngine, policyMode, policyDecision: 'error' });
  let decision: Decision;
  try {
    const policies = await policiesOf(deps, decided.gateway, policyEngine);
    decision = await evaluate(deps, policies, decided, knownSubject(caller));
  } catch (error) {
    if (policyMode === 'ENFORCE' || !(error instanceof ServiceError)) throw error;
    annotate({ policyReason: error.detail ?? error.message });
    return;
  }
  const { isAllowed, reason, determining, logged } = decision;
  annotate({
    policyDecision: isAllowed ? 'allow' : 'deny',
    policies: determining,
    ...(logged.length > 0 && { loggedPolicies: logged }),
    ...(!isAllowed && { policyReason: reason }),
  });
  if (!isAllowed && policyMode === 'ENFORCE') throw new PolicyDenied(reason);
}

/** A tool, as it is listed. */
export interface ListedTool {
  readonly target: string;
  readonly tool: McpTool;
}

/** Cedar's name for a value that is not known. */
const UNKNOWN_INPUT = { __extn: { fn: 'unknown', arg: 'input' } };

/**
 * Returns the tools that the caller can call with some arguments.
 *
 * @throws ServiceError if there is no decision
 */
export async function permittedTools<Tool extends ListedTool>(
  deps: DecisionDependencies,
  gateway: Configured,
  caller: PolicyCaller,
  tools: readonly Tool[],
): Promise<readonly Tool[]> {
  const { arn, mode } = gateway.policyEngineConfiguration ?? {};
  if (arn === undefined || mode !== 'ENFORCE') return tools;
  const policies = await policiesOf(deps, gateway, arn);
  const subject = knownSubject(caller);
  try {
    const requests = tools.map(({ target, tool }) =>
      cedarRequest(gateway, subject, toolAction(target, tool, UNKNOWN_INPUT)),
    );
    const permitted = await deps.cedar.couldPermit(policySet(policies, 'ACTIVE'), requests);
    return tools.filter((_tool, at) => permitted[at] === true);
  } catch (error) {
    throw undecided('the evaluation failed', error);
  }
}
