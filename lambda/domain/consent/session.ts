/**
 * The consent session: ten minutes in which one user can grant one agent access to one provider. It is a pure state
 * machine. Each arrow is one conditional write on the session's revision, so each transition happens once.
 *
 *     CREATED ──start──▶ STARTED ──consent──▶ CONSENTED ──claim──▶ REDEEMING ──redeemed──▶ COMPLETED
 *       │                  │ ▲ start again        │                    │
 *       │                  │ └──                  │                    │
 *       │                  └─error-response, fail─│────────────────────┴──fail──▶ FAILED
 *       └─decline (also from STARTED)─────────────│─────────────────────────────▶ FAILED
 *                                                 └ (only claim)
 *
 * REDEEMING separates consent from completion because a code can be redeemed only once: providers treat a second try
 * as theft and revoke the tokens of the first one (RFC 6749 section 10.5).
 *
 * A session has two URNs. The *session URI* is in the authorization URL: the agent polls with it, and anyone who sees the
 * link knows it. The *completion URI* is created at the callback: only the browser at the callback learns it, and only
 * this URI completes the session. Otherwise, the sender of a link could complete another person's consent.
 */
import type { Start, Session, SessionState } from '../../model/records/consent-session';
import * as v from 'valibot';
import type { System } from '../system';
import { scopesInCustomParameters } from '../custom-parameters';
import { grantContext } from '../grant/grant';
import type { SealingContext } from '../sealing/sealing';

/** The part of a session that only its parties can read. */
export const SealedRequestSchema = v.object({
  id: v.string(),
  customState: v.optional(v.string()),
  customParameters: v.optional(v.record(v.string(), v.string())),
});

export type SealedRequest = Readonly<v.InferOutput<typeof SealedRequestSchema>>;

/** Returns the scopes that custom parameters request, now and at earlier consents. */
export const parameterScopesOf = (
  { parameterScopes = [] }: Pick<Session, 'parameterScopes'>,
  { customParameters = {} }: Pick<SealedRequest, 'customParameters'>,
): readonly string[] => [...new Set([...parameterScopes, ...scopesInCustomParameters(customParameters)])];

/** Returns all scopes that policies evaluate before a user is sent to this consent and before it is completed. */
export const consentScopesOf = (
  session: Session,
  sealed: Pick<SealedRequest, 'customParameters'>,
): readonly string[] => [...new Set([...session.scopes, ...parameterScopesOf(session, sealed)])];

/** Stores consent sessions. */
export interface SessionStore {
  get(hash: string): Promise<Session | undefined>;
  create(session: Session): Promise<void>;
  /** Writes the next state if the stored session has the previous revision. */
  advance(next: Session): Promise<boolean>;
}

export type SessionEvent =
  | { readonly type: 'start'; readonly start: Start }
  | { readonly type: 'consent'; readonly sealedCode: string; readonly completionHash: string }
  /** The provider's error response (RFC 6749 section 4.1.2.1), delivered by the browser. */
  | { readonly type: 'error-response'; readonly failure: string }
  /** The person declined on the consent page of this service, in the browser with this cookie. */
  | { readonly type: 'decline'; readonly cookieHash: string }
  /** The application's request to complete the session was rejected. */
  | { readonly type: 'refuse' }
  | { readonly type: 'claim' }
  | { readonly type: 'redeemed' }
  | { readonly type: 'fail'; readonly failure: string };

export const SESSION_EVENTS = [
  'start',
  'consent',
  'error-response',
  'decline',
  'refuse',
  'claim',
  'redeemed',
  'fail',
] as const satisfies SessionEvent['type'][];

/** The events that each state accepts. Every other event is rejected. */
const ARROWS: Record<SessionState, Partial<Record<SessionEvent['type'], SessionState>>> = {
  CREATED: { start: 'STARTED', decline: 'FAILED' },
  STARTED: {
    start: 'STARTED',
    consent: 'CONSENTED',
    'error-response': 'FAILED',
    decline: 'FAILED',
    fail: 'FAILED',
  },
  CONSENTED: { refuse: 'CONSENTED', claim: 'REDEEMING' },
  REDEEMING: { redeemed: 'COMPLETED', fail: 'FAILED' },
  COMPLETED: {},
  FAILED: {},
};

export const isExpired = (session: Session, now: number): boolean => session.expiresAt <= now;

/** Returns a session's members of an audit entry. */
export const sessionFacts = (session: Session) => ({
  workloadIdentity: session.workload.arn,
  user: session.userHash,
  provider: session.provider.name,
  scopes: session.scopes,
});

/** The failure of a session whose request a person declined, here or at the provider (RFC 6749 section 4.1.2.1). */
export const ACCESS_DENIED = 'access_denied';

/** Events after which the session redeems nothing more; a claim takes the key with it. */
const ENDS_KEY: ReadonlySet<SessionEvent['type']> = new Set(['claim', 'error-response', 'decline', 'fail']);

