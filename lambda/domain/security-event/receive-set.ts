/** Receives one SET, whichever way it was delivered: validates it, and applies what it reports. */
import type { Annotate, AuditEntry } from '../audit';
import type { SecurityEvents, Transmitter } from '../identity/security-events';
import { issuerConnection } from '../identity/trusted-issuer';
import type { MetadataReader } from '../oauth/provider-metadata';
import { ServiceError } from '../service-error';
import { epochSeconds } from '../system';
import { apply, type ApplyDependencies, type UserEffect } from './apply';
import { effectOf, STREAM_UPDATED, VERIFICATION } from './effect';
import type { EventTokens } from './event-tokens';
import { SetRejection } from './rejection';
import { reportedUser, type Reporter } from './reporter';
import { securityEventToken, SET_TYPE, type SecurityEvent } from './set';
import { eventSubject, opaqueId } from './subject';
import { keepUnapplied, type UnappliedReportStore } from './unapplied';

/** Remembers the SETs that were received, so that a repeated one has no further effect. */
export interface ReceivedEventStore {
  has(event: ReceivedEvent): Promise<boolean>;
  add(event: ReceivedEvent): Promise<void>;
}

export interface ReceivedEvent {
  /** `id` of the issuer's configuration. */
  readonly issuerId: string;
  readonly jti: string;
}

export interface SetDependencies extends ApplyDependencies {
  readonly tokens: EventTokens;
  readonly metadata: MetadataReader;
  readonly receivedEvents: ReceivedEventStore;
  /** Keeps what cannot be applied yet. Without it, the transmitter sends the event again. */
  readonly unapplied?: UnappliedReportStore;
}

/** Maximum characters of a SET, which has about 1,000. */
export const MAX_SET_CHARACTERS = 65_536;

/** A SET as it was delivered. Nothing in it is verified. */
export interface DeliveredSet {
  readonly token: string;
  /** The `jti` under which a transmitter that is polled keeps it. */
  readonly jti?: string;
}

/** What one event leads to: an effect on a user, or only an entry in the audit log. */
type Decision = { readonly result: string; readonly reason?: string } | UserEffect;

const noEffect = (reason: string): Decision => ({ result: 'no-effect', reason });

/**
 * SSF 1.0 sections 8.1.4 and 8.1.5: the subject of an event about the stream is the ID of the stream.
 *
 * @throws SetRejection `invalid_request` for another stream
 */
function checkStream(
  { subjectId }: SecurityEvent,
  { transmitter }: Pick<SecurityEvents, 'transmitter'>,
): void {
  const { streamId } = transmitter ?? {};
  if (streamId !== undefined && opaqueId(subjectId) !== streamId) {
    throw new SetRejection('invalid_request', 'The subject of the event is not the ID of this stream.');
  }
}

/** SSF 1.0 section 8.1.4. Only an event that the operator requested has a state. */
function verification(
  { claims }: SecurityEvent,
  { transmitter }: Pick<SecurityEvents, 'transmitter'>,
): Decision {
  if (claims.state !== undefined && claims.state !== transmitter?.verificationState) {
    throw new SetRejection('invalid_state', 'The state of the verification event was not requested.');
  }
  return { result: 'verified' };
}

const STREAM_RESULTS: ReadonlyMap<unknown, string> = new Map([
  ['enabled', 'stream-enabled'],
  ['paused', 'stream-stopped'],
  ['disabled', 'stream-stopped'],
]);

/** SSF 1.0 section 8.1.5. Keycloak nests the state in an object. */
function streamUpdated({ claims: { status } }: SecurityEvent): Decision {
  const stated: unknown =
    typeof status === 'object' && status !== null && 'status' in status ? status.status : status;
  return { result: STREAM_RESULTS.get(stated) ?? 'stream-updated' };
}

