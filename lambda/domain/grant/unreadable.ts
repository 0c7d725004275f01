/**
 * A grant whose record is not valid. Its key is, so that it can be named. No token of it is returned, and it hides no other
 * grant.
 */
import type { AuditTrail } from '../audit';
import { encodeGrantId, type GrantId } from '../../model/grant-id';
import type { Grant } from '../../model/records/grant';
import { NO_USER } from '../../model/user';
import { targetParts } from './grant';

export class UnreadableGrant extends Error implements GrantId {
  readonly workloadId: string;
  readonly userHash: string;
  readonly target: string;

  constructor({ workloadId, userHash, target }: GrantId, cause: unknown) {
    super('the record of a grant is not valid', { cause });
    this.name = 'UnreadableGrant';
    this.workloadId = workloadId;
    this.userHash = userHash;
    this.target = target;
  }
}

/** What a read finds: one record that is not valid must not hide the others. */
export type FoundGrant = Grant | UnreadableGrant;

export const isUnreadable = (grant: FoundGrant): grant is UnreadableGrant => grant instanceof UnreadableGrant;

export interface UnreadableDependencies {
  readonly audit: AuditTrail;
  /** Receives the error of each grant, so that the operator learns of it. */
  readonly report: (error: unknown) => void;
}

/** Records and reports those of the grants that could not be read. */
export function recordUnreadable(
  { audit, report }: UnreadableDependencies,
  grants: readonly FoundGrant[],
): void {
  for (const grant of grants.filter(isUnreadable)) {
    const { flow, providerName: provider } = targetParts(grant.target);
    audit.record({
      operation: 'ReadGrant',
      outcome: 'failed',
      ...(grant.userHash !== NO_USER && { user: grant.userHash }),
      provider,
      flow,
      reason: `the record of the grant ${encodeGrantId(grant)} is not valid`,
    });
    report(grant);
  }
}
