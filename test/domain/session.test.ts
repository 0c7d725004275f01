/** The state machine of consent sessions, over every state and every event. */
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import {
  consentContext,
  isOpen,
  newBoundSecret,
  SESSION_EVENTS,
  sessionHashIn,
  sessionIdOf,
  sessionUriOf,
  transition,
  type SessionEvent,
} from '../../lambda/domain/consent/session';
import { SESSION_STATES, type Session, type SessionState } from '../../lambda/model/records/consent-session';
import { SESSION_LIFETIME } from '../../lambda/domain/lifetimes';
import { hashOf, isHashOf } from '../../lambda/domain/digest';
import { BEGINNING } from './fake-system';
import { sampleSession } from './samples';

/** The transitions, written independently of the code's own table. */
const ARROWS = new Map<string, SessionState>([
  ['CREATED start', 'STARTED'],
  ['STARTED start', 'STARTED'],
  ['STARTED consent', 'CONSENTED'],
  ['STARTED error-response', 'FAILED'],
  ['STARTED fail', 'FAILED'],
  ['CREATED decline', 'FAILED'],
  ['STARTED decline', 'FAILED'],
  ['CONSENTED refuse', 'CONSENTED'],
  ['CONSENTED claim', 'REDEEMING'],
  ['REDEEMING redeemed', 'COMPLETED'],
  ['REDEEMING fail', 'FAILED'],
]);

/** The transitions that are still valid when the ten minutes are over: the outcome of a redemption that has begun. */
const AFTER_THE_END = new Set(['REDEEMING redeemed', 'REDEEMING fail']);

const START = { stateHash: 'new-state', cookieHash: 'new-cookie', sealedVerifier: 'new-verifier' };

const EVENTS: Record<SessionEvent['type'], SessionEvent> = {
  start: { type: 'start', start: START },
  consent: { type: 'consent', sealedCode: 'new-code', completionHash: 'new-completion' },
  'error-response': { type: 'error-response', failure: 'access_denied' },
  decline: { type: 'decline', cookieHash: 'declining-cookie' },
  refuse: { type: 'refuse' },
  claim: { type: 'claim' },
  redeemed: { type: 'redeemed' },
  fail: { type: 'fail', failure: 'invalid_scope' },
};

const during = BEGINNING + 1;
const end = BEGINNING + SESSION_LIFETIME;

/** A session that has every member that any state can have. */
const laden = (state: SessionState): Session =>
  sampleSession({
    state,
    revision: 7,
    start: { stateHash: 'old-state', cookieHash: 'old-cookie', sealedVerifier: 'old-verifier' },
    completionHash: 'old-completion',
    sealedCode: 'old-code',
    failure: 'old-failure',
  });

/** The members of a session after each event. All other members are dropped. */
const PARTS_AFTER: Record<SessionEvent['type'], object> = {
  start: { start: START },
  consent: {
    sealedCode: 'new-code',
    completionHash: 'new-completion',
    responded: { cookieHash: 'old-cookie', at: during },
  },
  'error-response': { failure: 'access_denied', responded: { cookieHash: 'old-cookie', at: during } },
  decline: { failure: 'access_denied', responded: { cookieHash: 'declining-cookie', at: during } },
  refuse: {
    completionHash: 'old-completion',
    sealedCode: 'old-code',
    failure: 'old-failure',
    start: { stateHash: 'old-state', cookieHash: 'old-cookie', sealedVerifier: 'old-verifier' },
  },
  claim: {},
  redeemed: {},
  fail: { failure: 'invalid_scope' },
};

/** The members that differ between states. */
const PARTS = ['start', 'responded', 'completionHash', 'sealedCode', 'failure'] as const;

const partsOf = (session: Session): object =>
  Object.fromEntries(
    PARTS.filter((part) => session[part] !== undefined).map((part) => [part, session[part]]),
  );

/** The session without the members that a transition changes. */
function settled(session: Session): Partial<Session> {
  const rest: Partial<Session> = { ...session };
  for (const member of ['state', 'revision', ...PARTS] as const) Reflect.deleteProperty(rest, member);
  return rest;
}

const PAIRS = SESSION_STATES.flatMap((state) => SESSION_EVENTS.map((event) => ({ state, event })));
const TAKEN = PAIRS.flatMap((pair) => {
  const next = ARROWS.get(`${pair.state} ${pair.event}`);
  return next ? [{ ...pair, next }] : [];
});
const REFUSED = PAIRS.filter(({ state, event }) => !ARROWS.has(`${state} ${event}`));

it('the tests cover every pair of state and event', () => {
  expect(PAIRS).toHaveLength(48);
  expect(TAKEN).toHaveLength(ARROWS.size);
});

describe('before the session expires', () => {
  it.each(TAKEN)('$event leads from $state to $next', ({ state, event, next }) => {
    expect(transition(laden(state), EVENTS[event], during)?.state).toBe(next);
  });

  it.each(REFUSED)('$event is rejected in $state', ({ state, event }) => {
    expect(transition(laden(state), EVENTS[event], during)).toBeUndefined();
  });
});

describe.each([
  ['when the session expires', end],
  ['after the session expired', end + 3600],
])('%s', (_when, now) => {
  it.each(PAIRS)('$event in $state is accepted only as the outcome of a redemption', ({ state, event }) => {
    const taken = transition(laden(state), EVENTS[event], now) !== undefined;
    expect(taken).toBe(AFTER_THE_END.has(`${state} ${event}`));
  });
});

