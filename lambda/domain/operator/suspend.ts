/**
 * Operators suspend and resume agents and users. IAM alone decides who is an operator: no resource policy is evaluated,
 * and owning a resource gives no right here. Concurrent calls are applied one after the other, and the last one decides.
 */
import type { IssuerSuspension } from '../../model/responses';
import { audited, type AuditEntry, type AuditTrail } from '../audit';
import type { AgentInput, ResumeUserInput, UserInput } from '../../model/operator-request';
import { selectedUserHash } from '../../model/user';
import type { WorkloadIdentity } from '../../model/records/workload-identity';
import { workloadIdentityArn, type WorkloadIdentityStore } from '../identity/workload-identity';
import type { Caller } from '../principal';
import {
  changeRestriction,
  storedAgentRestriction,
  storedUserRestriction,
  type StoredRestriction,
} from '../restriction/change';
import type { RestrictionStore } from '../restriction/restriction';
import type { Restriction, Suspension, UserRestriction } from '../../model/records/restriction';
import { epochSeconds, type System } from '../system';
import { issuerSuspension } from './list-suspensions';

export interface SuspendDependencies {
  readonly restrictions: RestrictionStore;
  readonly identities: Pick<WorkloadIdentityStore, 'get'>;
  readonly audit: AuditTrail;
  readonly system: System;
  readonly arnPrefix: string;
}

/** Returns the suspension that begins now. */
const suspensionBy = (
  { system }: SuspendDependencies,
  { arn: by }: Caller,
  reason: string | undefined,
): Suspension => ({ since: epochSeconds(system), by, ...(reason !== undefined && { reason }) });

/** Suspends, and returns the suspension. A repeated suspension keeps its beginning. */
async function suspend<Kind extends Restriction>(
  stored: StoredRestriction<Kind>,
  suspension: Suspension,
): Promise<Suspension> {
  const repeated = ({ suspendedByOperator: earlier }: Restriction): Suspension =>
    earlier ? { ...suspension, since: earlier.since } : suspension;
  const { before } = await changeRestriction(stored, (current) => ({
    ...current,
    suspendedByOperator: repeated(current),
  }));
  return repeated(before);
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
    const stored = storedAgentRestriction(deps.restrictions, name);
    const suspension = await suspend(stored, suspensionBy(deps, principal, reason));
    return { suspension, identity: await deps.identities.get(name) };
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
    const { before } = await changeRestriction(storedAgentRestriction(deps.restrictions, name), (current) =>
      current.suspendedByOperator ? { ...current, suspendedByOperator: undefined } : undefined,
    );
    return before.suspendedByOperator;
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
    const userHash = selectedUserHash(input.user);
    annotate({ user: userHash, ...stated(input) });
    const stored = storedUserRestriction(deps.restrictions, userHash);
    return { userHash, suspension: await suspend(stored, suspensionBy(deps, principal, input.reason)) };
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

/** Lifts what the identity provider reported. Only a report about a later time suspends the user again. */
function withIssuerSuspensionLifted(restriction: UserRestriction, now: number): UserRestriction {
  const { eventTime: reported = 0, trustedIssuer } = restriction.accountAtIssuer ?? {};
  const eventTime = Math.max(now, Math.floor(reported) + 1);
  const lifted = { state: 'ENABLED', eventTime, since: now } as const;
  return {
    ...restriction,
    accountAtIssuer: { ...lifted, ...(trustedIssuer !== undefined && { trustedIssuer }) },
  };
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
    const userHash = selectedUserHash(input.user);
    annotate({ user: userHash, ...stated(input) });
    // Also without one in the record of the user: a report about an address suspends users without a token yet.
    const lifts = input.liftIssuerSuspension === true;
    const stored = storedUserRestriction(deps.restrictions, userHash);
    const { before } = await changeRestriction(stored, (current) => {
      if (!current.suspendedByOperator && !lifts) return undefined;
      const resumed = { ...current, suspendedByOperator: undefined };
      return lifts ? withIssuerSuspensionLifted(resumed, epochSeconds(deps.system)) : resumed;
    });
    const { suspendedByOperator: suspension } = before;
    const ofIssuer = issuerSuspension(before);
    if (lifts) {
      annotate({ result: 'issuer-suspension-lifted' });
      return { userHash, suspension, ...(ofIssuer && { liftedIssuerSuspension: ofIssuer }) };
    }
    return { userHash, suspension, ...(ofIssuer && { issuerSuspension: ofIssuer }) };
  });
}
