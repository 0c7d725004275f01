/**
 * A call of one agent by another. The calling agent presents its own workload access token to the endpoint of the agent
 * that it calls, and the called agent gets a token for the same user that names both. A workload access token alone is not
 * enough: the IAM principal that presented it must be authorized to use it, or the user token that came with it must be
 * for the same user.
 *
 * The called agent decides which agents may call it. Without a list, none may. A gateway may be called by all agents of its
 * owner. Only the agent that calls is compared with
 * the list (RFC 8693 section 4.1): the agents before it called an agent that allowed them.
 */
import { decodeJwt } from 'jose';
import * as v from 'valibot';
import { isIssuerOf } from '../../model/discovery-url';
import { userHashOf, type User } from '../../model/user';
import type { UserTokenFacts } from '../identity/user-token';
import type { WorkloadIdentity } from '../../model/records/workload-identity';
import type { Workload } from '../identity/workload-identity';
import { haveSameOwner } from '../ownership';
import { actionDenial, chainContext } from '../policy/access';
import type { Caller } from '../principal';
import { ServiceError } from '../service-error';
import { ClaimsSchema, MAX_AGENTS, type Delegation } from './claims';
import type { OnBehalfOf } from './on-behalf-of';
import { verifyWorkloadAccessToken, type VerifyDependencies } from './verify';

/** The agent that calls. */
export interface CallingAgent {
  /** Its own token. */
  readonly workloadAccessToken: string;
  /** The IAM principal that presented the token to the endpoint. Undefined if the endpoint accepts user tokens. */
  readonly principal?: Caller | undefined;
}

const chainDenied = (message: string, detail: string): ServiceError =>
  new ServiceError('AccessDeniedException', `Chain of agents: ${message}`, {
    detail: `chain of agents: ${detail}`,
    concerns: 'calling-agent',
  });

/** The verified token of the agent that calls, and the chain in the token of the agent that it calls. */
export interface VerifiedCallingAgent {
  readonly delegation: Delegation;
  readonly chain: readonly Workload[];
}

/**
 * Verifies the token of the agent that calls, and the length of the chain with the agent that it calls.
 *
 * @param called name of the workload identity of the agent that it calls
 * @throws UnauthorizedException for the token; AccessDeniedException if the chain would be too long, or have an agent twice
 */
export async function verifyCallingAgent(
  deps: VerifyDependencies,
  { workloadAccessToken }: CallingAgent,
  called: string,
): Promise<VerifiedCallingAgent> {
  const delegation = await verifyWorkloadAccessToken(deps, workloadAccessToken).catch((error: unknown) => {
    if (!(error instanceof ServiceError)) throw error;
    const { type, message, detail = message } = error;
    throw new ServiceError(type, message, { detail, concerns: 'calling-agent', cause: error });
  });
  const chain = [delegation.workload, ...(delegation.chain ?? [])];
  if (chain.some(({ name }) => name === called)) {
    throw chainDenied(
      `the agent "${called}" is already in it. An agent cannot be in a chain twice.`,
      'the agent is in it already',
    );
  }
  if (chain.length >= MAX_AGENTS) {
    throw chainDenied(`it already has ${MAX_AGENTS} agents, which is the maximum.`, 'too long');
  }
  return { delegation, chain };
}

const notAllowed = (identity: WorkloadIdentity, caller: WorkloadIdentity): ServiceError =>
  chainDenied(
    `the agent "${identity.name}" does not accept calls of the agent "${caller.name}". The owner of "${identity.name}" can add the name to workloadIdentities in allowedWorkloadConfiguration of its authorizerConfiguration.`,
    `${identity.arn} does not list ${caller.arn} in allowedWorkloadConfiguration`,
  );

/**
 * Checks that an agent may call another one.
 *
 * @param identity workload identity of the agent that is called
 * @param caller workload identity of the agent that calls, which is the one in its token
 * @param principal the IAM principal that gets the token of the called agent
 * @param presenter the IAM principal that presented the token; undefined if a user token came with it
 * @param before the agents before the agent that calls
 * @throws AccessDeniedException
 */
