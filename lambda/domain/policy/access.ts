/**
 * Who may do what. A workload identity and a credential provider belong to the IAM principal that created them:
 * by default that principal alone acts on them, and a workload identity uses the providers of the same owner. A
 * resource policy widens or narrows that, for the operations and principals that it names. An explicit Deny
 * holds against the owner too, but for keeping the policy itself: so no policy locks a resource for ever. Whoever is
 * allowed to put a policy can allow themselves the rest, as in IAM. Checked on each request, whatever was checked
 * before.
 */
import { scopesInCustomParameters, type CustomParameters } from '../oauth/custom-parameters';
import type { Caller } from '../principal';
import { haveSameOwner, isRecreatedPrincipal, isOwnedBy, type Owned } from '../ownership';
import { accessDenied, ServiceError } from '../service-error';
import type { RequestContext } from './condition-keys';
import { evaluate, type PolicyRequest, type Verdict } from './evaluate';
import { POLICY_OPERATIONS, type GovernedOperation } from './governed-operations';
import { parsePolicyDocument, type PolicyDocument } from './policy-document';

/** What access is decided on. */
export interface GovernedResource extends Owned {
  readonly arn: string;
  /** Its resource policy, as it was put. */
  readonly policy?: string | undefined;
}

/** Who calls what. */
export interface Call {
  /** The calling IAM principal, as `callerOf` returns it. */
  readonly principal: Caller;
  readonly operation: GovernedOperation;
  readonly context?: RequestContext | undefined;
}

export interface ActRequest extends Call {
  readonly resource: GovernedResource;
}

export interface ObtainRequest {
  readonly principal: Caller;
  /** Which kind of credential; also while a consent is completed. */
  readonly operation: 'GetResourceOauth2Token' | 'GetResourceApiKey';
  /** The agent's workload identity. */
  readonly identity: GovernedResource;
  /** The credential provider. */
  readonly provider: GovernedResource;
  /** Scopes that are asked for; those of a stored token too, where one is about to be handed out. */
  readonly scopes?: readonly string[] | undefined;
  /** What goes along with the request for them. */
  readonly customParameters?: CustomParameters | undefined;
  /** Resources (RFC 8707) and audiences (RFC 8693) that the token is requested for. */
  readonly resources?: readonly string[] | undefined;
  readonly audiences?: readonly string[] | undefined;
}

/** Why not: `message` for the caller, `detail` for the audit trail. */
export interface Denial {
  readonly message: string;
  readonly detail: string;
}

const isPolicyOperation = (operation: GovernedOperation): boolean =>
  (POLICY_OPERATIONS as readonly GovernedOperation[]).includes(operation);

type Decided = Verdict | { readonly decision: 'not-valid' };

/** A stored policy that is not understood decides nothing: nobody gets in by it, its owner can put it anew. */
function policyOf({ arn, policy }: GovernedResource): PolicyDocument | 'not-valid' | undefined {
  if (policy === undefined) return undefined;
  try {
    return parsePolicyDocument(policy, arn);
  } catch (error) {
    if (error instanceof ServiceError) return 'not-valid';
    throw error;
  }
}

const decide = (policy: ReturnType<typeof policyOf>, request: PolicyRequest): Decided =>
  policy === 'not-valid' ? { decision: policy } : evaluate(policy, request);

/** The denial of the policy itself, which holds against everybody. */
function policyDenial(decided: Decided, may: string, { arn }: GovernedResource): Denial | undefined {
  if (decided.decision === 'not-valid') {
    return {
      message: `${may}: the resource policy of ${arn} is not understood; its owner must put it anew.`,
      detail: `the stored resource policy of ${arn} is not understood`,
    };
  }
  if (decided.decision !== 'deny') return undefined;
  return {
    message: `${may}: the resource policy of ${arn} denies it.`,
    detail: `statement ${decided.statement} of the resource policy of ${arn} denies it`,
  };
}

