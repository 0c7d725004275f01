/**
 * A grant whose record is not valid. Its key is, so that it can be named. No token of it is returned, and it hides no other
 * grant.
 */
import type { AuditTrail } from '../audit';
import { NO_USER } from '../../model/user';
import { targetParts } from './grant';
import { encodeGrantId, type GrantId } from '../../model/grant-id';

export class UnreadableGrant extends Error {
  constructor(
    readonly grantId: GrantId,
    cause: unknown,
  ) {
    super('the record of a grant is not valid', { cause });
    this.name = 'UnreadableGrant';
  }
}

export interface UnreadableDependencies {
  readonly audit: AuditTrail;
  /** Receives the error of each grant, so that the operator learns of it. */
  readonly report: (error: unknown) => void;
}

/** Records and reports grants that could not be read. */
export function recordUnreadable(
  { audit, report }: UnreadableDependencies,
  unreadable: readonly UnreadableGrant[] = [],
): void {
  for (const error of unreadable) {
    const { userHash, target } = error.grantId;
    const { flow, providerName: provider } = targetParts(target);
    audit.record({
      operation: 'ReadGrant',
      outcome: 'failed',
      ...(userHash !== NO_USER && { user: userHash }),
      provider,
      flow,
      reason: `the record of the grant ${encodeGrantId(error.grantId)} is not valid`,
    });
    report(error);
  }
}
