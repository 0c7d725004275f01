/**
 * What each event does to a user of the issuer. Sources: OpenID CAEP 1.0 and RISC 1.0. Times are the issuer's, as in its
 * user tokens, and decide the order: an older event never undoes a newer one, whenever it arrives.
 */
import type { AccountAtIssuer, UserRestriction } from '../../model/records/restriction';
import type { SecurityEvent } from './set';
import type { EventSubject } from './subject';

const CAEP = 'https://schemas.openid.net/secevent/caep/event-type/';
const RISC = 'https://schemas.openid.net/secevent/risc/event-type/';
const SSF = 'https://schemas.openid.net/secevent/ssf/event-type/';

export const VERIFICATION = `${SSF}verification`;
export const STREAM_UPDATED = `${SSF}stream-updated`;

/** What an event does to a user. */
export type Effect =
  /** User tokens that were issued until then are not valid: those of one session, or all. */
  | { readonly kind: 'sessions-ended'; readonly at: number; readonly sessionHash?: string | undefined }
  | {
      readonly kind: 'account';
      readonly at: number;
      readonly state: 'ENABLED' | 'DISABLED' | 'PURGED';
      /** `securityEvents.id` of the issuer that reports it. */
      readonly trustedIssuer?: string | undefined;
      /** The address that the event names, for an effect on one of its users. */
      readonly emailHash?: string | undefined;
    };

type Kind = 'sessions-ended' | 'ENABLED' | 'DISABLED' | 'PURGED';

const KINDS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  [`${CAEP}session-revoked`, 'sessions-ended'],
  [`${CAEP}credential-change`, 'sessions-ended'],
  [`${CAEP}token-claims-change`, 'sessions-ended'],
  // The predecessor of session-revoked, which Google sends.
  [`${RISC}sessions-revoked`, 'sessions-ended'],
  [`${RISC}account-disabled`, 'DISABLED'],
  [`${RISC}account-enabled`, 'ENABLED'],
  [`${RISC}account-purged`, 'PURGED'],
]);

/**
 * Returns the effect of the event on its user; a text that says why it has none.
 *
 * @param sessionHash hash of the session ID of the subject, if it names one
 */
export function effectOf(
  { type, claims, time: at, isTimeAssumed }: Omit<SecurityEvent, 'subjectId'>,
  { narrowedBy }: Pick<EventSubject, 'narrowedBy'>,
  sessionHash: string | undefined,
): Effect | string {
  const kind = KINDS.get(type);
  if (kind === undefined) return 'the event type has no effect here';
  if (kind !== 'sessions-ended') {
    // A subject on one device is less than an account. To end its sessions is safe: the user signs in again.
    if (narrowedBy.length > 0) return 'the subject is narrower than an account';
    // It could be older than the event that suspended the user.
    if (kind === 'ENABLED' && isTimeAssumed) return 'the time of the event is in the future';
    return { kind: 'account', at, state: kind };
  }
  // A new credential takes no session's right away.
  if (type === `${CAEP}credential-change` && claims.change_type === 'create') {
    return 'a new credential ends no session';
  }
  return { kind: 'sessions-ended', at, ...(sessionHash !== undefined && { sessionHash }) };
}

/** Sessions that a record names. When there are more, the oldest stand for all sessions of that time. */
export const MAX_ENDED_SESSIONS = 20;

type Ended = Pick<UserRestriction, 'endedBefore' | 'endedSessions'>;

/**
 * Bounds the record. A session that is no longer named is covered by the time before which all sessions ended: this can
 * only refuse more, never less.
 */
function bounded(endedBefore: number | undefined, sessions: ReadonlyMap<string, number>): Ended {
  const newestFirst = [...sessions].sort(([, a], [, b]) => b - a);
  const before = newestFirst
    .slice(MAX_ENDED_SESSIONS)
    .reduce<number | undefined>((latest, [, at]) => Math.max(latest ?? at, at), endedBefore);
  const named = newestFirst
    .slice(0, MAX_ENDED_SESSIONS)
    .filter(([, at]) => before === undefined || at > before);
  return {
    ...(before !== undefined && { endedBefore: before }),
    ...(named.length > 0 && { endedSessions: Object.fromEntries(named) }),
  };
}

