/**
 * What each event does to a user of the issuer. Sources: OpenID CAEP 1.0 and RISC 1.0. Times are the issuer's, as in its
 * user tokens, and decide the order: an older event never undoes a newer one, whenever it arrives.
 */
import type { AccountAtIssuer, UserRestriction } from '../restriction/restriction';
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

function withAccount(
  current: UserRestriction,
  { state, at, trustedIssuer }: Effect & { kind: 'account' },
  now: number,
): UserRestriction | undefined {
  const before = current.accountAtIssuer;
  if (before && (before.eventTime > at || before.state === state)) {
    // Only the order is updated: an older event of another state must not follow.
    return before.state === state && at > before.eventTime
      ? { ...current, accountAtIssuer: { ...before, eventTime: at } }
      : undefined;
  }
  if (before?.eventTime === at && ORDER.indexOf(state) < ORDER.indexOf(before.state)) return undefined;
  return {
    ...current,
    accountAtIssuer: {
      state,
      eventTime: at,
      since: now,
      ...(trustedIssuer !== undefined && { trustedIssuer }),
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
export const accountEffectOf = ({ state, eventTime: at, trustedIssuer }: AccountAtIssuer): Effect => ({
  kind: 'account',
  at,
  state,
  trustedIssuer,
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
