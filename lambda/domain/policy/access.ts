/**
 * Authorization. A workload identity and a credential provider belong to the IAM principal that created them: by
 * default, only that principal can use them, and a workload identity can use the providers of the same owner. A resource
 * policy extends or restricts this for the operations and principals that it names. An explicit deny applies to the owner
 * too, except for operations on the policy itself, so that no policy locks a resource permanently. A principal that is
 * allowed to put a policy can allow itself everything else, as in IAM. Every request is authorized again.
 */
import { scopesInCustomParameters, type CustomParameters } from '../custom-parameters';
import type { Caller } from '../principal';
import { haveSameOwner, isRecreatedPrincipal, isOwnedBy, type Owned } from '../ownership';
import { accessDenied, ServiceError } from '../service-error';
import type { RequestContext } from './condition-keys';
import { evaluate, type PolicyRequest, type Verdict } from './evaluate';
import { POLICY_OPERATIONS, type ResourceOperation } from './governed-operations';
import { parsePolicyDocument, type PolicyDocument } from './policy-document';

/** A resource on which access is evaluated. */
export interface GovernedResource extends Owned {
  readonly arn: string;
  /** The stored resource policy. */
  readonly policy?: string | undefined;
  /** For the workload identity of a gateway: the gateway's ID. */
  readonly gatewayId?: string | undefined;
}

/** An agent before another one, in a chain of agents. */
interface Chained {
  readonly arn: string;
}

/** Returns the context of a request with a chain of agents. */
export const chainContext = (
  chain: readonly Chained[] | undefined,
): Pick<RequestContext, 'callingAgentArns'> => ({ callingAgentArns: chain?.map(({ arn }) => arn) });

/** The operation that is called, and who calls it. */
export interface Call {
  /** The calling IAM principal, as `callerOf` returns it. */
  readonly principal: Caller;
  readonly operation: ResourceOperation;
  readonly context?: RequestContext | undefined;
}

export interface ActRequest extends Call {
  readonly resource: GovernedResource;
}

/** The one resource that an OAuth2 provider is for, if it is for one. */
interface DiscoveredResource {
  readonly protectedResource?: { readonly resource: string } | undefined;
}

export interface ObtainRequest {
  readonly principal: Caller;
  /** The kind of credential; also when a consent is completed. */
  readonly operation: 'GetResourceOauth2Token' | 'GetResourceApiKey';
  /** The agent's workload identity. */
  readonly identity: GovernedResource;
  /** The agents before it, as in the workload access token. */
  readonly chain?: readonly Chained[] | undefined;
  /** The credential provider. Only OAuth2 providers have a discovery. */
  readonly provider: GovernedResource & { readonly discovery?: DiscoveredResource };
  /** The requested scopes, and the scopes of a stored token that would be returned. */
  readonly scopes?: readonly string[] | undefined;
  /** The custom parameters of the request. */
  readonly customParameters?: CustomParameters | undefined;
  /**
   * Resources (RFC 8707) and audiences (RFC 8693) that the token is requested for. The policy evaluates the resource of a
   * provider that is for one resource, whatever the request names.
   */
  readonly resources?: readonly string[] | undefined;
  readonly audiences?: readonly string[] | undefined;
}

/** A use of a credential whose scopes were evaluated. Evaluating other scopes of it includes them. */
export interface EvaluatedUse extends ObtainRequest {
  readonly scopes: readonly string[];
}

/** The reason for a denial: `message` for the caller, `detail` for the audit log. */
export interface Denial {
  readonly message: string;
  readonly detail: string;
}

const isPolicyOperation = (operation: ResourceOperation): boolean =>
  (POLICY_OPERATIONS as readonly ResourceOperation[]).includes(operation);

type Decided = Verdict | { readonly decision: 'not-valid' };

type StoredPolicy = PolicyDocument | 'not-valid' | undefined;

function parsedPolicy({ arn, policy }: GovernedResource): StoredPolicy {
  if (policy === undefined) return undefined;
  try {
    return parsePolicyDocument(policy, arn);
  } catch (error) {
    if (error instanceof ServiceError) return 'not-valid';
    throw error;
  }
}

/** Parsed policies by the resource object that a request read: a portal page evaluates one policy for many connections. */
const parsed = new WeakMap<GovernedResource, { readonly document: StoredPolicy }>();

