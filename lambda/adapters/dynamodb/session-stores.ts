/** What the sessions table has: sessions, and what was used or received once. DynamoDB deletes all but reports at its end. */
import { hashOf } from '../../domain/digest';
import type { SessionStore } from '../../domain/consent/session';
import type { UsedAssertions } from '../../domain/identity/identity-assertion';
import type { PortalSessionStore } from '../../domain/portal/session';
import type { ReceivedEvent, ReceivedEventStore } from '../../domain/security-event/receive-set';
import type { UnappliedReportStore } from '../../domain/security-event/unapplied';
import { epochSeconds, type System } from '../../domain/system';
import {
  portalSessionKey,
  receivedEventKey,
  sessionKey,
  TTL_ATTRIBUTE,
  unappliedReportsKey,
  usedAssertionKey,
  usedStateKey,
} from '../../model/table-keys';
import { SessionSchema, type Session } from '../../model/records/consent-session';
import { PortalSessionSchema } from '../../model/records/portal-session';
import { UnappliedReportsSchema } from '../../model/records/restriction';
import { readRecord, replaceRecord, versioned, writeRevision } from './record';
import { ABSENT, type Table } from './table';

/** Seconds that a finished session is stored, to distinguish it from an unknown one. */
const KEPT_AFTER_END = 24 * 3600;

export function createSessionStore(sessions: Table): SessionStore {
  const item = (session: Session) => ({ ...session, [TTL_ATTRIBUTE]: session.expiresAt + KEPT_AFTER_END });
  return {
    get: (hash) => readRecord(sessions, sessionKey(hash), SessionSchema),
    async create(session) {
      if (!(await sessions.put(sessionKey(session.hash), versioned(item(session)), ABSENT))) {
        throw new Error('a session ID was generated twice');
      }
    },
    advance: (next) => replaceRecord(sessions, sessionKey(next.hash), item(next)),
  };
}

export const createPortalSessionStore = (sessions: Table): PortalSessionStore => ({
  consumeState: ({ stateHash, sessionHash, expiresAt }) =>
    sessions.put(usedStateKey(stateHash), versioned({ sessionHash, [TTL_ATTRIBUTE]: expiresAt }), {
      condition: `${ABSENT.condition} OR sessionHash = :sessionHash`,
      values: { ':sessionHash': sessionHash },
    }),
  get: (hash) => readRecord(sessions, portalSessionKey(hash), PortalSessionSchema),
  async create(session) {
    const record = versioned({ ...session, [TTL_ATTRIBUTE]: session.expiresAt });
    if (!(await sessions.put(portalSessionKey(session.hash), record, ABSENT))) {
      throw new Error('a session secret was generated twice');
    }
  },
  async remove(hash) {
    await sessions.remove(portalSessionKey(hash));
  },
});

/** Seconds that a used assertion outlives itself, so that no function's clock can still accept it. */
const MARGIN = 300;

export const createUsedAssertionStore = (sessions: Table): UsedAssertions => ({
  add({ id, user: { issuer }, expiresAt }) {
    // A jti is unique for its issuer only (RFC 7519 section 4.1.7).
    const key = usedAssertionKey(hashOf(JSON.stringify([issuer, id])));
    return sessions.put(key, versioned({ [TTL_ATTRIBUTE]: Math.ceil(expiresAt) + MARGIN }), ABSENT);
  },
});

/**
 * Seconds that a security event is remembered. Keycloak repeats an event for up to 48 hours. A later repetition changes
 * nothing either, because the time of an event decides.
 */
const REMEMBERED = 7 * 24 * 3600;

export function createReceivedEventStore(sessions: Table, system: Pick<System, 'now'>): ReceivedEventStore {
  const keyOf = ({ issuerId, jti }: ReceivedEvent) => receivedEventKey(issuerId, hashOf(jti));
  return {
    has: async (event) => (await sessions.get(keyOf(event))) !== undefined,
    async add(event) {
      await sessions.put(keyOf(event), versioned({ [TTL_ATTRIBUTE]: epochSeconds(system) + REMEMBERED }));
    },
  };
}

/** One item for each issuer, which is never deleted. */
export const createUnappliedReportStore = (sessions: Table): UnappliedReportStore => ({
  of: (issuerId) => readRecord(sessions, unappliedReportsKey(issuerId), UnappliedReportsSchema),
  put: (issuerId, reports) => writeRevision(sessions, unappliedReportsKey(issuerId), reports),
});
