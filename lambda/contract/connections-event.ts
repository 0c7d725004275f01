/**
 * Events and results of the `connections` function, parsed at both ends. The function does everything that a person does
 * in a consent portal. It takes no user's name from its caller: only a live session's secret. Results contain no token of
 * a user or of a provider.
 */
import * as v from 'valibot';
import { CONNECTION_STATUSES } from '../domain/portal/connection';
import { REFUSALS } from '../domain/portal/refusal';
import { REVOCATION_PROSPECTS } from '../domain/provider/revocation-reach';
import { ITEM_STATES } from '../domain/revocation/revocation';

/** Characters of a base64url secret of 32 bytes. */
const SECRET_LENGTH = 43;

const text = (maxLength: number) => v.pipe(v.string(), v.minLength(1), v.maxLength(maxLength));
const count = v.pipe(v.number(), v.integer(), v.minValue(0));

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

const onSession = v.strictObject({ portalId, session });
const onConnection = v.strictObject({ portalId, session, connection: fromBrowser });

/** The browser's request, for audit entries. Nothing is decided by it. */
const origin = v.strictObject({
  requestId: v.exactOptional(v.string()),
  sourceIp: v.exactOptional(v.string()),
  userAgent: v.exactOptional(v.string()),
});

const requested = <T extends v.ObjectEntries>(action: T) =>
  v.strictObject({ ...action, origin: v.exactOptional(origin) });

/** The event of an invocation, which requests one action. */
export const ConnectionsEventSchema = v.union([
  /**
   * The portal's appearance and its sign-in URL. `secret` is a new secret of 32 bytes, kept in the browser's cookie. With
   * `otherAccount`, the identity provider asks for the account instead of using the one that is signed in.
   */
  requested({
    signIn: v.strictObject({ portalId, secret, otherAccount: v.exactOptional(v.literal(true)) }),
  }),
  /**
   * The identity provider's response to the sign-in that `secret` began. `newSession` is a new secret of 32 bytes for the
   * session that is created: an invocation that Lambda's client repeats finds the session of the first one. The new session
   * replaces the `previous` one.
   */
  requested({
    finishSignIn: v.strictObject({
      portalId,
      secret,
      query,
      newSession: secret,
      previous: v.exactOptional(session),
    }),
  }),
  /**
   * The agents and connections of the signed-in person, or only the portal's appearance. With `after`, the `next` of an
   * agent, only its further connections.
   */
  requested({
    view: v.strictObject({
      portalId,
      session: v.exactOptional(session),
      after: v.exactOptional(fromBrowser),
    }),
  }),
  /** Begins a consent session for a row, or continues its open one. */
  requested({ connect: onConnection }),
  /**
   * Completes a consent session. `sessionUri` is the `session_id` of the return URL, and `bindingCookie` the content of
   * the cookie that binds the browser to the consent session.
   */
  requested({
    complete: v.strictObject({
      portalId,
      session,
      sessionUri: v.pipe(v.string(), v.maxLength(4_096)),
      bindingCookie: v.exactOptional(v.pipe(v.string(), v.maxLength(4_096))),
    }),
  }),
  /** What the disconnection of a row would end. */
  requested({ reach: onConnection }),
  /** Disconnects a row. Repeated for a row that is disconnected: `no-such-connection`. */
  requested({ disconnect: onConnection }),
  /**
   * Disconnects all accounts of an agent, which is named by its workload identity. `clientToken` is a new one: an invocation
   * that Lambda's client repeats continues the revocation of the first one.
   */
  requested({
    disconnectAgent: v.strictObject({
      portalId,
      session,
      agent: fromBrowser,
      clientToken: v.pipe(v.string(), v.uuid()),
    }),
  }),
  /** The progress of a disconnection. */
  requested({
    disconnection: v.strictObject({
      portalId,
      session,
      revocationId: v.pipe(v.string(), v.maxLength(2_048)),
    }),
  }),
  /** Ends the session. An unknown session is signed out, too. */
  requested({ signOut: onSession }),
  /** Sent by the control plane, asynchronously: checks a new or updated portal, and stores the result as its status. */
  v.strictObject({ verify: v.strictObject({ portalId, revision: count }) }),
]);

export type ConnectionsEvent = v.InferOutput<typeof ConnectionsEventSchema>;

/** The events of a person's steps. */
export type PortalEvent = Exclude<ConnectionsEvent, { verify: unknown }>;

/** Returns the browser's request that an event names, also for an event that is not valid otherwise. */
export function originOf(event: unknown): v.InferOutput<typeof origin> {
  const parsed = v.safeParse(v.object({ origin }), event);
  return parsed.success ? parsed.output.origin : {};
}

