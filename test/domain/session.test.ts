/** The consent session's state machine, over every state and every event. */
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import {
  consentContext,
  isOpen,
  newBoundSecret,
  SESSION_EVENTS,
  SESSION_STATES,
  sessionHashIn,
  sessionIdOf,
  sessionUriOf,
  transition,
  type Session,
  type SessionEvent,
  type SessionState,
} from '../../lambda/domain/consent/session';
import { SESSION_LIFETIME } from '../../lambda/domain/lifetimes';
import { hashOf, isHashOf } from '../../lambda/domain/digest';
import { BEGINNING } from './fake-system';
import { sampleSession } from './samples';

/** The arrows, spelled out apart from the code's own table. */
const ARROWS = new Map<string, SessionState>([
  ['CREATED start', 'STARTED'],
  ['STARTED start', 'STARTED'],
  ['STARTED consent', 'CONSENTED'],
  ['STARTED error-response', 'FAILED'],
  ['STARTED fail', 'FAILED'],
  ['CONSENTED claim', 'REDEEMING'],
  ['REDEEMING redeemed', 'COMPLETED'],
  ['REDEEMING fail', 'FAILED'],
]);

/** Those that are still taken when the ten minutes are over: the outcome of a redemption under way. */
const AFTER_THE_END = new Set(['REDEEMING redeemed', 'REDEEMING fail']);

const START = { stateHash: 'new-state', cookieHash: 'new-cookie', sealedVerifier: 'new-verifier' };

const EVENTS: Record<SessionEvent['type'], SessionEvent> = {
  start: { type: 'start', start: START },
  consent: { type: 'consent', sealedCode: 'new-code', completionHash: 'new-completion' },
  'error-response': { type: 'error-response', failure: 'access_denied' },
  claim: { type: 'claim' },
  redeemed: { type: 'redeemed' },
  fail: { type: 'fail', failure: 'invalid_scope' },
};

const during = BEGINNING + 1;
const end = BEGINNING + SESSION_LIFETIME;

/** A session that holds every part that any state may hold. */
const laden = (state: SessionState): Session =>
  sampleSession({
    state,
    revision: 7,
    start: { stateHash: 'old-state', cookieHash: 'old-cookie', sealedVerifier: 'old-verifier' },
    completionHash: 'old-completion',
    sealedCode: 'old-code',
    failure: 'old-failure',
  });

/** What a session holds after each event; whatever else it held is dropped. */
const PARTS_AFTER: Record<SessionEvent['type'], object> = {
  start: { start: START },
  consent: {
    sealedCode: 'new-code',
    completionHash: 'new-completion',
    answered: { cookieHash: 'old-cookie', at: during },
  },
  'error-response': { failure: 'access_denied', answered: { cookieHash: 'old-cookie', at: during } },
  claim: {},
  redeemed: {},
  fail: { failure: 'invalid_scope' },
};

/** What is not the same in every state. */
const PARTS = ['start', 'answered', 'completionHash', 'sealedCode', 'failure'] as const;

const partsOf = (session: Session): object =>
  Object.fromEntries(
    PARTS.filter((part) => session[part] !== undefined).map((part) => [part, session[part]]),
  );

/** The session without what an arrow changes. */
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

it('has a pair for every state and event', () => {
  expect(PAIRS).toHaveLength(36);
  expect(TAKEN).toHaveLength(ARROWS.size);
});

describe('before its end', () => {
  it.each(TAKEN)('$event leads from $state to $next', ({ state, event, next }) => {
    expect(transition(laden(state), EVENTS[event], during)?.state).toBe(next);
  });

  it.each(REFUSED)('$event is refused in $state', ({ state, event }) => {
    expect(transition(laden(state), EVENTS[event], during)).toBeUndefined();
  });
});

describe.each([
  ['at its end', end],
  ['after its end', end + 3600],
])('%s', (_when, now) => {
  it.each(PAIRS)('$event in $state is taken only as the outcome of a redemption', ({ state, event }) => {
    const taken = transition(laden(state), EVENTS[event], now) !== undefined;
    expect(taken).toBe(AFTER_THE_END.has(`${state} ${event}`));
  });
});

it('takes events until the very last second', () => {
  expect(transition(laden('CREATED'), EVENTS.start, end - 1)?.state).toBe('STARTED');
});