async function decide(
  deps: SetDependencies,
  { trusted, events }: Reporter,
  event: SecurityEvent,
  annotate: Annotate,
): Promise<Decision> {
  if (event.type === VERIFICATION || event.type === STREAM_UPDATED) {
    checkStream(event, events);
    return event.type === VERIFICATION ? verification(event, events) : streamUpdated(event);
  }
  const subject = eventSubject(event.subjectId);
  if (subject === undefined) {
    throw new SetRejection('invalid_request', 'The subject identifier of the SET is missing or malformed.');
  }
  if (typeof subject === 'string') return noEffect(subject);
  if ('email' in subject.user && !events.emailSubjects) {
    return noEffect('the issuer does not name users by email address here');
  }
  // SSF 1.0 section 3.6: such an event must be discarded.
  const critical = subject.unused.filter((each) =>
    events.transmitter?.criticalSubjectMembers?.includes(each),
  );
  if (critical.length > 0) return noEffect('the subject has a critical member that is not supported');
  const user = await reportedUser(deps, trusted, subject);
  if (!user) {
    throw new SetRejection(
      'access_denied',
      'The subject is a user of another issuer. A transmitter reports only on users of its issuer.',
    );
  }
  annotate({ user: user.userHash });
  const effect = effectOf(event, subject, user.sessionHash);
  return typeof effect === 'string'
    ? noEffect(effect)
    : { ...user, effect: effect.kind === 'account' ? { ...effect, trustedIssuer: events.id } : effect };
}

/** Applies an effect, or keeps it if it cannot be applied to this user. */
async function applyOrKeep(
  { unapplied, ...deps }: SetDependencies,
  { events }: Reporter,
  decision: UserEffect,
): Promise<Partial<AuditEntry>> {
  const keep = unapplied && ((effect: UserEffect) => keepUnapplied({ ...deps, unapplied }, events, effect));
  try {
    return await apply({ ...deps, keep }, events, decision);
  } catch (error) {
    // Any other error than one of a moment can be of this user alone, for as long as its record stays as it is.
    if (!keep || error instanceof ServiceError) throw error;
    await keep(decision);
    return { result: 'kept', reason: 'it cannot be applied yet, and the next runs try again' };
  }
}

const lastSegment = (type: string): string => type.slice(type.lastIndexOf('/') + 1);

/**
 * Receives a SET. What it reports is stored when this returns.
 *
 * @throws SetRejection with the code for the transmitter; ThrottlingException or InternalServerException if the
 *   transmitter must deliver it again
 */
export async function receiveSet(
  deps: SetDependencies,
  reporter: Reporter,
  transmitter: Transmitter,
  delivered: DeliveredSet,
  annotate: Annotate,
): Promise<void> {
  if (delivered.token.length > MAX_SET_CHARACTERS) {
    throw new SetRejection('invalid_request', 'The SET is too long.');
  }
  const claims = await deps.tokens.verify(delivered.token, {
    types: [SET_TYPE],
    isIssuer: (issuer) => issuer === transmitter.issuer,
    audience: transmitter.audience,
    jwksUri: () => Promise.resolve(transmitter.jwksUri),
    connection: issuerConnection(reporter.trusted),
    isKept: delivered.jti !== undefined,
  });
  const { jti, events } = securityEventToken(claims, epochSeconds(deps.system));
  annotate({ jti, securityEvents: events.map(({ type }) => lastSegment(type)) });
  // An acknowledgment names the SET so: one SET must not stand for another.
  if (delivered.jti !== undefined && delivered.jti !== jti) {
    throw new SetRejection(
      'invalid_request',
      'The jti of the SET is not the one that it was delivered under.',
    );
  }
  const received = { issuerId: reporter.events.id, jti };
  if (await deps.receivedEvents.has(received)) return annotate({ result: 'repeated' });

  // All decisions come before the first write, so that a rejected SET has no effect.
  const decisions: Decision[] = [];
  for (const event of events) decisions.push(await decide(deps, reporter, event, annotate));
  for (const decision of decisions) {
    if ('result' in decision) annotate(decision);
    else annotate(await applyOrKeep(deps, reporter, decision));
  }
  // Last: if a write before fails, the transmitter sends the SET again, and it is not taken for a repeated one.
  await deps.receivedEvents.add(received);
}
