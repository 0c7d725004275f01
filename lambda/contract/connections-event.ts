/**
 * Events and results of the `connections` function, parsed at both ends. The function does everything that a person does
 * in a consent portal. It takes no user's name from its caller: only a live session's secret. Results contain no token of
 * a user or of a provider.
 */
import * as v from 'valibot';

/** Characters of a base64url secret of 32 bytes. */
const SECRET_LENGTH = 43;

const text = (maxLength: number) => v.pipe(v.string(), v.minLength(1), v.maxLength(maxLength));
const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** An ID as the browser sent it: an unknown one and one of the wrong form get the same result. */
const portalId = v.pipe(v.string(), v.maxLength(2_048));

const secret = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]+$/), v.length(SECRET_LENGTH));

/** A cookie's content as the browser sent it. */
const session = v.pipe(v.string(), v.maxLength(4_096));

/** The key of a row, as the browser sent it. */
const connection = v.pipe(v.string(), v.maxLength(2_048));

const query = v.pipe(
  v.array(v.pipe(v.strictTuple([v.string(), v.string()]), v.readonly())),
  v.maxLength(50),
  v.readonly(),
);

const onSession = v.strictObject({ portalId, session });
const onConnection = v.strictObject({ portalId, session, connection });

/** The event of an invocation, which requests one action. */
export const ConnectionsEventSchema = v.union([
  /** The portal's appearance and its sign-in URL. `secret` is a new secret of 32 bytes, kept in the browser's cookie. */
  v.strictObject({ signIn: v.strictObject({ portalId, secret }) }),
  /** The identity provider's response to the sign-in that `secret` began. */
  v.strictObject({ finishSignIn: v.strictObject({ portalId, secret, query }) }),
  /** The agents and connections of the signed-in person, or only the portal's appearance. */
  v.strictObject({ view: v.strictObject({ portalId, session: v.exactOptional(session) }) }),
  /** Begins a consent session for a row, or continues its open one. */
  v.strictObject({ connect: onConnection }),
  /** Completes a consent session. `sessionUri` is the `session_id` of the return URL. */
  v.strictObject({
    complete: v.strictObject({ portalId, session, sessionUri: v.pipe(v.string(), v.maxLength(4_096)) }),
  }),
  /** What the disconnection of a row would end. */
  v.strictObject({ reach: onConnection }),
  /** Disconnects a row. Repeated for a row that is disconnected: `no-such-connection`. */
  v.strictObject({ disconnect: onConnection }),
  /** The progress of a disconnection. */
  v.strictObject({
    disconnection: v.strictObject({
      portalId,
      session,
      revocationId: v.pipe(v.string(), v.maxLength(2_048)),
    }),
  }),
  /** Ends the session. An unknown session is signed out, too. */
  v.strictObject({ signOut: onSession }),
  /** Sent by the control plane, asynchronously: checks a new or updated portal, and stores the result as its status. */
  v.strictObject({ verify: v.strictObject({ portalId, revision: count }) }),
]);

export type ConnectionsEvent = v.InferOutput<typeof ConnectionsEventSchema>;

/** How pages of a portal look. */
export const PortalAppearanceSchema = v.strictObject({
  portalId: text(2_048),
  /** The name for people: the branding's, or the portal's own. */
  name: text(64),
  color: v.exactOptional(text(7)),
  /** A data URI. */
  logo: v.exactOptional(v.string()),
  /** Display name of the identity provider at which people sign in. */
  signInProvider: v.string(),
});

export type PortalAppearance = v.InferOutput<typeof PortalAppearanceSchema>;

/** A technical name, and the name for people. Equal if none was set. */
const Named = v.strictObject({ name: v.string(), displayName: v.string() });

export type Named = v.InferOutput<typeof Named>;

export const CONNECTION_STATUSES = [
  'NOT_CONNECTED',
  'CONNECTED',
  /** The agent's access ended, or the provider refused it. The person can connect again. */
  'NEEDS_CONSENT',
  /** The provider failed, and the service tries again later. */
  'UNAVAILABLE',
] as const;

const ConnectionSchema = v.strictObject({
  /** Opaque, and meaningful only for the person whose session it is. */
  key: text(2_048),
  provider: Named,
  scopes: v.pipe(v.array(v.string()), v.readonly()),
  purpose: v.exactOptional(v.string()),
  status: v.picklist(CONNECTION_STATUSES),
  /** Epoch seconds of the newest consent. */
  connectedAt: v.exactOptional(v.number()),
  /** Day (UTC, `2026-11-26`) of the last use by the agent. */
  lastUsedDate: v.exactOptional(v.string()),
  canConnect: v.boolean(),
  canDisconnect: v.boolean(),
});

