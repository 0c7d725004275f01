/**
 * Applies what an event does to a user: writes the restriction, and begins to revoke the grants of a purged account.
 * The restriction comes first, because it ends the access. If a request stops between the two writes, the sender repeats
 * it, and the revocation is stored then.
 */
import type { AuditEntry } from '../audit';
import { derivedId } from '../digest';
import type { SecurityEvents } from '../identity/security-events';
import { changeRestriction, storedUserRestriction } from '../restriction/change';
import type { RestrictionStore } from '../restriction/restriction';
import type { UserRestriction } from '../../model/records/restriction';
import type { UserEmailStore } from '../restriction/user-emails';
import { deferRevocation, type BeginRevocationDependencies } from '../revocation/begin';
import { ServiceError } from '../service-error';
import { epochSeconds } from '../system';
import { accountEffectOf, withEffect, type Effect } from './effect';

export interface ApplyDependencies extends BeginRevocationDependencies {
  readonly restrictions: Pick<RestrictionStore, 'ofUser' | 'putUser'>;
  readonly userEmails: Pick<UserEmailStore, 'usersOf'>;
  /** Keeps an effect on a user of an address whose record cannot be changed; if it is absent, the error is thrown. */
  readonly keep?: ((effect: UserEffect) => Promise<void>) | undefined;
}

/** An effect on a user. */
export interface UserEffect {
  readonly userHash: string;
  /** For a user that is named by an email address. */
  readonly emailHash?: string | undefined;
  readonly effect: Effect;
}

type AccountEffect = Effect & { readonly kind: 'account' };

/** Restricts the user. Returns the restriction, and whether the effect changed it. */
async function restrict(
  { restrictions, system }: ApplyDependencies,
  { userHash, effect }: UserEffect,
): Promise<{ readonly restriction: UserRestriction; readonly changed: boolean }> {
  const { before, after } = await changeRestriction(
    storedUserRestriction(restrictions, userHash),
    (current) => withEffect(current, effect, epochSeconds(system)),
  );
  return { restriction: after, changed: after !== before };
}

/** Returns whether the event ends the account's grants: it does not if a newer event overrides it. */
function endsGrants(
  { revokeOnAccountDisabled = false }: SecurityEvents,
  { accountAtIssuer }: UserRestriction,
  { state, at }: AccountEffect,
): boolean {
  if (accountAtIssuer?.state !== state || accountAtIssuer.eventTime !== at) return false;
  return state === 'PURGED' || (state === 'DISABLED' && revokeOnAccountDisabled);
}

const REASONS: Readonly<Record<AccountEffect['state'], string>> = {
  ENABLED: 'account-enabled',
  DISABLED: 'account-disabled',
  PURGED: 'account-purged',
};

/** Stores the revocation of the user's grants, once for each event. Returns its ID. */
async function revokeGrants(
  deps: ApplyDependencies,
  { id: trustedIssuer }: SecurityEvents,
  { userHash, effect }: UserEffect & { readonly effect: AccountEffect },
): Promise<string> {
  // The same for each report of one event.
  const revocationId = derivedId('account', userHash, effect.state, effect.at);
  const isNew = await deferRevocation(deps, {
    revocationId,
    trustedIssuer,
    cause: 'identity-provider',
    filter: { userHash },
    reason: REASONS[effect.state],
  });
  // Without it, the schedule begins within a minute. The user is suspended already.
  if (isNew) await deps.revocationWorker.wake().catch(() => undefined);
  return revocationId;
}

const resultOf = (changed: boolean): Partial<AuditEntry> =>
  changed
    ? { result: 'applied' }
    : { result: 'no-effect', reason: 'applied before, or overridden by a newer event' };

/**
 * Applies the effect to an email address, and what the address then has to each of its users: see
 * ../restriction/user-emails.ts. A user's record keeps only the last report about all subjects, so the address knows better
 * which of two reports about it is the later one.
 */
async function applyToEmail(
  deps: ApplyDependencies,
  events: SecurityEvents,
  emailHash: string,
  effect: Effect,
): Promise<Partial<AuditEntry>> {
  const { restriction, changed } = await restrict(deps, { userHash: emailHash, effect });
  const users = await deps.userEmails.usersOf(emailHash);
  const { accountAtIssuer } = restriction;
  const named =
    effect.kind === 'account' && accountAtIssuer
      ? accountEffectOf({ ...accountAtIssuer, emailHash })
      : effect;
  const applied: Partial<AuditEntry>[] = [];
  const kept: string[] = [];
  // One user whose record cannot be changed does not protect the others.
  const errors: unknown[] = [];
  for (const userHash of users) {
    try {
      applied.push(await apply(deps, events, { userHash, effect: named }));
    } catch (error) {
      if (!deps.keep || error instanceof ServiceError) errors.push(error);
      else {
        await deps.keep({ userHash, effect: named });
        kept.push(userHash);
      }
    }
  }
  if (errors.length > 0) throw errors[0];
  const [only] = applied;
  if (only && users.length === 1) return only;
  const result = resultOf(changed || applied.some(({ result: each }) => each === 'applied'));
  return {
    user: emailHash,
    ...result,
    ...(users.length > 0 && {
      reason: [
        `users of the address: ${users.join(', ')}`,
        ...(kept.length > 0 ? [`kept until the record can be changed: ${kept.join(', ')}`] : []),
      ].join('; '),
    }),
  };
}

/**
 * Applies the effect to the user. Everything that it leads to is stored when this returns.
 *
 * Returns what to add to the audit entry.
 *
 * @throws ThrottlingException after too many concurrent changes; Error if something could not be stored. The sender
 *   repeats the request
 */
export async function apply(
  deps: ApplyDependencies,
  events: SecurityEvents,
  { userHash, emailHash, effect }: UserEffect,
): Promise<Partial<AuditEntry>> {
  if (emailHash !== undefined) return applyToEmail(deps, events, emailHash, effect);
  const { restriction, changed } = await restrict(deps, { userHash, effect });
  const revokes = effect.kind === 'account' && endsGrants(events, restriction, effect);
  const revocation = revokes ? await revokeGrants(deps, events, { userHash, effect }) : undefined;
  return {
    user: userHash,
    ...resultOf(changed),
    ...(revocation !== undefined && { revocation }),
  };
}