/** Members of one state only: the binding until the response, the code and its completion URI until they are used. */
const TRANSIENT = ['start', 'completionHash', 'sealedCode', 'failure'] as const;

/** Seconds in which an application must complete the session after the provider's response. */
const COMPLETION_SECONDS = 60;

/**
 * Returns whether an open session's link was used but not completed: the application did not complete it in time, or the
 * function was interrupted. The link cannot be used again, so the next request gets a new one.
 */
const isLeftBehind = ({ responded }: Session, now: number): boolean =>
  responded !== undefined && responded.at + COMPLETION_SECONDS <= now;

/**
 * Pushed authorization requests of one session (RFC 9126). Each opening of the link pushes one, because each browser has
 * its own state and code challenge; a link and a provider that responds slowly must not occupy functions without end.
 */
const MAX_PUSHES = 10;

/**
 * Returns whether the link was opened so often that no other request is pushed. Until the response, only openings are
 * written.
 */
export const isPushedOut = ({ authorization, state, revision }: Session): boolean =>
  authorization.pushed && state === 'STARTED' && revision > MAX_PUSHES;

/** Returns whether a poll waits for the session: it has not ended, and its link was not left behind. */
export const isOpen = (session: Session, now: number): boolean =>
  !isExpired(session, now) &&
  !isLeftBehind(session, now) &&
  session.state !== 'COMPLETED' &&
  session.state !== 'FAILED';

/**
 * Returns the session after an event, or undefined if the event is rejected.
 *
 * @param now epoch seconds; after the session's end, only the outcome of an unfinished redemption is accepted
 */
export function transition(session: Session, event: SessionEvent, now: number): Session | undefined {
  const state = ARROWS[session.state][event.type];
  if (!state) return undefined;
  if (isExpired(session, now) && session.state !== 'REDEEMING') return undefined;
  const next: Session = { ...session, state, revision: session.revision + 1 };
  if (event.type === 'refuse') {
    return { ...next, ...(session.responded && { responded: { ...session.responded, refused: true } }) };
  }
  for (const done of TRANSIENT) Reflect.deleteProperty(next, done);
  if (ENDS_KEY.has(event.type)) Reflect.deleteProperty(next, 'dpop');
  const responded = session.start && { responded: { cookieHash: session.start.cookieHash, at: now } };
  switch (event.type) {
    case 'start':
      return { ...next, start: event.start };
    case 'consent':
      return {
        ...next,
        ...responded,
        sealedCode: event.sealedCode,
        completionHash: event.completionHash,
      };
    case 'error-response':
      return { ...next, ...responded, failure: event.failure };
    case 'decline':
      return { ...next, responded: { cookieHash: event.cookieHash, at: now }, failure: ACCESS_DENIED };
    case 'fail':
      return { ...next, failure: event.failure };
    case 'claim':
    case 'redeemed':
      return next;
  }
}

const URN = 'urn:ietf:params:oauth:request_uri:';

/** Returns the session URI, in the form of a request URI (RFC 9126 section 2.2). */
export const sessionUriOf = (id: string): string => URN + id;

/** Returns the session's ID, or undefined if the text is not a session URI. */
export const sessionIdOf = (sessionUri: string): string | undefined =>
  sessionUri.startsWith(URN) ? sessionUri.slice(URN.length) : undefined;

/** A session's hash, then random characters: the form of states and completion IDs. */
const BOUND_SECRET = /^([\w-]{43})\.[\w-]{43}$/;

/** Returns a secret that identifies its session without an index: see {@link sessionHashIn}. */
export const newBoundSecret = (session: Pick<Session, 'hash'>, system: Pick<System, 'randomToken'>): string =>
  `${session.hash}.${system.randomToken(32)}`;

/** Returns the session hash in a state or completion ID; undefined if the text has another form. */
export const sessionHashIn = (secret: string): string | undefined => BOUND_SECRET.exec(secret)?.[1];

export const consentContext = (
  session: Pick<Session, 'workload' | 'hash'>,
  part: 'request' | 'verifier' | 'code',
): SealingContext => ({
  purpose: 'consent',
  ownerId: session.workload.id,
  ownerArn: session.workload.arn,
  binding: { session: session.hash, part },
});

/** The place of the key that the tokens of a session's grant are bound to: the purpose is that of grants. */
export function sessionKeyContext({
  workload,
  hash,
  userHash: user,
  target,
  provider,
  authorization: { client },
}: Pick<
  Session,
  'workload' | 'hash' | 'userHash' | 'target' | 'provider' | 'authorization'
>): SealingContext {
  const context = grantContext(
    { workloadId: workload.id, userHash: user, target },
    provider.id,
    workload.arn,
  );
  return { ...context, binding: { ...context.binding, client, session: hash } };
}
