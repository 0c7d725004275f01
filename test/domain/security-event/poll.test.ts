/** Polled events when the database fails, the process stops, a transmitter does not respond, or its secret is not usable. */
import type { AuditEntry } from '../../../lambda/domain/audit';
import type { DeployedIssuer } from '../../../lambda/domain/identity/trusted-issuer';
import { userHashOf } from '../../../lambda/model/user';
import { ProviderFailure, ResponseTooLong } from '../../../lambda/domain/oauth/provider-failure';
import { pollSecurityEvents } from '../../../lambda/domain/security-event/poll';
import { keepUnapplied } from '../../../lambda/domain/security-event/unapplied';
import type { UnappliedReports } from '../../../lambda/model/records/restriction';
import type { ReceivedEvent } from '../../../lambda/domain/security-event/receive-set';
import { ServiceError } from '../../../lambda/domain/service-error';
import type { SecretTexts } from '../../../lambda/domain/sealing/external-secret';
import { BEGINNING, createFakeSystem } from '../fake-system';
import { createInMemoryStores } from '../in-memory-stores';

const ISSUER = 'https://issuer.example';
const TYPE = 'https://schemas.openid.net/secevent/risc/event-type/account-purged';
const USER = userHashOf({ kind: 'jwt', issuer: ISSUER, subject: 'ana' });

interface Body {
  maxEvents: number;
  ack?: string[];
  setErrs?: object;
}

function createPoller() {
  const { restrictions, revocations } = createInMemoryStores();
  const received: ReceivedEvent[] = [];
  const kept = new Map<string, UnappliedReports>();
  const entries: AuditEntry[] = [];
  const errors: unknown[] = [];
  const requests: [string, Body][] = [];
  const pending = new Set(['1']);
  const issuer = (id: string) => ({
    discoveryUrl: `${ISSUER}/.well-known/openid-configuration`,
    securityEvents: {
      id,
      transmitter: {
        issuer: ISSUER,
        jwksUri: `${ISSUER}/keys`,
        audience: ['us'],
        poll: { endpoint: `https://${id}.example/poll`, authorization: { secretId: id, jsonKey: 'token' } },
      },
    },
  });
  const deps = {
    issuers: [issuer('people')],
    tokens: {
      verify: (token: string) =>
        Promise.resolve({
          jti: token,
          iat: BEGINNING,
          sub_id: { format: 'iss_sub', iss: ISSUER, sub: 'ana' },
          events: { [TYPE]: {} },
        }),
    },
    metadata: { read: () => Promise.resolve({ issuer: ISSUER }) },
    restrictions,
    userEmails: { usersOf: () => Promise.resolve<string[]>([]) },
    revocations,
    revocationWorker: { select: () => Promise.reject(new Error('not used')), wake: () => Promise.resolve() },
    receivedEvents: {
      has: ({ jti }: ReceivedEvent) => Promise.resolve(received.some((each) => each.jti === jti)),
      add: (event: ReceivedEvent) => Promise.resolve(void received.push(event)),
    },
    unapplied: {
      of: (id: string) => Promise.resolve(kept.get(id)),
      put(id: string, reports: UnappliedReports) {
        const isNext = reports.revision === (kept.get(id)?.revision ?? 0) + 1;
        if (isNext) kept.set(id, reports);
        return Promise.resolve(isNext);
      },
    },
    secrets: {
      describe: (id: string) =>
        Promise.resolve({ arn: id, tags: { 'agent-identity:owner': `securityEvents/${id}` } }),
      text: () => Promise.resolve('{"token":"t"}'),
    },
    transport: (url: string, { body }: { body?: unknown }) => {
      const request = JSON.parse(String(body)) as Body;
      requests.push([url, request]);
      for (const jti of request.ack ?? []) pending.delete(jti);
      const sets = Object.fromEntries(request.maxEvents === 0 ? [] : [...pending].map((jti) => [jti, jti]));
      return Promise.resolve(new Response(JSON.stringify({ sets })));
    },
    audit: { record: (entry: AuditEntry) => void entries.push(entry) },
    system: createFakeSystem(),
    report: (error: unknown) => void errors.push(error),
  };
  return { deps, entries, errors, requests, pending, issuer, kept };
}