const notOwnedDenial = (may: string, detail: string): Denial => ({
  message: `${may}: it belongs to another principal, and no resource policy allows it.`,
  detail,
});

const recreatedOwnerDenial = (may: string, { arn }: GovernedResource): Denial => ({
  message: `${may}: it belongs to an earlier principal with the same ARN. A role or user that was deleted and created again does not own the earlier principal's resources.`,
  detail: `caller has the ARN of the owner of ${arn} and not its unique id`,
});

/**
 * @returns why this principal may not do this; undefined when it may
 */
export function actionDenial({ principal, operation, resource, context }: ActRequest): Denial | undefined {
  const isOwner = isOwnedBy(resource, principal);
  if (isOwner && isPolicyOperation(operation)) return undefined;
  const decided = decide(policyOf(resource), { principal: principal.arn, operation, context: context ?? {} });
  const may = `${principal.arn} may not call ${operation} on ${resource.arn}`;
  const denied = policyDenial(decided, may, resource);
  if (denied) return denied;
  if (isOwner || decided.decision === 'allow') return undefined;
  if (isRecreatedPrincipal(resource, principal)) return recreatedOwnerDenial(may, resource);
  return notOwnedDenial(may, `caller is not the owner of ${resource.arn}, and no statement allows it`);
}

/** The scopes, and what servers that part them by commas or spaces would read in each. */
const splitScopes = (scopes: readonly string[]): readonly string[] => [
  ...new Set(scopes.flatMap((scope) => [scope, ...scope.split(/[\s,]+/).filter((part) => part !== '')])),
];

/**
 * Whether an agent may use a credential provider. An Allow in the provider's policy speaks of the *owner* of the
 * agent's workload identity, because the name in `bedrock-agentcore:WorkloadIdentityArn` can be somebody else's
 * tomorrow; who may act as the agent is for the workload identity's policy to say. A Deny holds when it speaks of
 * the owner or of the caller.
 *
 * @returns why this agent may not use this provider; undefined when it may
 */
export function credentialUseDenial(request: ObtainRequest): Denial | undefined {
  const { principal, operation, identity, provider, scopes, customParameters = {} } = request;
  const context: RequestContext = {
    workloadIdentityArn: identity.arn,
    scopes: scopes && splitScopes([...scopes, ...scopesInCustomParameters(customParameters)]),
    customParameters: Object.keys(customParameters),
    resources: request.resources,
    audiences: request.audiences,
  };
  const policy = policyOf(provider);
  const ofOwner = decide(policy, { principal: identity.owner, operation, context });
  const ofCaller = decide(policy, { principal: principal.arn, operation, context });
  const may = `${identity.arn} may not use ${provider.arn}`;
  const denied = policyDenial(ofOwner, may, provider) ?? policyDenial(ofCaller, may, provider);
  if (denied) return denied;
  if (haveSameOwner(identity, provider, principal) || ofOwner.decision === 'allow') return undefined;
  if (identity.owner === provider.owner) {
    return {
      message: `${may}: their owners have the same ARN but different unique IDs. If the owner is the same, the owner must update the workload identity once (for example, with TagResource).`,
      detail: 'the owners of workload identity and credential provider have one ARN, and not one unique id',
    };
  }
  return notOwnedDenial(may, 'the credential provider has another owner, and no statement allows it');
}

/**
 * @throws AccessDeniedException unless the caller owns the resource or its policy allows it, or when its policy
 *   denies it
 */
export function authorizeAction(request: ActRequest): void {
  const denial = actionDenial(request);
  if (denial) throw accessDenied(denial.message, denial.detail);
}

/**
 * @throws AccessDeniedException unless the provider has the workload identity's owner or its policy allows that
 *   owner, or when its policy denies the owner or the caller
 */
export function authorizeCredentialUse(request: ObtainRequest): void {
  const denial = credentialUseDenial(request);
  if (denial) throw accessDenied(denial.message, denial.detail);
}