export type Connection = v.InferOutput<typeof ConnectionSchema>;

const AgentViewSchema = v.strictObject({
  ...Named.entries,
  suspended: v.boolean(),
  connections: v.pipe(v.array(ConnectionSchema), v.readonly()),
});

export type AgentView = v.InferOutput<typeof AgentViewSchema>;

const AgentAtProvider = v.strictObject({ agent: Named, provider: Named });

export type AgentAtProvider = v.InferOutput<typeof AgentAtProvider>;

export const DISCONNECTION_STATES = ['PENDING', 'CONFIRMED', 'UNCONFIRMED', 'NOT_PROVABLE'] as const;

/** The members of a result in addition to the appearance, by action. */
export const OUTCOMES = {
  signIn: v.strictObject({ signInUrl: v.string() }),
  finishSignIn: v.strictObject({
    session: v.strictObject({
      /** The new session's secret, for the browser's cookie. */
      secret,
      /** Epoch seconds. */
      expiresAt: v.number(),
      personName: v.exactOptional(v.pipe(v.string(), v.maxLength(100))),
    }),
  }),
  signedOut: v.strictObject({ signedIn: v.literal(false) }),
  view: v.strictObject({ agents: v.pipe(v.array(AgentViewSchema), v.readonly()) }),
  connect: v.strictObject({ authorizationUrl: v.string() }),
  complete: v.strictObject({ completed: AgentAtProvider }),
  reach: v.strictObject({
    reach: v.strictObject({
      ...AgentAtProvider.entries,
      /** Whether the provider can prove that the tokens ended, can only receive a revocation, or has no revocation. */
      revocation: v.picklist(['provable', 'told', 'none']),
      /** The person's other connections that this disconnection ends at the provider. */
      alsoLose: v.pipe(v.array(AgentAtProvider), v.readonly()),
    }),
  }),
  disconnect: v.strictObject({ revocationId: v.pipe(v.string(), v.uuid()) }),
  disconnection: v.strictObject({
    disconnection: v.strictObject({
      /** Missing if the agent was deleted while its grant was revoked. */
      agent: v.exactOptional(Named),
      provider: Named,
      status: v.picklist(['IN_PROGRESS', 'DONE']),
      state: v.picklist(DISCONNECTION_STATES),
      lastError: v.exactOptional(v.string()),
    }),
  }),
  signOut: v.strictObject({ signedOut: v.literal(true) }),
};

export const REFUSALS = [
  /** No portal has the ID, or its owner cannot serve it. Both look alike to the browser. */
  'no-such-portal',
  /** The portal exists, but is not ACTIVE. */
  'portal-unavailable',
  /** The session is missing, unknown, another portal's, or no longer valid. */
  'signed-out',
  /** The sign-in did not succeed: the response is not valid, or does not belong to this browser's sign-in. */
  'login_failed',
  /** The person is not admitted: the identity provider refused, or the person or session is suspended. */
  'login_rejected',
  /** The identity provider is unavailable. */
  'login_unavailable',
  /** An operator suspended the agent. */
  'suspended',
  /** The portal's owner is not, or no longer, authorized. */
  'not-allowed',
  /** The consent session belongs to another person. It is ended, and its code is destroyed. */
  'not-yours',
  /** The consent session is unknown, used, no longer valid, or not one of this portal. */
  'ended',
  /** The credential provider is unavailable, or refused the request. */
  'provider-unavailable',
  /** The person has no such row, or no such disconnection. */
  'no-such-connection',
] as const;

export type Refusal = (typeof REFUSALS)[number];

const RefusedSchema = v.strictObject({
  refused: v.picklist(REFUSALS),
  /** Missing if there is no such portal. */
  portal: v.exactOptional(PortalAppearanceSchema),
});

const portal = PortalAppearanceSchema;
const withPortal = <T extends v.ObjectEntries>(outcome: v.StrictObjectSchema<T, undefined>) =>
  v.strictObject({ portal, ...outcome.entries });

export const ConnectionsResultSchema = v.union([
  RefusedSchema,
  withPortal(OUTCOMES.signIn),
  withPortal(OUTCOMES.finishSignIn),
  withPortal(OUTCOMES.signedOut),
  withPortal(OUTCOMES.view),
  withPortal(OUTCOMES.connect),
  withPortal(OUTCOMES.complete),
  withPortal(OUTCOMES.reach),
  withPortal(OUTCOMES.disconnect),
  withPortal(OUTCOMES.disconnection),
  withPortal(OUTCOMES.signOut),
]);

export type ConnectionsResult = v.InferOutput<typeof ConnectionsResultSchema>;
