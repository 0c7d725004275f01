/** Consent sessions in the sessions table. Each transition is one write, on the condition of the previous revision. */
import * as v from 'valibot';
import { SESSION_STATES, type Session, type SessionStore } from '../../domain/consent/session';
import { sessionKey, TTL_ATTRIBUTE } from '../../contract/table-keys';
import { parseRecord, versioned } from './record';
import { ABSENT, type Table } from './table';

/** Seconds that a finished session is stored, to distinguish it from an unknown one. */
const KEPT_AFTER_END = 24 * 3600;

const StoredSession = v.object({
  hash: v.string(),
  state: v.picklist(SESSION_STATES),
  revision: v.number(),
  createdAt: v.number(),
  expiresAt: v.number(),
  workload: v.object({
    name: v.string(),
    id: v.string(),
    arn: v.string(),
    displayName: v.exactOptional(v.string()),
  }),
  subjectHash: v.string(),
  provider: v.object({ name: v.string(), id: v.string(), displayName: v.exactOptional(v.string()) }),
  target: v.string(),
  epoch: v.number(),
  forced: v.exactOptional(v.boolean()),
  scopes: v.array(v.string()),
  parameterScopes: v.exactOptional(v.array(v.string())),
  resources: v.array(v.string()),
  audiences: v.array(v.string()),
  returnUrl: v.string(),
  authorization: v.object({
    endpoint: v.string(),
    tokenOrigin: v.exactOptional(v.string()),
    issuer: v.string(),
    issuerInResponse: v.boolean(),
    clientId: v.string(),
    client: v.string(),
    callbackId: v.string(),
    scopeSeparator: v.string(),
    pkce: v.boolean(),
    // Absent from a session that started before requests were pushed.
    pushed: v.optional(v.boolean(), false),
    omittedScopes: v.exactOptional(v.array(v.string())),
    parameters: v.record(v.string(), v.string()),
  }),
  dpop: v.exactOptional(v.object({ thumbprint: v.string(), sealed: v.string() })),
  page: v.exactOptional(
    v.object({ purpose: v.exactOptional(v.string()), portalId: v.exactOptional(v.string()) }),
  ),
  sealedRequest: v.string(),
  start: v.exactOptional(
    v.object({ stateHash: v.string(), cookieHash: v.string(), sealedVerifier: v.string() }),
  ),
  // Absent from a session of an earlier version, which cannot complete: the user consents again.
  responded: v.exactOptional(
    v.object({ cookieHash: v.string(), at: v.number(), refused: v.exactOptional(v.literal(true)) }),
  ),
  completionHash: v.exactOptional(v.string()),
  sealedCode: v.exactOptional(v.string()),
  failure: v.exactOptional(v.string()),
});

/** The attribute of the user is named as in the ID of the session's grant. */
const SessionRecord = v.pipe(
  StoredSession,
  v.transform(({ subjectHash, ...session }): Session => ({ ...session, userHash: subjectHash })),
);

const record = ({ userHash, ...session }: Session) =>
  versioned({ ...session, subjectHash: userHash, [TTL_ATTRIBUTE]: session.expiresAt + KEPT_AFTER_END });

export const createSessionStore = (sessions: Table): SessionStore => ({
  async get(hash) {
    const item = await sessions.get(sessionKey(hash));
    return parseRecord(SessionRecord, item);
  },
  async create(session) {
    if (!(await sessions.put(sessionKey(session.hash), record(session), ABSENT))) {
      throw new Error('a session ID was generated twice');
    }
  },
  advance: (next) =>
    sessions.put(sessionKey(next.hash), record(next), {
      condition: 'revision = :before',
      values: { ':before': next.revision - 1 },
    }),
});