function withSessionsEnded(
  current: UserRestriction,
  { at, sessionHash }: Effect & { kind: 'sessions-ended' },
): UserRestriction | undefined {
  const { endedBefore, endedSessions = {}, ...others } = current;
  const known = new Map(Object.entries(endedSessions));
  const before = sessionHash === undefined ? endedBefore : (known.get(sessionHash) ?? endedBefore);
  if ((before ?? -1) >= at || (endedBefore ?? -1) >= at) return undefined;
  if (sessionHash !== undefined) known.set(sessionHash, at);
  return { ...others, ...bounded(sessionHash === undefined ? at : endedBefore, known) };
}

/** Within one instant, the state that restricts more counts. */
const ORDER = ['ENABLED', 'DISABLED', 'PURGED'] as const;

/** Returns whether an event of this time and state is overridden by what was reported before. */
const isOverridden = (
  before: AccountAtIssuer,
  { state, at }: Pick<Effect & { kind: 'account' }, 'state' | 'at'>,
) =>
  before.eventTime > at || (before.eventTime === at && ORDER.indexOf(state) <= ORDER.indexOf(before.state));

/**
 * An address can have several users, and a user several addresses. So a report about an address lifts only what reports about
 * this address imposed, and what reports about several subjects imposed, only one about the user itself lifts.
 */
function withAccount(
  current: UserRestriction,
  effect: Effect & { kind: 'account' },
  now: number,
): UserRestriction | undefined {
  const { state, at, trustedIssuer, emailHash } = effect;
  const { accountAtIssuer: before } = current;
  const isOfAnother = before !== undefined && before.emailHash !== emailHash;
  if (isOfAnother && state === 'ENABLED' && emailHash !== undefined) return undefined;
  const isOfSeveral = isOfAnother && state !== 'ENABLED' && before.state !== 'ENABLED';
  const subject = isOfSeveral ? undefined : emailHash;
  // Nor does it override an older report about another subject that arrives later.
  const isOfAnotherAddress = isOfAnother && before.state === 'ENABLED' && before.emailHash !== undefined;
  if (before && !isOfAnotherAddress && isOverridden(before, effect)) {
    const { emailHash: address, ...account } = before;
    return isOfSeveral && address !== undefined ? { ...current, accountAtIssuer: account } : undefined;
  }
  return {
    ...current,
    accountAtIssuer: {
      state,
      eventTime: at,
      // Only the order is updated: an older event of another state must not follow.
      ...(before?.state === state
        ? {
            since: before.since,
            ...(before.trustedIssuer !== undefined && { trustedIssuer: before.trustedIssuer }),
          }
        : { since: now, ...(trustedIssuer !== undefined && { trustedIssuer }) }),
      ...(subject !== undefined && { emailHash: subject }),
    },
  };
}

/**
 * Returns the restriction with the effect; undefined if the effect changes nothing, because it was applied before or a
 * newer event overrides it.
 *
 * @param now epoch seconds
 */
export const withEffect = (
  current: UserRestriction,
  effect: Effect,
  now: number,
): UserRestriction | undefined =>
  effect.kind === 'account' ? withAccount(current, effect, now) : withSessionsEnded(current, effect);

/** Returns the effect of the event that reported this state of the account. */
export const accountEffectOf = ({
  state,
  eventTime: at,
  trustedIssuer,
  emailHash,
}: AccountAtIssuer): Effect => ({
  kind: 'account',
  at,
  state,
  trustedIssuer,
  emailHash,
});

/** Returns effects that restrict a user as much as this restriction does. */
export const effectsOf = ({
  endedBefore,
  endedSessions = {},
  accountAtIssuer,
}: UserRestriction): Effect[] => [
  ...(endedBefore === undefined ? [] : [{ kind: 'sessions-ended', at: endedBefore } as const]),
  ...Object.entries(endedSessions).map(
    ([sessionHash, at]) => ({ kind: 'sessions-ended', at, sessionHash }) as const,
  ),
  ...(accountAtIssuer ? [accountEffectOf(accountAtIssuer)] : []),
];
