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
import { issuerSuspension, type IssuerSuspension } from './list-suspensions';

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

/** What a resumption lifted, and what it did not. */
export interface ResumedUser {
  readonly userHash: string;
  readonly suspension: Suspension | undefined;
  /** The suspension by the identity provider, if it was lifted. */
  readonly liftedIssuerSuspension?: IssuerSuspension | undefined;
  /** The suspension by the identity provider, if it is still in force. */
  readonly issuerSuspension?: IssuerSuspension | undefined;
}

export interface ResumeUserInput extends UserInput {
  /** Whether to lift the suspension by the identity provider too: an emergency. */
  readonly liftIssuerSuspension?: boolean | undefined;
}

/** Lifts what the identity provider reported. Only a report about a later time suspends the user again. */
function withIssuerSuspensionLifted(restriction: UserRestriction, now: number): UserRestriction {
  const { accountAtIssuer: account } = restriction;
  if (!account) return restriction;
  const eventTime = Math.max(now, Math.floor(account.eventTime) + 1);
  return { ...restriction, accountAtIssuer: { ...account, state: 'ENABLED', eventTime, since: now } };
}

/**
 * Lifts the suspension by an operator, and, if the input says so, the one by the identity provider. The end of sessions
 * that it reported stays.
 *
 * @throws ThrottlingException after too many concurrent changes; nothing was written, and a retry can succeed
 */
export function resumeUser(
  deps: SuspendDependencies,
  principal: Caller,
  input: ResumeUserInput,
): Promise<ResumedUser> {
  return audited(deps.audit, { operation: 'ResumeUser', principal }, async (annotate) => {
    const userHash = userHashOf(input.user);
    annotate({ user: userHash, ...stated(input) });
    const { read, write, unrestricted } = restrictedUser(deps, userHash);
    for (let tried = 0; tried < TRIES; tried += 1) {
      const current = (await read()) ?? unrestricted;
      const { suspendedByOperator: suspension } = current;
      const ofIssuer = issuerSuspension(current);
      const lifts = ofIssuer !== undefined && input.liftIssuerSuspension === true;
      const now = epochSeconds(deps.system);
      const changed = {
        ...(lifts ? withIssuerSuspensionLifted(current, now) : current),
        suspendedByOperator: undefined,
        revision: current.revision + 1,
      };
      if ((suspension || lifts) && !(await write(changed))) continue;
      if (lifts) annotate({ result: 'issuer-suspension-lifted' });
      if (lifts) return { userHash, suspension, liftedIssuerSuspension: ofIssuer };
      return { userHash, suspension, ...(ofIssuer && { issuerSuspension: ofIssuer }) };
    }
    throw changedConcurrently();
  });
}
