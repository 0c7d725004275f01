/**
 * Restrictions: what operators impose on an agent or a user, whatever the owners of resources allow, and what an identity
 * provider reports about its user. A restriction is a separate record, which no owner's write can change. The restriction
 * of an agent is stored by name, so an identity that is deleted and created again stays suspended. Each decision about a
 * credential reads the restrictions together with the resources, so a suspension applies from the next request.
 */
import type { AgentRestriction, UserRestriction } from '../../model/records/restriction';
import { ServiceError } from '../service-error';
import type { UserTokenFacts } from '../identity/user-token';
import type { WorkloadIdentity } from '../../model/records/workload-identity';
import type { Workload } from '../identity/workload-identity';

/** An agent before the one of the request, as the token names it and as the directory has it now. */
export interface ChainLink {
  readonly workload: Workload;
  readonly identity: WorkloadIdentity | undefined;
  readonly restriction: AgentRestriction | undefined;
}

/** The restrictions that apply to a request. */
export interface Restrictions {
  readonly agent: AgentRestriction | undefined;
  /** Undefined also for a request without a user. */
  readonly user: UserRestriction | undefined;
  /** The agents before the agent, first the one that called it. Absent if there are none. */
  readonly chain?: readonly ChainLink[];
}

/**
 * Stores restrictions. Reads are strongly consistent.
 *
 * @throws Error for a record that is malformed, or of a version that this code does not know: it never counts as absent
 */
export interface RestrictionStore {
  ofAgent(name: string): Promise<AgentRestriction | undefined>;
  ofUser(userHash: string): Promise<UserRestriction | undefined>;
  /** Writes the restriction if the stored one has the previous revision, or if there is none and the revision is 1. */
  putAgent(restriction: AgentRestriction): Promise<boolean>;
  /** As {@link RestrictionStore.putAgent}. */
  putUser(restriction: UserRestriction): Promise<boolean>;
}

/** Reads a workload identity together with the restrictions, in one strongly consistent read. */
export interface IdentityReader {
  /**
   * @param userHash hash of the user that the agent acts for; undefined if there is none, or it is not known yet
   * @param chain the agents before the agent, which are read with it
   */
  readIdentity(
    workloadName: string,
    userHash: string | undefined,
    chain?: readonly Workload[],
  ): Promise<{ readonly identity: WorkloadIdentity | undefined; readonly restrictions: Restrictions }>;
}

const SUSPENDED_USER = 'This user is suspended. Ask an operator of this service to resume the user.';

const suspendedAgent = (name: string): string =>
  `The agent "${name}" is suspended. Ask an operator of this service to resume it.`;

const DISABLED_USER =
  'The identity provider disabled the account of this user. Ask the administrator of the identity provider.';

/** Not "expired", which clients match for the workload access token: a new one for the same user token is refused, too. */
export const SESSION_ENDED =
  'The session of the user ended at the identity provider. Sign the user in again, and get a new workload access token.';

/** A restriction denies a credential. */
export class RestrictionDenial extends ServiceError {
  constructor(message: string, detail: string) {
    super('AccessDeniedException', message, { detail, concerns: 'restriction' });
  }
}

/** A suspended or deleted agent stops every agent behind it. */
function linkDenial({ workload, identity, restriction }: ChainLink): ServiceError | undefined {
  if (restriction?.suspendedByOperator) {
    return new RestrictionDenial(
      suspendedAgent(workload.name),
      `${workload.arn}, an agent before this one, is suspended by an operator`,
    );
  }
  if (identity?.id === workload.id) return undefined;
  return new ServiceError(
    'UnauthorizedException',
    `The workload identity of "${workload.name}", an agent before this one, was deleted.`,
    {
      detail: `${workload.arn}, an agent before this one, was deleted or recreated`,
      concerns: 'calling-agent',
    },
  );
}

/**
 * Returns why the restrictions deny a credential; undefined if they do not. The caller does not learn the stated reason.
 *
 * @param userToken the user token that is presented, or that the presented workload access token was issued for;
 *   undefined if there is none
 */
export function restrictionDenial(
  { agent, user, chain }: Restrictions,
  userToken?: UserTokenFacts,
): ServiceError | undefined {
  if (agent?.suspendedByOperator) {
    return new RestrictionDenial(suspendedAgent(agent.name), 'the agent is suspended by an operator');
  }
  const broken = chain?.map((link) => linkDenial(link)).find((denial) => denial);
  if (broken) return broken;
  if (user?.suspendedByOperator) {
    return new RestrictionDenial(SUSPENDED_USER, 'the user is suspended by an operator');
  }
  const account = user?.accountAtIssuer?.state;
  if (account === 'DISABLED' || account === 'PURGED') {
    return new RestrictionDenial(DISABLED_USER, `the identity provider reported the account as ${account}`);
  }
  if (userToken && user && sessionEnded(user, userToken)) {
    return new ServiceError('UnauthorizedException', SESSION_ENDED, {
      detail: 'user token: its session ended at the identity provider',
      concerns: 'restriction',
    });
  }
  return undefined;
}

/**
 * Returns whether the session of the user token ended after the token was issued. A token that names no session can
 * belong to any session of the user, so each of them counts.
 */
function sessionEnded({ endedBefore, endedSessions = {} }: UserRestriction, token: UserTokenFacts): boolean {
  const { issuedAt, sessionHash } = token;
  const ends =
    sessionHash === undefined
      ? Object.values(endedSessions)
      : Object.hasOwn(endedSessions, sessionHash)
        ? [endedSessions[sessionHash]!]
        : [];
  return [...ends, ...(endedBefore === undefined ? [] : [endedBefore])].some((end) => issuedAt <= end);
}

/**
 * Checks that no restriction denies a credential.
 *
 * @param userToken as for {@link restrictionDenial}
 * @throws AccessDeniedException if the agent or the user is suspended; UnauthorizedException if the session of the user
 *   token ended
 */
export function checkRestrictions(restrictions: Restrictions, userToken: UserTokenFacts | undefined): void {
  const denial = restrictionDenial(restrictions, userToken);
  if (denial) throw denial;
}
