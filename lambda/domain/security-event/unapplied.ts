/**
 * What polled events report about users whose restriction cannot be changed: after a rollback, its record can be of a later
 * release, and then every request for the user fails. The reports are kept here until they can be applied, so that the
 * transmitter need not keep the events, and one user cannot stop the stream of the others.
 */
import type {
  UnappliedReport,
  UnappliedReports,
  AccountAtIssuer,
  UserRestriction,
} from '../../model/records/restriction';
import { audited, type AuditTrail } from '../audit';
import type { SecurityEvents } from '../identity/security-events';
import { changeRestriction, type StoredRestriction } from '../restriction/change';
import { ServiceError } from '../service-error';
import { epochSeconds } from '../system';
import { apply, type ApplyDependencies, type UserEffect } from './apply';
import { accountEffectOf, effectsOf, withEffect } from './effect';

export interface UnappliedReportStore {
  /** A strongly consistent read. */
  of(issuerId: string): Promise<UnappliedReports | undefined>;
  /** Writes the reports if the stored ones have the previous revision, or if there are none and the revision is 1. */
  put(issuerId: string, reports: UnappliedReports): Promise<boolean>;
}

/** Users of one issuer, each with up to 2 KB, so that the record stays below the 400 KB of an item. */
const MAX_USERS = 150;

const stored = (unapplied: UnappliedReportStore, issuerId: string): StoredRestriction<UnappliedReports> => ({
  read: () => unapplied.of(issuerId),
  write: (reports) => unapplied.put(issuerId, reports),
  unrestricted: { users: {}, revision: 0 },
});

/** Returns the overridden state to keep: one revocation is enough, and every issuer revokes for a purged account. */
function overriddenBy(
  changed: UserRestriction,
  { restriction, overridden }: UnappliedReport,
): AccountAtIssuer | undefined {
  const { accountAtIssuer: before } = restriction;
  const isOverridden =
    before && before.state !== 'ENABLED' && before.state !== changed.accountAtIssuer?.state;
  return isOverridden && overridden?.state !== 'PURGED' ? before : overridden;
}

/**
 * Keeps an effect on a user. It is stored when this returns.
 *
 * @throws Error if it could not be stored, or too many users wait; the transmitter then keeps the event
 */
export async function keepUnapplied(
  { unapplied, system }: Pick<ApplyDependencies, 'system'> & { readonly unapplied: UnappliedReportStore },
  { id }: SecurityEvents,
  { userHash, emailHash, effect }: UserEffect,
): Promise<void> {
  await changeRestriction(stored(unapplied, id), ({ users, revision }) => {
    const isAddress = emailHash !== undefined;
    const known = users[userHash] ?? { restriction: { userHash, revision: 0 }, isAddress };
    const changed = withEffect(known.restriction, effect, epochSeconds(system));
    if (!changed) return undefined;
    const restriction = { ...changed, revision: revision + 1 };
    const overridden = overriddenBy(changed, known);
    const kept = { ...users, [userHash]: { restriction, isAddress, ...(overridden && { overridden }) } };
    if (Object.keys(kept).length > MAX_USERS) throw new Error('reports about too many users wait');
    return { users: kept, revision };
  });
}

/** Removes what was applied, unless more was added to it. */
const forget = (
  unapplied: UnappliedReportStore,
  { id }: SecurityEvents,
  { userHash, revision: applied }: UserRestriction,
) =>
  changeRestriction(stored(unapplied, id), ({ users, revision }) => {
    const { [userHash]: current, ...others } = users;
    return current?.restriction.revision === applied ? { users: others, revision } : undefined;
  });

export interface ApplyKeptDependencies extends ApplyDependencies {
  readonly unapplied: UnappliedReportStore;
  readonly audit: AuditTrail;
  /** Receives the error of a user whose reports still cannot be applied. */
  readonly report: (error: unknown) => void;
}

/**
 * Applies what an issuer reported earlier and could not be applied then. What cannot be applied yet stays.
 *
 * @param until epoch milliseconds after which no other user begins
 */
export async function applyKept(
  deps: ApplyKeptDependencies,
  events: SecurityEvents,
  until: number,
): Promise<void> {
  const { users = {} } = (await deps.unapplied.of(events.id)) ?? {};
  for (const { restriction, overridden, isAddress } of Object.values(users)) {
    if (deps.system.now() >= until) return;
    const { userHash } = restriction;
    try {
      await audited(deps.audit, { operation: 'ReceiveSecurityEvents' }, async (annotate) => {
        annotate({ trustedIssuer: events.id, user: userHash });
        const effects = [...(overridden ? [accountEffectOf(overridden)] : []), ...effectsOf(restriction)];
        for (const effect of effects) {
          const emailHash = isAddress ? userHash : undefined;
          annotate(await apply(deps, events, { userHash, emailHash, effect }));
        }
      });
      await forget(deps.unapplied, events, restriction);
    } catch (error) {
      if (!(error instanceof ServiceError)) deps.report(error);
    }
  }
}
