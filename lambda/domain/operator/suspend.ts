/**
 * Operators suspend and resume agents and users. IAM alone decides who is an operator: no resource policy is evaluated,
 * and owning a resource gives no right here. Concurrent calls are applied one after the other, and the last one decides.
 */
import { audited, type AuditEntry, type AuditTrail } from '../audit';
import { userHashOf, type UserSelector } from '../identity/user';
import {
  workloadIdentityArn,
  type WorkloadIdentity,
  type WorkloadIdentityStore,
} from '../identity/workload-identity';
import type { Caller } from '../principal';
import { changedConcurrently } from '../resource-write';
import type {
  AgentRestriction,
  Restriction,
  RestrictionStore,
  Suspension,
  UserRestriction,
} from '../restriction/restriction';
import { epochSeconds, type System } from '../system';

export interface SuspendDependencies {
  readonly restrictions: RestrictionStore;
  readonly identities: Pick<WorkloadIdentityStore, 'get'>;
  readonly audit: AuditTrail;
  readonly system: System;
  readonly arnPrefix: string;
}

/** Attempts at a write that a concurrent write overtakes. */
const TRIES = 5;

interface Restricted<Kind extends Restriction> {
  readonly read: () => Promise<Kind | undefined>;
  readonly write: (restriction: Kind) => Promise<boolean>;
  /** The restriction before its first write. */
  readonly unrestricted: Kind;
}

/**
 * Changes the suspension, and keeps the other members.
 *
 * Returns the suspension before and after the change.
 *
 * @throws ThrottlingException after too many concurrent changes; nothing was written, and a retry can succeed
 */
async function changeSuspension<Kind extends Restriction, After extends Suspension | undefined>(
  { read, write, unrestricted }: Restricted<Kind>,
  change: (before: Suspension | undefined) => After,
): Promise<{ readonly before: Suspension | undefined; readonly after: After }> {
  for (let tried = 0; tried < TRIES; tried += 1) {
    const current = (await read()) ?? unrestricted;
    const before = current.suspendedByOperator;
    const after = change(before);
    const unchanged = before === undefined && after === undefined;
    const changed = { ...current, suspendedByOperator: after, revision: current.revision + 1 };
    if (unchanged || (await write(changed))) return { before, after };
  }
  throw changedConcurrently();
}

/** A repeated suspension keeps its beginning. */
const suspensionOf =
  (system: System, by: Caller, reason: string | undefined) =>
  (before: Suspension | undefined): Suspension => ({
    since: before?.since ?? epochSeconds(system),
    by: by.arn,
    ...(reason !== undefined && { reason }),
  });

const lifted = (): undefined => undefined;

const restrictedAgent = (
  { restrictions }: SuspendDependencies,
  name: string,
): Restricted<AgentRestriction> => ({
  read: () => restrictions.ofAgent(name),
  write: (restriction) => restrictions.putAgent(restriction),
  unrestricted: { name, revision: 0 },
});

const restrictedUser = (
  { restrictions }: SuspendDependencies,
  userHash: string,
): Restricted<UserRestriction> => ({
  read: () => restrictions.ofUser(userHash),
  write: (restriction) => restrictions.putUser(restriction),
  unrestricted: { userHash, revision: 0 },
});

/** The name of an agent, and a reason for operators and the audit log. */
export interface AgentInput {
  readonly name: string;
  readonly reason?: string | undefined;
}

/** A user, and a reason for operators and the audit log. */
export interface UserInput {
  readonly user: UserSelector;
  readonly reason?: string | undefined;
}

const stated = ({ reason }: AgentInput | UserInput): Partial<AuditEntry> =>
  reason === undefined ? {} : { reason };

/**
 * Suspends every workload identity of this name, now and later: it obtains nothing until it is resumed. Its grants stay.
 *
 * Returns the suspension, and the workload identity that has the name now.
 */
export function suspendWorkloadIdentity(
  deps: SuspendDependencies,
  principal: Caller,
  input: AgentInput,
): Promise<{ readonly suspension: Suspension; readonly identity: WorkloadIdentity | undefined }> {
  return audited(deps.audit, { operation: 'SuspendWorkloadIdentity', principal }, async (annotate) => {
    const { name, reason } = input;
    annotate({ workloadIdentity: workloadIdentityArn(deps.arnPrefix, name), ...stated(input) });
    const suspend = suspensionOf(deps.system, principal, reason);
    const { after } = await changeSuspension(restrictedAgent(deps, name), suspend);
    return { suspension: after, identity: await deps.identities.get(name) };
  });
}

/** Lifts the suspension. Returns it; undefined if the agent was not suspended. */
export function resumeWorkloadIdentity(
  deps: SuspendDependencies,
  principal: Caller,
  input: AgentInput,
): Promise<Suspension | undefined> {
  return audited(deps.audit, { operation: 'ResumeWorkloadIdentity', principal }, async (annotate) => {
    const { name } = input;
    annotate({ workloadIdentity: workloadIdentityArn(deps.arnPrefix, name), ...stated(input) });
    return (await changeSuspension(restrictedAgent(deps, name), lifted)).before;
  });
}

/**
 * Suspends the user: no agent obtains anything for the user until the user is resumed. The grants stay.
 *
 * Returns the user's hash, and the suspension.
 */
export function suspendUser(
  deps: SuspendDependencies,
  principal: Caller,
  input: UserInput,
): Promise<{ readonly userHash: string; readonly suspension: Suspension }> {
  return audited(deps.audit, { operation: 'SuspendUser', principal }, async (annotate) => {
    const userHash = userHashOf(input.user);
    annotate({ user: userHash, ...stated(input) });
    const suspend = suspensionOf(deps.system, principal, input.reason);
    const { after } = await changeSuspension(restrictedUser(deps, userHash), suspend);
    return { userHash, suspension: after };
  });
}

/** Lifts the suspension. Returns the user's hash, and the suspension if there was one. */
export function resumeUser(
  deps: SuspendDependencies,
  principal: Caller,
  input: UserInput,
): Promise<{ readonly userHash: string; readonly suspension: Suspension | undefined }> {
  return audited(deps.audit, { operation: 'ResumeUser', principal }, async (annotate) => {
    const userHash = userHashOf(input.user);
    annotate({ user: userHash, ...stated(input) });
    const { before } = await changeSuspension(restrictedUser(deps, userHash), lifted);
    return { userHash, suspension: before };
  });
}