export function admitCallingAgent(
  identity: WorkloadIdentity,
  caller: WorkloadIdentity,
  {
    principal,
    presenter,
    before,
  }: {
    readonly principal: Caller;
    readonly presenter: Caller | undefined;
    readonly before: readonly Workload[];
  },
): void {
  const allowed =
    identity.authorizerConfiguration?.customJWTAuthorizer.allowedWorkloadConfiguration?.workloadIdentities;
  const isListed = allowed?.includes(caller.name) ?? false;
  if (!isListed && identity.gatewayId === undefined) throw notAllowed(identity, caller);
  // The name in the list could later belong to another owner, and the presenter is what the endpoint states.
  if (!haveSameOwner(caller, identity, principal)) {
    throw chainDenied(
      `the agent "${identity.name}" does not accept calls of the agent "${caller.name}", because their workload identities have different owners.`,
      `${caller.arn} and ${identity.arn} have different owners`,
    );
  }
  const denial =
    presenter &&
    actionDenial({
      principal: presenter,
      // Behind a gateway, the presenter gets no credential, so it needs no right to retrieve one.
      operation: principal.isGateway ? 'InvokeGateway' : 'GetResourceOauth2Token',
      resource: caller,
      context: chainContext(before),
    });
  if (denial) {
    throw chainDenied(
      `${presenter.arn} is not authorized to present the workload access token of the agent "${caller.name}".`,
      `presenter of the calling agent's token: ${denial.detail}`,
    );
  }
}

/**
 * Checks that a call has the proof that a stolen token lacks: the principal that presented it, or a user token.
 *
 * @throws AccessDeniedException
 */
export function checkPresented({ principal }: CallingAgent, hasUserToken: boolean): void {
  if (principal || hasUserToken) return;
  throw chainDenied(
    'the workload access token of the calling agent needs the IAM principal that presented it, or a user token.',
    'neither a presenter nor a user token',
  );
}

/**
 * Checks that the token of the agent that calls is for this user.
 *
 * @throws AccessDeniedException
 */
export function checkSameUser({ user: theirs }: Delegation, user: User | undefined): void {
  if (userHashOf(theirs) === userHashOf(user)) return;
  throw chainDenied(
    'the workload access token of the calling agent is for another user than this call, or only one of them has a user.',
    'another user',
  );
}

/**
 * Returns the verified user of the agent that calls, for an agent that trusts the issuer of the user's tokens. A gateway acts
 * with the grants of the agent that calls it, so it trusts whom that agent trusts.
 *
 * @throws AccessDeniedException
 */
export function userOfCaller(
  { user }: Delegation,
  { authorizerConfiguration, gatewayId }: WorkloadIdentity,
): User {
  const trusted = authorizerConfiguration?.customJWTAuthorizer;
  const isTrusted = (issuer: string): boolean =>
    gatewayId !== undefined || (trusted !== undefined && isIssuerOf(issuer, trusted));
  if (user?.kind === 'jwt' && isTrusted(user.issuer)) return user;
  throw chainDenied(
    'the workload access token of the calling agent names no user of the issuer that the called agent trusts.',
    user?.kind === 'jwt' ? 'issuer not trusted' : 'no verified user',
  );
}

/**
 * Returns the facts of two user tokens of one user, so that the end of either session ends the token. Facts without a
 * session end with each session of the user.
 *
 * @param theirs the user token that the calling agent's token was issued for; undefined if no agent calls
 */
export function factsOfBoth(
  own: UserTokenFacts | undefined,
  theirs: UserTokenFacts | undefined,
): UserTokenFacts | undefined {
  if (!own || !theirs) return own ?? theirs;
  return {
    issuedAt: Math.min(own.issuedAt, theirs.issuedAt),
    sessionHash: own.sessionHash === theirs.sessionHash ? own.sessionHash : undefined,
  };
}

/**
 * Returns the user that the token of the agent that calls names, for the request of the called agent's token. The claim is
 * not verified: the service that issues the token verifies it, and the operation that is called depends on it.
 */
export function userNamedBy({ workloadAccessToken }: CallingAgent): OnBehalfOf {
  try {
    const { sub_id } = v.parse(ClaimsSchema, decodeJwt(workloadAccessToken));
    if (!sub_id) return undefined;
    return sub_id.format === 'opaque' ? { userId: sub_id.id } : { userOfCaller: true };
  } catch {
    // The service rejects the token.
    return undefined;
  }
}