/** How pages of a portal look. */
const PortalAppearanceSchema = v.strictObject({
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

const ConnectionSchema = v.strictObject({
  /** Opaque, and meaningful only for the person whose session it is. */
  key: text(2_048),
  provider: Named,
  scopes: v.pipe(v.array(v.string()), v.readonly()),
  /** Number of further scopes, which are too many to be listed. */
  scopesNotShown: v.exactOptional(v.number()),
  /** Some of the resource servers that the tokens are for. */
  servers: v.pipe(v.array(v.string()), v.readonly()),
  purpose: v.exactOptional(v.string()),
  status: v.picklist(CONNECTION_STATUSES),
  /** Epoch seconds at which the person gave the access. */
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
  /** Where its further connections begin; absent if there are none. */
  next: v.exactOptional(v.string()),
  /** Whether the person can disconnect all accounts together: more than one, or access that has no row. */
  canDisconnectAll: v.boolean(),
});

export type AgentView = v.InferOutput<typeof AgentViewSchema>;

const PortalViewSchema = v.strictObject({
  agents: v.pipe(v.array(AgentViewSchema), v.readonly()),
  /** Whether these are further connections of one agent. */
  isContinued: v.boolean(),
  /** Number of agents that can have access for the person, and that the portal cannot show. */
  hiddenAgents: v.exactOptional(count),
});

export type PortalView = v.InferOutput<typeof PortalViewSchema>;

const AgentAtProvider = v.strictObject({ agent: Named, provider: Named });

export type AgentAtProvider = v.InferOutput<typeof AgentAtProvider>;

const ofDisconnection = {
  /** Missing if the portal does not show the agent any more. */
  agent: v.exactOptional(Named),
  /** `SELECTING`: the agent might still have access. */
  status: v.picklist(['SELECTING', 'IN_PROGRESS', 'DONE']),
  /** Present if access tokens can work until they expire, although a provider confirmed the end. */
  accessTokensLive: v.exactOptional(v.literal(true)),
};

/** The members of a result in addition to the appearance, by action. */
const OUTCOMES = {
  signIn: v.strictObject({ signInUrl: v.string() }),
  finishSignIn: v.strictObject({
    session: v.strictObject({
      /** Epoch seconds. */
      expiresAt: v.number(),
      personName: v.exactOptional(v.pipe(v.string(), v.maxLength(100))),
    }),
  }),
  signedOut: v.strictObject({ signedIn: v.literal(false) }),
  view: PortalViewSchema,
  connect: v.strictObject({ authorizationUrl: v.string() }),
  complete: v.strictObject({ completed: AgentAtProvider }),
  reach: v.strictObject({
    reach: v.strictObject({
      ...AgentAtProvider.entries,
      /** Whether the provider can prove that the tokens ended, can only receive a revocation, or has no revocation. */
      revocation: v.picklist(REVOCATION_PROSPECTS),
      /** The person's other connections that this disconnection ends at the provider. */
      alsoLose: v.pipe(v.array(AgentAtProvider), v.readonly()),
      /** Number of the person's other connections that it ends, and that the portal does not show. */
      notShown: count,
      /** Present if there can be more of them, because the person has very many grants. */
      notShownIsMinimum: v.exactOptional(v.literal(true)),
      /** Whether the agent can keep other access to the provider. */
      keepsAccess: v.boolean(),
      /** Present if the agent can get access there by the person's sign-in, without a consent. */
      canReturn: v.exactOptional(v.literal(true)),
      /** Whether other users of a workspace or an account lose their access, too. */
      shared: v.boolean(),
    }),
  }),
  disconnect: v.strictObject({ revocationId: v.pipe(v.string(), v.uuid()) }),
  disconnection: v.strictObject({
    disconnection: v.union([
      v.strictObject({
        ...ofDisconnection,
        provider: Named,
        state: v.picklist(ITEM_STATES),
        lastError: v.exactOptional(v.string()),
        /** Whether the agent can have access to the provider: other access, or such that the person gave again. */
        hasAccess: v.boolean(),
        /** Present if the agent can get access there by the person's sign-in, without a consent. */
        canReturn: v.exactOptional(v.literal(true)),
      }),
      /** Of all accounts of an agent: the providers that did not prove that the access ended there. */
      v.strictObject({
        ...ofDisconnection,
        unproven: v.pipe(v.array(Named), v.readonly()),
        isPartial: v.exactOptional(v.literal(true)),
        /** Number of accounts whose access ended. */
        accounts: count,
        /** Whether the agent has access that it got since then. */
        hasAccess: v.boolean(),
      }),
    ]),
  }),
  signOut: v.strictObject({ signedOut: v.literal(true) }),
};

export type { Refusal } from '../domain/portal/refusal';

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
