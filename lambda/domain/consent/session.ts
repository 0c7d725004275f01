/**
 * The consent session: ten minutes in which one user lets one agent in at one provider. A pure state machine;
 * each arrow is one conditional write on the session's revision, so that each happens once.
 *
 *     CREATED ──start──▶ STARTED ──consent──▶ CONSENTED ──claim──▶ REDEEMING ──redeemed──▶ COMPLETED
 *                          │ ▲ start again        │                    │
 *                          │ └──                  │                    │
 *                          └─error-response, fail─│────────────────────┴──fail──▶ FAILED
 *                                                 └ (nothing but claim)
 *
 * REDEEMING stands between consent and completion because a code may be redeemed once only: providers take a
 * second try for theft and revoke what the first one got (RFC 6749 section 10.5).
 *
 * Two URNs belong to a session. The *session URI* is in the authorization URL; the agent polls with it, and everyone
 * who sees the link knows it. The *completion URI* is created at the callback; only the browser that came through
 * the callback learns it, and nothing else completes the session. Otherwise, the sender of a link could complete what
 * another person consented to.
 */
import type { System } from '../system';
import { scopesInCustomParameters } from '../oauth/custom-parameters';
import type { SealingContext } from '../sealing/sealing';

export const SESSION_STATES = [
  'CREATED',
  'STARTED',
  'CONSENTED',
  'REDEEMING',
  'COMPLETED',
  'FAILED',
] as const;
export type SessionState = (typeof SESSION_STATES)[number];

/** How a browser's authorization request was bound: only this browser, with this answer, gets through. */
export interface Start {
  readonly stateHash: string;
  readonly cookieHash: string;
  /** JWE of the PKCE code verifier. */
  readonly sealedVerifier: string;
}

/** Which browser brought the provider's response, and when. */
export interface Answered {
  /** SHA-256 of the browser's cookie. */
  readonly cookieHash: string;
  /** Epoch seconds. */
  readonly at: number;
}

export interface Session {
  /** SHA-256 of the session's id: who reads the table learns no session URI. */
  readonly hash: string;
  readonly state: SessionState;
  /** Counts the writes; each is conditional on the one before. */
  readonly revision: number;
  /** Epoch seconds. */
  readonly createdAt: number;
  readonly expiresAt: number;

  readonly workload: { readonly name: string; readonly id: string; readonly arn: string };
  readonly subjectHash: string;
  readonly provider: { readonly name: string; readonly id: string };
  /** The grant that this session is for, and its epoch when the session began. */
  readonly target: string;
  readonly epoch: number;

  readonly scopes: readonly string[];
  /**
   * Scopes that custom parameters ask for, now and at earlier consents: policies are asked about them, and they go into
   * no `scope`. Absent in a session that was begun before they were kept.
   */
  readonly parameterScopes?: readonly string[];
  readonly resources: readonly string[];
  readonly audiences: readonly string[];
  readonly returnUrl: string;
  /** The authorization request's fixed part, settled when the session began. */
  readonly authorization: {
    readonly endpoint: string;
    readonly issuer: string;
    /** Whether the server always names itself in its answer (RFC 9207 section 3). */
    readonly issuerInAnswer: boolean;
    readonly clientId: string;
    /** Digest of the client at its server: a provider that was configured anew does not get this one's code. */
    readonly client: string;
    readonly callbackId: string;
    readonly scopeSeparator: string;
    /** Whether it has a code challenge (RFC 7636). */
    readonly pkce: boolean;
    /** Whether the provider takes the request pushed, ahead of the browser (RFC 9126). */
    readonly pushed: boolean;
    /** What the vendor needs beside the standard parameters. */
    readonly parameters: Readonly<Record<string, string>>;
  };
  /** JWE of {@link SealedRequest}. */
  readonly sealedRequest: string;
  readonly start?: Start;
  readonly answered?: Answered;
  /** SHA-256 of the completion URI's id; only while there is a code to redeem. */
  readonly completionHash?: string;
  /** JWE of the authorization code as kept. */
  readonly sealedCode?: string;
  /** OAuth error code that ended it, or the reason why this service ended it. */
  readonly failure?: string;
}

/** What only the parties to the session may read. */
export interface SealedRequest {
  readonly id: string;
  readonly customState?: string | undefined;
  readonly customParameters?: Readonly<Record<string, string>> | undefined;
}

/** The scopes that custom parameters ask for; those of a session that was begun before they were kept, too. */
export const parameterScopesOf = (
  { parameterScopes = [] }: Pick<Session, 'parameterScopes'>,
  { customParameters = {} }: Pick<SealedRequest, 'customParameters'>,
): readonly string[] => [...new Set([...parameterScopes, ...scopesInCustomParameters(customParameters)])];