it('events are accepted until the last second', () => {
  expect(transition(laden('CREATED'), EVENTS.start, end - 1)?.state).toBe('STARTED');
});

it.each(TAKEN)('$event in $state increments the revision by one', ({ state, event }) => {
  expect(transition(laden(state), EVENTS[event], during)?.revision).toBe(8);
});

it.each(TAKEN)(
  '$event in $state stores its members, and drops the members that are no longer needed',
  ({ state, event }) => {
    const next = transition(laden(state), EVENTS[event], during);
    expect(next && partsOf(next)).toEqual(PARTS_AFTER[event]);
  },
);

it.each(TAKEN)('$event in $state changes neither other members nor the given session', ({ state, event }) => {
  const before = Object.freeze(laden(state));
  const next = transition(before, EVENTS[event], during);
  expect(next && settled(next)).toEqual(settled(before));
});

it.each(SESSION_STATES)(
  'a poll in state %s waits only if there is no outcome yet and the session is still valid',
  (state) => {
    const session = sampleSession({ state });
    expect(isOpen(session, during)).toBe(state !== 'COMPLETED' && state !== 'FAILED');
    expect(isOpen(session, end)).toBe(false);
  },
);

/** Events in any order, each at any time around the lifetime of the session. */
const history = fc.array(
  fc.record({
    event: fc.constantFrom(...SESSION_EVENTS),
    now: fc.integer({ min: BEGINNING, max: end + 60 }),
  }),
  { maxLength: 40 },
);

/** Applies a history to a new session. */
function played(events: { event: SessionEvent['type']; now: number }[]) {
  const taken: { event: SessionEvent['type']; now: number }[] = [];
  let session = sampleSession();
  for (const { event, now } of events) {
    const next = transition(session, EVENTS[event], now);
    if (!next) continue;
    session = next;
    taken.push({ event, now });
  }
  return { session, taken };
}

it('a session is never COMPLETED without start, consent, claim, and redeemed in this order', () => {
  let completed = 0;
  fc.assert(
    fc.property(history, (events) => {
      const { session, taken } = played(events);
      if (session.state !== 'COMPLETED') return;
      completed += 1;
      const order = taken.map(({ event }) => event).join(' ');
      expect(order).toMatch(/^(start )+consent (refuse )*claim redeemed$/);
    }),
    { numRuns: 3000 },
  );
  expect(completed).toBeGreaterThan(0);
});

it('claim succeeds at most once, and never after the ten minutes', () => {
  fc.assert(
    fc.property(history, (events) => {
      const claims = played(events).taken.filter(({ event }) => event === 'claim');
      expect(claims.length).toBeLessThanOrEqual(1);
      for (const { now } of claims) expect(now).toBeLessThan(end);
    }),
    { numRuns: 1000 },
  );
});

it('a session never has both a code and a browser binding', () => {
  fc.assert(
    fc.property(history, (events) => {
      const { session } = played(events);
      expect(session.start && session.sealedCode).toBeUndefined();
    }),
  );
});

it('a session can be completed only while it has a code', () => {
  fc.assert(
    fc.property(history, (events) => {
      const { session } = played(events);
      expect(session.completionHash === undefined).toBe(session.sealedCode === undefined);
    }),
  );
});

it('a session remembers the browser that delivered the response or declined, and no browser that only opened the authorization URL', () => {
  fc.assert(
    fc.property(history, (events) => {
      const { session, taken } = played(events);
      const took = (...types: string[]) => taken.some(({ event }) => types.includes(event));
      const answered = took('consent', 'error-response') ? START.cookieHash : undefined;
      expect(session.responded?.cookieHash).toBe(took('decline') ? 'declining-cookie' : answered);
    }),
  );
});

it('a secret refers to the session that it was created for, and other text refers to none', () => {
  const session = sampleSession();
  const secret = newBoundSecret(session, {
    randomToken: (bytes) => randomBytes(bytes).toString('base64url'),
  });
  expect(sessionHashIn(secret)).toBe(session.hash);
  for (const other of ['', session.hash, `${session.hash}.`, `x${secret}`, `${secret}x`, `${secret}.x`]) {
    expect(sessionHashIn(other)).toBeUndefined();
  }
});

it('a secret is recognized by its hash', () => {
  expect(isHashOf(hashOf('secret'), 'secret')).toBe(true);
  expect(isHashOf(hashOf('secret'), 'other')).toBe(false);
  expect(isHashOf(hashOf('secret'), undefined)).toBe(false);
  expect(isHashOf(undefined, 'secret')).toBe(false);
});

it('a session URI contains the session ID, and other text contains none', () => {
  expect(sessionIdOf(sessionUriOf('abc'))).toBe('abc');
  for (const other of ['', 'abc', 'urn:ietf:params:oauth:abc', ' urn:ietf:params:oauth:request_uri:abc']) {
    expect(sessionIdOf(other)).toBeUndefined();
  }
});

it("each part of each session is encrypted separately, under the agent's key", () => {
  const [one, other] = [sampleSession(), sampleSession()];
  expect(consentContext(one, 'code')).toEqual({
    purpose: 'consent',
    ownerId: one.workload.id,
    ownerArn: one.workload.arn,
    binding: { session: one.hash, part: 'code' },
  });
  expect(consentContext(other, 'code').binding).not.toEqual(consentContext(one, 'code').binding);
  expect(consentContext(one, 'verifier').binding).not.toEqual(consentContext(one, 'code').binding);
});
