/**
 * The claims of a security event token (RFC 8417) as SSF 1.0 profiles it. The signature is verified elsewhere. A SET has
 * its own `typ`, so that no other JWT of the same issuer is accepted as one (RFC 8725 section 3.11).
 */
import * as v from 'valibot';
import { SetRejection } from './rejection';

export const SET_TYPE = 'secevent+jwt';

/** Seconds that a transmitter's clock can be ahead of ours. */
export const CLOCK_SKEW = 60;

/** Maximum events of one SET. Transmitters of the interoperability profile send one. */
const MAX_EVENTS = 8;

const time = v.pipe(v.number(), v.finite(), v.minValue(0));
const text = v.pipe(v.string(), v.minLength(1), v.maxLength(512));

const ClaimsSchema = v.object({
  jti: text,
  iat: time,
  // RFC 8417 section 2.2: they would make a SET look like a token that grants something (SSF 1.0 section 4.1).
  sub: v.optional(v.never('must not be present')),
  exp: v.optional(v.never('must not be present')),
  sub_id: v.optional(v.unknown()),
  events: v.pipe(
    v.record(v.string(), v.looseObject({})),
    v.check((events) => {
      const { length } = Object.keys(events);
      return length > 0 && length <= MAX_EVENTS;
    }, `must have 1 to ${MAX_EVENTS} members`),
  ),
});

/** One event of a SET. */
export interface SecurityEvent {
  /** URI of the event type. */
  readonly type: string;
  readonly claims: Readonly<Record<string, unknown>>;
  /** The subject identifier, not parsed yet. */
  readonly subjectId: unknown;
  /** Epoch seconds by the issuer's clock at which the event occurred, which can be a fraction. */
  readonly time: number;
  /** Whether the stated time is not valid, so that `time` is the `iat`, which is a later one in a repeated event. */
  readonly isTimeAssumed?: boolean;
}

/** The content of an authentic SET. */
export interface SecurityEventToken {
  readonly jti: string;
  readonly events: readonly SecurityEvent[];
}

const isInFuture = (at: number, now: number): boolean => at > now + CLOCK_SKEW;

/** Epoch seconds, in 2001. A thousandth of a time in the future that is later than this was stated in milliseconds. */
const LEAST_SECONDS = 1e9;

/**
 * Keycloak can leave out `event_timestamp`; then, `iat` is the best time that is known. A time in the future is not when
 * the event occurred. The OpenID conformance suite states milliseconds (CAEP 1.0 section 2: seconds). Any other such event
 * counts from `iat`, because a rejected one would leave the session valid.
 */
function eventTime(
  { event_timestamp: stated }: Readonly<Record<string, unknown>>,
  iat: number,
  now: number,
): Pick<SecurityEvent, 'time' | 'isTimeAssumed'> {
  if (stated === undefined) return { time: iat };
  const parsed = v.safeParse(time, stated);
  if (!parsed.success)
    throw new SetRejection('invalid_request', 'event_timestamp must be a number of seconds.');
  if (!isInFuture(parsed.output, now)) return { time: parsed.output };
  const seconds = parsed.output / 1000;
  return seconds > LEAST_SECONDS && !isInFuture(seconds, now)
    ? { time: seconds }
    : { time: iat, isTimeAssumed: true };
}

/**
 * Returns the events.
 *
 * @param claims of a SET whose signature, type, issuer, and audience were verified
 * @param now epoch seconds
 * @throws SetRejection `invalid_request`
 */
export function securityEventToken(claims: object, now: number): SecurityEventToken {
  const parsed = v.safeParse(ClaimsSchema, claims);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    // The dotted path can contain the sender's own names, so only the first member is repeated.
    const [member = 'claim'] = (v.getDotPath(issue) ?? '').split('.');
    throw new SetRejection('invalid_request', `The claim ${member} of the SET is missing or not valid.`);
  }
  const { jti, iat, sub_id, events } = parsed.output;
  if (isInFuture(iat, now)) throw new SetRejection('invalid_request', 'The iat of the SET is in the future.');
  return {
    jti,
    events: Object.entries(events).map(([type, event]) => ({
      type,
      claims: event,
      // SSF 1.0 section 3.1: sub_id counts. Earlier transmitters name the subject inside of the event.
      subjectId: sub_id ?? event.subject,
      ...eventTime(event, iat, now),
    })),
  };
}