/** All scopes that policies are asked about before anybody is sent to this consent, and before it is completed. */
export const scopesAtStake = (
  session: Session,
  sealed: Pick<SealedRequest, 'customParameters'>,
): readonly string[] => [...new Set([...session.scopes, ...parameterScopesOf(session, sealed)])];

/** Where sessions are kept. */
export interface SessionStore {
  get(hash: string): Promise<Session | undefined>;
  create(session: Session): Promise<void>;
  /** Writes the next state if the stored one is still of the revision before. */
  advance(next: Session): Promise<boolean>;
}

export type SessionEvent =
  | { readonly type: 'start'; readonly start: Start }
  | { readonly type: 'consent'; readonly sealedCode: string; readonly completionHash: string }
  /** The provider's error response (RFC 6749 section 4.1.2.1), brought by the browser. */
  | { readonly type: 'error-response'; readonly failure: string }
  | { readonly type: 'claim' }
  | { readonly type: 'redeemed' }
  | { readonly type: 'fail'; readonly failure: string };

export const SESSION_EVENTS = [
  'start',
  'consent',
  'error-response',
  'claim',
  'redeemed',
  'fail',
] as const satisfies SessionEvent['type'][];

/** Which events each state admits; whatever is not named is refused. */
const ARROWS: Record<SessionState, Partial<Record<SessionEvent['type'], SessionState>>> = {
  CREATED: { start: 'STARTED' },
  STARTED: { start: 'STARTED', consent: 'CONSENTED', 'error-response': 'FAILED', fail: 'FAILED' },
  CONSENTED: { claim: 'REDEEMING' },
  REDEEMING: { redeemed: 'COMPLETED', fail: 'FAILED' },
  COMPLETED: {},
  FAILED: {},
};

export const isExpired = (session: Session, now: number): boolean => session.expiresAt <= now;

/** What the audit trail says of a session. */
export const sessionFacts = (session: Session) => ({
  workloadIdentity: session.workload.arn,
  user: session.subjectHash,
  provider: session.provider.name,
  scopes: session.scopes,
});

/** What serves one state only: the binding until the response, the code and its completion URI until they are used. */
const TRANSIENT = ['start', 'completionHash', 'sealedCode', 'failure'] as const;

/** Seconds in which an application completes what its user has answered. */
const COMPLETION_SECONDS = 60;

/**
 * Whether the link of an open session has been used and led to nothing: the application has not completed it in time,
 * or the function that did was cut short. Nobody can answer it again, so the next request gets a new link.
 */
export const isLeftBehind = ({ answered }: Session, now: number): boolean =>
  answered !== undefined && answered.at + COMPLETION_SECONDS <= now;

/** Whether a poll still has something to wait for. */
export const isOpen = (session: Session, now: number): boolean =>
  !isExpired(session, now) && session.state !== 'COMPLETED' && session.state !== 'FAILED';

/**
 * The session after an event.
 *
 * @param now epoch seconds; after the session's end only the outcome of a redemption under way is taken
 * @returns the next session to write, or undefined when the event is refused
 */
export function transition(session: Session, event: SessionEvent, now: number): Session | undefined {
  const state = ARROWS[session.state][event.type];
  if (!state) return undefined;
  if (isExpired(session, now) && session.state !== 'REDEEMING') return undefined;
  const next: Session = { ...session, state, revision: session.revision + 1 };
  for (const done of TRANSIENT) Reflect.deleteProperty(next, done);
  const answered = session.start && { answered: { cookieHash: session.start.cookieHash, at: now } };
  switch (event.type) {
    case 'start':
      return { ...next, start: event.start };
    case 'consent':
      return {
        ...next,
        ...answered,
        sealedCode: event.sealedCode,
        completionHash: event.completionHash,
      };
    case 'error-response':
      return { ...next, ...answered, failure: event.failure };
    case 'fail':
      return { ...next, failure: event.failure };
    case 'claim':
    case 'redeemed':
      return next;
  }
}

const URN = 'urn:ietf:params:oauth:request_uri:';

/** RFC 9126 section 2.2's form of a request URI. */
export const sessionUriOf = (id: string): string => URN + id;

/** @returns the session's id, or undefined for what is not a session URI */
export const sessionIdOf = (sessionUri: string): string | undefined =>
  sessionUri.startsWith(URN) ? sessionUri.slice(URN.length) : undefined;

/** A session's hash, then what cannot be guessed: the form of states and of completion ids. */
const BOUND_SECRET = /^([\w-]{43})\.[\w-]{43}$/;

/** A secret that finds its session again, without an index: see {@link sessionHashIn}. */
export const newBoundSecret = (session: Pick<Session, 'hash'>, system: Pick<System, 'randomToken'>): string =>
  `${session.hash}.${system.randomToken(32)}`;

/** @returns the hash of the session that a state or completion id names; undefined when it has another form */
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