type Poller = ReturnType<typeof createPoller>;
let poller: Poller;
beforeEach(() => {
  poller = createPoller();
});

const poll = (change: Partial<Poller['deps']> = {}) =>
  pollSecurityEvents({ ...poller.deps, ...change }, poller.deps.system.now() + 30_000);
const down = () => Promise.reject(new Error('the database is down'));

it.each([
  ['the restriction', () => ({ restrictions: { ...poller.deps.restrictions, putUser: down } })],
  ['the revocation', () => ({ revocations: { ...poller.deps.revocations, create: down } })],
  ['the record of the event', () => ({ receivedEvents: { ...poller.deps.receivedEvents, add: down } })],
])(
  'a SET is not acknowledged if %s could not be stored, and the next run acts once',
  async (_what, broken) => {
    const unapplied = { ...poller.deps.unapplied, put: down };
    await poll({ unapplied, ...broken() });
    expect(poller.requests.map(([, { ack, setErrs }]) => [ack, setErrs])).toEqual([[undefined, undefined]]);
    expect(poller.errors).toEqual([new Error('the database is down')]);
    await poll();
    expect([...poller.pending]).toEqual([]);
    expect(await poller.deps.restrictions.ofUser(USER)).toMatchObject({
      accountAtIssuer: { state: 'PURGED' },
      revision: 1,
    });
    expect(await poller.deps.revocations.dueSelections(Infinity)).toHaveLength(1);
  },
);

it.each([
  ['the restriction cannot be read', () => ({ restrictions: { ...poller.deps.restrictions, ofUser: down } })],
  [
    'the restriction cannot be written',
    () => ({ restrictions: { ...poller.deps.restrictions, putUser: down } }),
  ],
  ['the revocation cannot be stored', () => ({ revocations: { ...poller.deps.revocations, create: down } })],
])('what a SET reports is kept if %s, and applied by the next run that can', async (_what, broken) => {
  await poll(broken());
  expect([...poller.pending]).toEqual([]);
  expect(poller.entries).toEqual([expect.objectContaining({ outcome: 'allowed', result: 'kept' })]);
  await poll(broken());
  expect(poller.errors).toEqual([new Error('the database is down')]);
  expect(poller.entries.at(-1)).toMatchObject({ outcome: 'failed', trustedIssuer: 'people', user: USER });

  await poll();
  expect(poller.entries.at(-1)).toMatchObject({ outcome: 'allowed', user: USER });
  expect(await poller.deps.restrictions.ofUser(USER)).toMatchObject({ accountAtIssuer: { state: 'PURGED' } });
  expect(await poller.deps.revocations.dueSelections(Infinity)).toHaveLength(1);
  expect(poller.kept.get('people')?.users).toEqual({});
  const { length } = poller.entries;
  await poll();
  expect(poller.entries).toHaveLength(length);
});

it('a report about an email address is kept as such', async () => {
  poller.pending.clear();
  await keepUnapplied(poller.deps, poller.issuer('people').securityEvents, {
    userHash: 'address',
    emailHash: 'address',
    effect: { kind: 'sessions-ended', at: BEGINNING, sessionHash: 'session' },
  });
  await poll({ userEmails: { usersOf: () => Promise.resolve([USER]) } });
  expect(await poller.deps.restrictions.ofUser(USER)).toMatchObject({
    endedSessions: { session: BEGINNING },
  });
});