/** Returns the stored policy. A policy that is not valid allows nothing, and its owner can replace it. */
function policyOf(resource: GovernedResource): StoredPolicy {
  if (resource.policy === undefined) return undefined;
  const known = parsed.get(resource) ?? { document: parsedPolicy(resource) };
  parsed.set(resource, known);
  return known.document;
}

/** @param request is prepared only for a policy that is evaluated */
function decide(policy: StoredPolicy, request: () => PolicyRequest): Decided {
  if (policy === undefined) return { decision: 'no-decision' };
  return policy === 'not-valid' ? { decision: policy } : evaluate(policy, request());
}

/** Returns the denial by the policy itself, which applies to every principal. */
function policyDenial(decided: Decided, refused: string, { arn }: GovernedResource): Denial | undefined {
  if (decided.decision === 'not-valid') {
    return {
      message: `${refused}: the resource policy of ${arn} is not valid; its owner must replace it.`,
      detail: `the stored resource policy of ${arn} is not valid`,
    };
  }
  if (decided.decision !== 'deny') return undefined;
  return {
    message: `${refused}: the resource policy of ${arn} denies it.`,
    detail: `statement ${decided.statement} of the resource policy of ${arn} denies it`,
  };
}

const notOwnedDenial = (refused: string, step: string, detail: string): Denial => ({
  message: `${refused}: it belongs to another principal, and no resource policy allows it. ${step}.`,
  detail,
});

const recreatedOwnerDenial = (refused: string, { arn }: GovernedResource): Denial => ({
  message: `${refused}: it belongs to an earlier principal with the same ARN. A role or user that was deleted and created again does not own the earlier principal's resources.`,
  detail: `caller has the ARN but not the unique ID of the owner of ${arn}`,
});

/** The operations with which a principal gets the tokens of an agent. */
const ACTING_OPERATIONS: readonly ResourceOperation[] = [
  'GetWorkloadAccessToken',
  'GetWorkloadAccessTokenForJWT',
  'GetWorkloadAccessTokenForUserId',
  'GetResourceOauth2Token',
  'GetResourceApiKey',
];

/**
 * Returns whether only the service's gateway function is authorized, whatever the owner's policies allow: behind a gateway,
 * neither agents nor their owners get a credential.
 */
const isForGatewayOnly = (operation: ResourceOperation, { gatewayId }: GovernedResource): boolean =>
  gatewayId !== undefined && ACTING_OPERATIONS.includes(operation);

const gatewayOnlyDenial = (refused: string, { arn, gatewayId }: GovernedResource): Denial => ({
  message: `${refused}: only the gateway ${gatewayId} acts with it. Send the request to the gateway.`,
  detail: `${arn} belongs to a gateway, and the caller is not the gateway function`,
});

/** The operations that would part the workload identity of a gateway from the gateway. */
const PARTING_OPERATIONS: readonly ResourceOperation[] = [
  'UpdateWorkloadIdentity',
  'DeleteWorkloadIdentity',
  'PutResourcePolicy',
];

const isManagedByGateway = (operation: ResourceOperation, { gatewayId }: GovernedResource): boolean =>
  gatewayId !== undefined && PARTING_OPERATIONS.includes(operation);

const managedByGatewayDenial = (refused: string, { arn, gatewayId }: GovernedResource): Denial => ({
  message: `${refused}: it belongs to the gateway ${gatewayId}. Call UpdateGateway or DeleteGateway.`,
  detail: `${arn} belongs to a gateway`,
});

/** Returns why this principal is not authorized; undefined if it is. */
export function actionDenial({ principal, operation, resource, context }: ActRequest): Denial | undefined {
  const refused = `${principal.arn} is not authorized to call ${operation} on ${resource.arn}`;
  if (isManagedByGateway(operation, resource)) return managedByGatewayDenial(refused, resource);
  if (isForGatewayOnly(operation, resource)) {
    return principal.isGateway ? undefined : gatewayOnlyDenial(refused, resource);
  }
  const isOwner = isOwnedBy(resource, principal);
  if (isOwner && isPolicyOperation(operation)) return undefined;
  const decided = decide(policyOf(resource), () => ({
    principal: principal.arn,
    operation,
    context: context ?? {},
  }));
  const denied = policyDenial(decided, refused, resource);
  if (denied) return denied;
  if (isOwner || decided.decision === 'allow') return undefined;
  if (isRecreatedPrincipal(resource, principal)) return recreatedOwnerDenial(refused, resource);
  return notOwnedDenial(
    refused,
    'Call as its owner, or ask the owner for a policy that allows you',
    `caller is not the owner of ${resource.arn}, and no statement allows it`,
  );
}

