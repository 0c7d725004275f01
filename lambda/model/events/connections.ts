/**
 * The calls of the `connections` function, which does everything that a person does in a consent portal. It takes no user's
 * name from its caller: only a live session's secret. Their results are those of domain/portal/steps.ts.
 */
import * as v from 'valibot';
import type { Of } from '../of';

/** Characters of a base64url secret of 32 bytes. */
const SECRET_LENGTH = 43;

/** An ID as the browser sent it: an unknown one and one of the wrong form get the same result. */
const portalId = v.pipe(v.string(), v.maxLength(2_048));

const secret = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]+$/), v.length(SECRET_LENGTH));

/** A cookie's content as the browser sent it. */
const session = v.pipe(v.string(), v.maxLength(4_096));

/** What the browser sent: the key of a row, its position, or the name of an agent. */
const fromBrowser = v.pipe(v.string(), v.maxLength(2_048));

const query = v.pipe(
  v.array(v.pipe(v.strictTuple([v.string(), v.string()]), v.readonly())),
  v.maxLength(50),
  v.readonly(),
);

const onSession = v.object({ portalId, session });
const onConnection = v.object({ portalId, session, connection: fromBrowser });

/** The steps of a person. */
export const PORTAL_STEPS = {
  /**
   * The portal's appearance and its sign-in URL. `secret` is a new secret of 32 bytes, kept in the browser's cookie. With
   * `otherAccount`, the identity provider asks for the account instead of using the one that is signed in.
   */
  signIn: v.object({ portalId, secret, otherAccount: v.exactOptional(v.literal(true)) }),
  /**
   * The identity provider's response to the sign-in that `secret` began. `newSession` is a new secret of 32 bytes for the
   * session that is created: an invocation that Lambda's client repeats finds the session of the first one. The new session
   * replaces the `previous` one.
   */
  signInCallback: v.object({
    portalId,
    secret,
    query,
    newSession: secret,
    previous: v.exactOptional(session),
  }),
  /**
   * The agents and connections of the signed-in person, or only the portal's appearance. With `after`, the `next` of an
   * agent, only its further connections.
   */
  view: v.object({
    portalId,
    session: v.exactOptional(session),
    after: v.exactOptional(fromBrowser),
  }),
  /** Begins a consent session for a row, or continues its open one. */
  connect: onConnection,
  /**
   * Completes a consent session. `sessionUri` is the `session_id` of the return URL, and `bindingCookie` the content of
   * the cookie that binds the browser to the consent session.
   */
  complete: v.object({
    portalId,
    session,
    sessionUri: v.pipe(v.string(), v.maxLength(4_096)),
    bindingCookie: v.exactOptional(v.pipe(v.string(), v.maxLength(4_096))),
  }),
  /** What the disconnection of a row would end. */
  disconnectQuestion: onConnection,
  /** Disconnects a row. Repeated for a row that is disconnected: `no-such-connection`. */
  disconnect: onConnection,
  /**
   * Disconnects all accounts of an agent, which is named by its workload identity. `clientToken` is a new one: an invocation
   * that Lambda's client repeats continues the revocation of the first one.
   */
  disconnectAgent: v.object({
    portalId,
    session,
    agent: fromBrowser,
    clientToken: v.pipe(v.string(), v.uuid()),
  }),
  /** The progress of a disconnection. */
  disconnection: v.object({
    portalId,
    session,
    revocationId: v.pipe(v.string(), v.maxLength(2_048)),
  }),
  /** Ends the session. An unknown session is signed out, too. */
  signOut: onSession,
};

export type StepName = keyof typeof PORTAL_STEPS;
export type StepInput<Name extends StepName> = Of<(typeof PORTAL_STEPS)[Name]>;

export const CONNECTIONS_CALLS = {
  ...PORTAL_STEPS,
  /** Sent by the control plane, asynchronously: checks a new or updated portal, and stores the result as its status. */
  verify: v.object({ portalId, revision: v.pipe(v.number(), v.integer(), v.minValue(0)) }),
};

/** The browser's request, for audit entries. Nothing is decided by it. */
export const OriginSchema = v.object({
  requestId: v.exactOptional(v.string()),
  sourceIp: v.exactOptional(v.string()),
  userAgent: v.exactOptional(v.string()),
});