it('of the users of an address, a report is kept only for those whose record cannot be changed', async () => {
  const [broken, other] = ['broken', 'other'];
  const { securityEvents } = poller.issuer('people');
  const sub_id = { format: 'email', email: 'ana@example.com' };
  await poll({
    issuers: [{ ...poller.issuer('people'), securityEvents: { ...securityEvents, emailSubjects: true } }],
    tokens: {
      verify: (token: string) =>
        Promise.resolve({ jti: token, iat: BEGINNING, sub_id, events: { [TYPE]: {} } }),
    },
    userEmails: { usersOf: () => Promise.resolve([broken, other]) },
    restrictions: {
      ...poller.deps.restrictions,
      ofUser: (user: string) => (user === broken ? down() : poller.deps.restrictions.ofUser(user)),
    },
  } as unknown as Partial<Poller['deps']>);
  expect(poller.kept.get('people')?.users).toEqual({
    [broken]: expect.objectContaining({ isAddress: false }) as object,
  });
  expect(await poller.deps.restrictions.ofUser(other)).toMatchObject({
    accountAtIssuer: { state: 'PURGED' },
  });
  expect([...poller.pending]).toEqual([]);
  expect(poller.entries.at(-1)).toMatchObject({
    reason: 'users of the address: broken, other; kept until the record can be changed: broken',
  });
});

it('reports about 150 users of an issuer are kept, and the events about others stay at the transmitter', async () => {
  const { securityEvents } = poller.issuer('people');
  const keep = (userHash: string) =>
    keepUnapplied(poller.deps, securityEvents, {
      userHash,
      effect: { kind: 'sessions-ended', at: BEGINNING },
    });
  for (let index = 0; index < 150; index += 1) await keep(`user-${index}`);
  const restrictions = { ...poller.deps.restrictions, ofUser: down };
  await poll({ restrictions });
  expect([...poller.pending]).toEqual(['1']);
  // More about the same users is kept.
  await keepUnapplied(poller.deps, securityEvents, {
    userHash: 'user-0',
    effect: { kind: 'account', at: BEGINNING, state: 'DISABLED' },
  });
  await poll();
  expect([...poller.pending]).toEqual([]);
  expect(await poller.deps.restrictions.ofUser('user-0')).toMatchObject({
    endedBefore: BEGINNING,
    accountAtIssuer: { state: 'DISABLED' },
  });
  expect(await poller.deps.restrictions.ofUser('user-149')).toMatchObject({ endedBefore: BEGINNING });
});

it.each([
  ['DISABLED', 'ENABLED'],
  ['PURGED', 'ENABLED'],
  ['PURGED', 'DISABLED', 'ENABLED'],
] as const)('kept reports of %s, and then %s, revoke the grants once applied', async (...states) => {
  poller.pending.clear();
  const { securityEvents } = poller.issuer('people');
  const issuers = [
    { ...poller.issuer('people'), securityEvents: { ...securityEvents, revokeOnAccountDisabled: true } },
  ];
  for (const [index, state] of states.entries()) {
    const effect = { kind: 'account', at: BEGINNING + index, state, trustedIssuer: 'people' } as const;
    await keepUnapplied(poller.deps, securityEvents, { userHash: USER, effect });
  }
  await poll({ issuers });
  expect(await poller.deps.restrictions.ofUser(USER)).toMatchObject({
    accountAtIssuer: { state: 'ENABLED' },
  });
  expect(await poller.deps.revocations.dueSelections(Infinity)).toHaveLength(1);
});

it('what is added while the reports before are applied stays', async () => {
  const broken = { restrictions: { ...poller.deps.restrictions, ofUser: down } };
  await poll(broken);
  const stored = poller.deps.restrictions;
  let isAdded = false;
  const restrictions = {
    ...stored,
    async ofUser(userHash: string) {
      if (!isAdded) {
        isAdded = true;
        poller.deps.system.advance(1);
        await keepUnapplied(poller.deps, poller.issuer('people').securityEvents, {
          userHash,
          effect: { kind: 'sessions-ended', at: BEGINNING },
        });
      }
      return stored.ofUser(userHash);
    },
  };
  await poll({ restrictions });
  expect(poller.kept.get('people')?.users[USER]).toMatchObject({ restriction: { endedBefore: BEGINNING } });
  await poll();
  expect(await poller.deps.restrictions.ofUser(USER)).toMatchObject({
    endedBefore: BEGINNING,
    accountAtIssuer: { state: 'PURGED' },
  });
});