/**
 * Returns why a portal cannot perform the operation on the rights of its owner. Only the owner of a gateway has the gateway in
 * a portal: it connects the accounts of users, and returns no token.
 */
export const portalActionDenial = (request: ActRequest): Denial | undefined =>
  isForGatewayOnly(request.operation, request.resource) && isOwnedBy(request.resource, request.principal)
    ? undefined
    : actionDenial(request);

/** Returns the values, and the parts that servers would read if they split the values at separators. */
const withParts = (values: readonly string[], separators: RegExp): readonly string[] => [
  ...new Set(values.flatMap((value) => [value, ...value.split(separators).filter((part) => part !== '')])),
];

/** Some servers split `scope` at commas. */
const SCOPE_SEPARATORS = /[\s,]+/;

/** Some servers (Ory) split a single `audience` at spaces. A URI can contain a comma, but no space (RFC 3986). */
const TARGET_SEPARATORS = /\s+/;

function contextOf(request: ObtainRequest): RequestContext {
  const { identity, provider, scopes, customParameters = {} } = request;
  const resourceOfProvider = provider.discovery?.protectedResource?.resource;
  const resources = resourceOfProvider === undefined ? request.resources : [resourceOfProvider];
  return {
    workloadIdentityArn: identity.arn,
    ...chainContext(request.chain),
    scopes: scopes && withParts([...scopes, ...scopesInCustomParameters(customParameters)], SCOPE_SEPARATORS),
    customParameters: Object.keys(customParameters),
    resources: resources && withParts(resources, TARGET_SEPARATORS),
    audiences: request.audiences && withParts(request.audiences, TARGET_SEPARATORS),
  };
}

/**
 * Returns why this agent is not authorized to use this provider; undefined if it is.
 *
 * An Allow in the provider's policy applies to the *owner* of the agent's workload identity, because another principal
 * can later own the name in `bedrock-agentcore:WorkloadIdentityArn`. The workload identity's policy determines who can
 * act as the agent. A Deny applies if it matches the owner or the caller.
 */
export function credentialUseDenial(request: ObtainRequest): Denial | undefined {
  const { principal, operation, identity, provider } = request;
  const policy = policyOf(provider);
  const decidedFor = (arn: string): Decided =>
    decide(policy, () => ({ principal: arn, operation, context: contextOf(request) }));
  const ofOwner = decidedFor(identity.owner);
  const ofCaller = principal.arn === identity.owner ? ofOwner : decidedFor(principal.arn);
  const refused = `${identity.arn} is not authorized to use ${provider.arn}`;
  const denied = policyDenial(ofOwner, refused, provider) ?? policyDenial(ofCaller, refused, provider);
  if (denied) return denied;
  if (haveSameOwner(identity, provider, principal) || ofOwner.decision === 'allow') return undefined;
  if (identity.owner === provider.owner) {
    return {
      message: `${refused}: their owners have the same ARN but different unique IDs. If the owner is the same, the owner must update the workload identity once (for example, with TagResource).`,
      detail:
        'the owners of workload identity and credential provider have the same ARN but different unique IDs',
    };
  }
  return notOwnedDenial(
    refused,
    "Ask its owner for a policy that allows the agent's owner, or use another provider",
    'the credential provider has another owner, and no statement allows it',
  );
}

/**
 * Checks that a caller can act on a resource.
 *
 * @throws AccessDeniedException unless the caller owns the resource or its policy allows it, or when its policy
 *   denies it
 */
export function authorizeAction(request: ActRequest): void {
  const denial = actionDenial(request);
  if (denial) throw accessDenied(denial.message, denial.detail);
}

/**
 * Checks that a workload identity can get credentials of a provider.
 *
 * @throws AccessDeniedException unless the provider has the workload identity's owner or its policy allows that
 *   owner, or when its policy denies the owner or the caller
 */
export function authorizeCredentialUse(request: ObtainRequest): void {
  const denial = credentialUseDenial(request);
  if (denial) throw accessDenied(denial.message, denial.detail);
}