it.each(TAKEN)('counts one revision at $state $event', ({ state, event }) => {
  expect(transition(laden(state), EVENTS[event], during)?.revision).toBe(8);
});

it.each(TAKEN)('keeps what $event brings in $state, and drops what has served', ({ state, event }) => {
  const next = transition(laden(state), EVENTS[event], during);
  expect(next && partsOf(next)).toEqual(PARTS_AFTER[event]);
});

it.each(TAKEN)('changes nothing else at $state $event, and not the session given', ({ state, event }) => {
  const before = Object.freeze(laden(state));
  const next = transition(before, EVENTS[event], during);
  expect(next && settled(next)).toEqual(settled(before));
});

it.each(SESSION_STATES)('in %s a poll has something to wait for until the outcome or the end', (state) => {
  const session = sampleSession({ state });
  expect(isOpen(session, during)).toBe(state !== 'COMPLETED' && state !== 'FAILED');
  expect(isOpen(session, end)).toBe(false);
});

/** Events in any order, each at any time around the session's life. */
const history = fc.array(
  fc.record({
    event: fc.constantFrom(...SESSION_EVENTS),
    now: fc.integer({ min: BEGINNING, max: end + 60 }),
  }),
  { maxLength: 40 },
);

/** Feeds a history to a new session. */
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

it('is never COMPLETED without start, consent, claim and redeemed in that order', () => {
  let completed = 0;
  fc.assert(
    fc.property(history, (events) => {
      const { session, taken } = played(events);
      if (session.state !== 'COMPLETED') return;
      completed += 1;
      const order = taken.map(({ event }) => event).join(' ');
      expect(order).toMatch(/^(start )+consent claim redeemed$/);
    }),
    { numRuns: 3000 },
  );
  expect(completed).toBeGreaterThan(0);
});

it('lets claim succeed at most once, and never when the ten minutes are over', () => {
  fc.assert(
    fc.property(history, (events) => {
      const claims = played(events).taken.filter(({ event }) => event === 'claim');
      expect(claims.length).toBeLessThanOrEqual(1);
      for (const { now } of claims) expect(now).toBeLessThan(end);
    }),
    { numRuns: 1000 },
  );
});

it('never contains both a code and a browser binding', () => {
  fc.assert(
    fc.property(history, (events) => {
      const { session } = played(events);
      expect(session.start && session.sealedCode).toBeUndefined();
    }),
  );
});

it('can be completed only while it holds a code', () => {
  fc.assert(
    fc.property(history, (events) => {
      const { session } = played(events);
      expect(session.completionHash === undefined).toBe(session.sealedCode === undefined);
    }),
  );
});

it('remembers the browser that answered until the end, and no browser that only opened the link', () => {
  fc.assert(
    fc.property(history, (events) => {
      const { session, taken } = played(events);
      const answered = taken.some(({ event }) => event === 'consent' || event === 'error-response');
      expect(session.answered?.cookieHash).toBe(answered ? START.cookieHash : undefined);
    }),
  );
});

it('finds the session in a secret that was made for it, and in nothing else', () => {
  const session = sampleSession();
  const secret = newBoundSecret(session, {
    randomToken: (bytes) => randomBytes(bytes).toString('base64url'),
  });
  expect(sessionHashIn(secret)).toBe(session.hash);
  for (const other of ['', session.hash, `${session.hash}.`, `x${secret}`, `${secret}x`, `${secret}.x`]) {
    expect(sessionHashIn(other)).toBeUndefined();
  }
});

it('knows a secret by its hash', () => {
  expect(isHashOf(hashOf('secret'), 'secret')).toBe(true);
  expect(isHashOf(hashOf('secret'), 'other')).toBe(false);
  expect(isHashOf(hashOf('secret'), undefined)).toBe(false);
  expect(isHashOf(undefined, 'secret')).toBe(false);
});

it('reads back the id of a session URI, and of nothing else', () => {
  expect(sessionIdOf(sessionUriOf('abc'))).toBe('abc');
  for (const other of ['', 'abc', 'urn:ietf:params:oauth:abc', ' urn:ietf:params:oauth:request_uri:abc']) {
    expect(sessionIdOf(other)).toBeUndefined();
  }
});

it("seals each part of each session for itself, under the agent's own key", () => {
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