it('a process that stops between storing and acknowledging acts once', async () => {
  const { transport } = poller.deps;
  let requests = 0;
  const killed: typeof transport = (...request) => {
    requests += 1;
    return requests === 2 ? new Promise(() => undefined) : transport(...request);
  };
  // Never returns, as a process that was stopped.
  void poll({ transport: killed });
  for (let tick = 0; requests < 2 && tick < 1000; tick += 1) await Promise.resolve();
  expect([...poller.pending]).toEqual(['1']);
  expect(await poller.deps.restrictions.ofUser(USER)).toMatchObject({ revision: 1 });
  await poll();
  expect([...poller.pending]).toEqual([]);
  expect(poller.entries.map(({ result }) => result)).toEqual(['applied', 'repeated']);
  expect(await poller.deps.restrictions.ofUser(USER)).toMatchObject({ revision: 1 });
  expect(await poller.deps.revocations.dueSelections(Infinity)).toHaveLength(1);
});

it('a transmitter that does not respond delays no other, and is recorded', async () => {
  const { transport } = poller.deps;
  const issuers = ['silent', 'people'].map(poller.issuer);
  const hanging: typeof transport = (url, init) =>
    url.includes('silent')
      ? Promise.reject(new ProviderFailure('unreachable', 'no response in 5000 ms', { unavailable: true }))
      : transport(url, init);
  await poll({ issuers, transport: hanging });
  expect([...poller.pending]).toEqual([]);
  const failures = poller.entries.filter(({ operation }) => operation === 'PollSecurityEvents');
  const entry = { operation: 'PollSecurityEvents', outcome: 'failed', trustedIssuer: 'silent' };
  const failure = { ...entry, reason: 'no response in 5000 ms' };
  expect(failures).toEqual([failure, failure]);
});

it('many transmitters that respond slowly keep no other from being polled', async () => {
  const { transport } = poller.deps;
  const slow = Array.from({ length: 30 }, (_, index) => `slow-${index}`);
  const slowly: typeof transport = (url, init) =>
    url.includes('slow') ? new Promise(() => undefined) : transport(url, init);
  void poll({ issuers: [...slow, 'people'].map(poller.issuer), transport: slowly });
  for (let tick = 0; poller.pending.size > 0 && tick < 1000; tick += 1) await Promise.resolve();
  expect([...poller.pending]).toEqual([]);
});

it.each<[string, Partial<SecretTexts>, string]>([
  [
    'does not exist',
    { describe: () => Promise.resolve(undefined) },
    'the secret does not exist, or has no owner tag',
  ],
  [
    'belongs to another issuer',
    {
      describe: (arn) => Promise.resolve({ arn, tags: { 'agent-identity:owner': 'securityEvents/another' } }),
    },
    'the secret must have the tag agent-identity:owner with the value securityEvents/people',
  ],
  [
    'cannot be decrypted',
    { text: () => Promise.resolve(undefined) },
    'the secret has no JSON object with text under the jsonKey',
  ],
  [
    'lacks the jsonKey',
    { text: () => Promise.resolve('{"other":"hidden-value"}') },
    'the secret has no JSON object with text under the jsonKey',
  ],
  [
    'would add a header',
    { text: () => Promise.resolve(JSON.stringify({ token: 'hidden-value\r\nx-admin: 1' })) },
    'the secret contains no bearer token',
  ],
])('no request is sent if the secret %s, and no value is recorded', async (_what, change, reason) => {
  await poll({ secrets: { ...poller.deps.secrets, ...change } as Poller['deps']['secrets'] });
  expect(poller.requests).toEqual([]);
  const entry = { operation: 'PollSecurityEvents', outcome: 'failed', trustedIssuer: 'people', reason };
  expect(poller.entries).toEqual([entry, entry]);
  expect(poller.errors).toEqual([]);
  expect(JSON.stringify(poller.entries)).not.toContain('hidden-value');
});

it('the text of an unexpected error is reported, and not recorded as the reason', async () => {
  const defect = new Error('a defect');
  await poll({ transport: () => Promise.reject(defect) });
  const entry = { operation: 'PollSecurityEvents', outcome: 'failed', trustedIssuer: 'people' };
  const failure = { ...entry, reason: 'internal error' };
  expect(poller.entries).toEqual([failure, failure]);
  expect(poller.errors).toEqual([defect, defect]);
});

it('a SET that other writes always precede stays at its transmitter, and is no defect', async () => {
  const restrictions = { ...poller.deps.restrictions, putUser: () => Promise.resolve(false) };
  await poll({ restrictions });
  expect([...poller.pending]).toEqual(['1']);
  expect(poller.requests).toHaveLength(1);
  expect(poller.errors).toEqual([]);
});

it('polls only the issuers whose transmitter is polled', async () => {
  const { discoveryUrl, securityEvents } = poller.issuer('pushing');
  const transmitter = { ...securityEvents.transmitter, poll: undefined };
  const issuers: readonly DeployedIssuer[] = [
    { discoveryUrl },
    { discoveryUrl, securityEvents: { id: 'logout', backChannelLogout: { clientIds: ['us'] } } },
    { discoveryUrl, securityEvents: { id: 'pushing', transmitter } },
    poller.issuer('people'),
  ];
  await pollSecurityEvents({ ...poller.deps, issuers }, poller.deps.system.now() + 30_000);
  expect(new Set(poller.requests.map(([url]) => url))).toEqual(new Set(['https://people.example/poll']));
  expect(poller.entries.map(({ operation }) => operation)).toEqual(['ReceiveSecurityEvents']);
});

it('begins no request after its time', async () => {
  await pollSecurityEvents(poller.deps, poller.deps.system.now());
  expect(poller.requests).toEqual([]);
});

it('a transmitter that sends more SETs than were requested has only that number received of each response', async () => {
  const names = Array.from({ length: 20_000 }, (_, index) => `set-${index}`);
  const sets = Object.fromEntries(names.map((jti) => [jti, jti]));
  const requests: Body[] = [];
  await poll({
    transport: (_url, { body }) => {
      requests.push(JSON.parse(String(body)) as Body);
      return Promise.resolve(new Response(JSON.stringify({ sets, moreAvailable: true })));
    },
  });
  expect(requests).toHaveLength(21);
  expect(new Set(requests.slice(1).map(({ ack }) => ack?.length))).toEqual(new Set([50]));
  expect(poller.entries).toHaveLength(20 * 50);
});

describe('SETs that cannot be received yet', () => {
  /** A transmitter that delivers the oldest SETs first, as many as requested, and keeps what was not acknowledged. */
  const oldestFirst: Poller['deps']['transport'] = (url, { body }) => {
    const request = JSON.parse(String(body)) as Body;
    poller.requests.push([url, request]);
    for (const jti of [...(request.ack ?? []), ...Object.keys(request.setErrs ?? {})])
      poller.pending.delete(jti);
    const sets = Object.fromEntries([...poller.pending].slice(0, request.maxEvents).map((jti) => [jti, jti]));
    const moreAvailable = poller.pending.size > request.maxEvents;
    return Promise.resolve(new Response(JSON.stringify({ sets, moreAvailable })));
  };

  const pend = (count: number, kind: string): void => {
    for (let index = 0; index < count; index += 1) poller.pending.add(`${kind} ${index}`);
  };

  const unknownKeys = () => ({
    verify: (token: string) =>
      token.startsWith('unknown')
        ? Promise.reject(new ServiceError('ThrottlingException', 'The key of the token is not known yet.'))
        : poller.deps.tokens.verify(token),
  });

  it.each([50, 60, 100])('delay no others, if there are %i at the head of the queue', async (count) => {
    poller.pending.clear();
    pend(count, 'unknown');
    pend(120, 'known');
    await poll({ tokens: unknownKeys(), transport: oldestFirst });
    expect(poller.pending.size).toBe(count);
    expect([...poller.pending].every((jti) => jti.startsWith('unknown'))).toBe(true);
    // None of them was reported as an error.
    expect(poller.requests.map(([, { setErrs }]) => setErrs)).toEqual(poller.requests.map(() => undefined));
    expect(Math.max(...poller.requests.map(([, { maxEvents }]) => maxEvents))).toBe(50 + count);
    expect(poller.errors).toEqual([]);
  });

  it('are received once in a run, and again in the next one', async () => {
    poller.pending.clear();
    pend(60, 'unknown');
    const verify = jest.fn(unknownKeys().verify);
    await poll({ tokens: { verify }, transport: oldestFirst });
    expect(verify).toHaveBeenCalledTimes(60);
    await poll({ transport: oldestFirst });
    expect([...poller.pending]).toEqual([]);
  });

  it('end the run if there are too many, or if the transmitter delivers no others', async () => {
    pend(1000, 'unknown');
    await poll({ tokens: unknownKeys(), transport: oldestFirst });
    expect(poller.requests.map(([, { maxEvents }]) => maxEvents)).toEqual([50, 99, 149]);
    expect(poller.pending.has('1')).toBe(false);
    expect(poller.pending.size).toBe(1000);

    poller.requests.length = 0;
    const limited: typeof oldestFirst = (url, { body }) => {
      const request = JSON.parse(String(body)) as Body;
      const capped = { ...request, maxEvents: Math.min(request.maxEvents, 50) };
      return oldestFirst(url, { body: JSON.stringify(capped) });
    };
    await poll({ tokens: unknownKeys(), transport: limited });
    expect(poller.requests).toHaveLength(2);
  });

  it('that are long leave room for at least one other, or the run fails', async () => {
    const room = (most: number): typeof oldestFirst => {
      return (url, init) => {
        const { maxEvents } = JSON.parse(String(init.body)) as Body;
        const delivered = Math.min(maxEvents, poller.pending.size);
        return delivered > most ? Promise.reject(new ResponseTooLong(1)) : oldestFirst(url, init);
      };
    };
    poller.pending.clear();
    pend(10, 'unknown');
    pend(10, 'known');
    await poll({ tokens: unknownKeys(), transport: room(11) });
    expect([...poller.pending].map((jti) => jti.split(' ')[0])).toEqual(Array(10).fill('unknown'));

    pend(20, 'known');
    await poll({ tokens: unknownKeys(), transport: room(10) });
    expect(poller.pending.size).toBe(30);
    expect(poller.entries.at(-1)).toMatchObject({ outcome: 'failed', reason: 'response is over 1 bytes' });
  });

  it('delay no others if each of them makes this service fail', async () => {
    poller.pending.clear();
    pend(50, 'defect');
    pend(120, 'known');
    const verify = (token: string) =>
      token.startsWith('defect') ? down() : poller.deps.tokens.verify(token);
    await poll({ tokens: { verify }, transport: oldestFirst });
    expect([...poller.pending].map((jti) => jti.split(' ')[0])).toEqual(Array(50).fill('defect'));
    expect(poller.errors).toHaveLength(50);
  });

  it('end the run if the database is down', async () => {
    pend(1000, 'known');
    const receivedEvents = { ...poller.deps.receivedEvents, has: down };
    await poll({ receivedEvents, transport: oldestFirst });
    expect(poller.requests).toHaveLength(3);
    expect(poller.pending.size).toBe(1001);
  });
});

it('a transmitter that ignores the requested number has all of its SETs received', async () => {
  for (let index = 0; index < 120; index += 1) poller.pending.add(`set-${index}`);
  await poll();
  expect([...poller.pending]).toEqual([]);
});

it('a transmitter whose keys take long has no other SET received after the time, and what was received is acknowledged', async () => {
  const { tokens, system } = poller.deps;
  for (const jti of ['2', '3', '4', '5', '6', '7', '8', '9']) poller.pending.add(jti);
  const slowly = {
    verify: (token: string) => {
      system.advance(5);
      return tokens.verify(token);
    },
  };
  await poll({ tokens: slowly });
  expect([...poller.pending]).toEqual(['7', '8', '9']);
});
