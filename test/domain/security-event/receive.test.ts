/**
 * Receiving reports: a request that is malformed or not authentic, a database that fails, and other writes that come
 * first, after which the transmitter sends the event again. The JTI of an account event is its name, with any suffix
 * after `#`.
 */
import type { AuditEntry } from '../../../lambda/domain/audit';
import { sessionHash, userHashOf } from '../../../lambda/model/user';
import type { JsonObject } from '../../../lambda/domain/json-object';
import { ProviderFailure } from '../../../lambda/domain/oauth/provider-failure';
import type { EventTokens } from '../../../lambda/domain/security-event/event-tokens';
import {
  receiveLogout,
  receiveSecurityEvents,
  receiveTokenRevocation,
  type ReceivedRequest,
} from '../../../lambda/domain/security-event/receive';
import type { ReceivedEvent } from '../../../lambda/domain/security-event/receive-set';
import { SET_TYPE } from '../../../lambda/domain/security-event/set';
import { BEGINNING, createFakeSystem } from '../fake-system';
import { createInMemoryStores } from '../in-memory-stores';

const ISSUER = 'https://issuer.example';
const TYPE = 'https://schemas.openid.net/secevent/caep/event-type/session-revoked';
const RISC = 'https://schemas.openid.net/secevent/risc/event-type/';
const USER = userHashOf({ kind: 'jwt', issuer: ISSUER, subject: 'ana' });

function createReceiver() {
  const { restrictions, revocations } = createInMemoryStores();
  let woken = 0;
  const received: ReceivedEvent[] = [];
  const entries: AuditEntry[] = [];
  const deps = {
    issuers: [
      {
        discoveryUrl: `${ISSUER}/.well-known/openid-configuration`,
        securityEvents: {
          id: 'people',
          transmitter: { issuer: ISSUER, jwksUri: `${ISSUER}/keys`, audience: ['us'] },
        },
      },
    ],
    // The claims of a SET with a valid signature; event-token-verifier.test.ts has the others.
    tokens: {
      verify: (token: string) =>
        Promise.resolve({
          jti: token,
          iat: BEGINNING,
          sub_id: { format: 'iss_sub', iss: ISSUER, sub: 'ana' },
          events: { [token.startsWith('account-') ? RISC + token.replace(/#.*/, '') : TYPE]: {} },
        }),
    },
    metadata: { read: () => Promise.resolve({ issuer: ISSUER }) },
    restrictions,
    userEmails: { usersOf: () => Promise.resolve([]) },
    revocations,
    revocationWorker: {
      select: () => Promise.reject(new Error('the receiver waits for no selection')),
      wake: () => Promise.resolve(void (woken += 1)),
    },
    receivedEvents: {
      has: ({ jti }: ReceivedEvent) => Promise.resolve(received.some((each) => each.jti === jti)),
      add: (event: ReceivedEvent) => Promise.resolve(void received.push(event)),
    },
    audit: { record: (entry: AuditEntry) => void entries.push(entry) },
    system: createFakeSystem(),
    baseUrl: 'https://service.example',
  };
  return { deps, received, entries, woken: () => woken };
}

type Receiver = ReturnType<typeof createReceiver>;
let receiver: Receiver;
beforeEach(() => {
  receiver = createReceiver();
});

const receive = (jti: string, deps: Partial<Receiver['deps']> = {}) =>
  receiveSecurityEvents(
    { ...receiver.deps, ...deps },
    { issuerId: 'people', contentType: `application/${SET_TYPE}`, authorization: undefined, body: jti },
  );

it('stores the restriction before the event counts as received', async () => {
  const broken = {
    ...receiver.deps.restrictions,
    putUser: () => Promise.reject(new Error('the database is down')),
  };
  await expect(receive('1', { restrictions: broken })).rejects.toThrow('the database is down');
  expect(receiver.received).toEqual([]);
  expect(receiver.entries).toEqual([expect.objectContaining({ outcome: 'failed', jti: '1' })]);
  await receive('1');
  expect(await receiver.deps.restrictions.ofUser(USER)).toMatchObject({
    endedBefore: BEGINNING,
    revision: 1,
  });
});

it('is sent again, without another effect, if only the record of the event could not be written', async () => {
  const { has } = receiver.deps.receivedEvents;
  const broken = { has, add: () => Promise.reject(new Error('the database is down')) };
  await expect(receive('1', { receivedEvents: broken })).rejects.toThrow('the database is down');
  await receive('1');
  expect(receiver.entries.at(-1)).toMatchObject({ outcome: 'allowed', result: 'no-effect' });
  expect(await receiver.deps.restrictions.ofUser(USER)).toMatchObject({ revision: 1 });
});

it('adds to a restriction that a concurrent request changes', async () => {
  const { restrictions } = receiver.deps;
  const suspendedByOperator = { since: 1, by: 'arn:aws:iam::123456789012:user/operator' };
  let overtaken = false;
  const raced = {
    ...restrictions,
    async ofUser(userHash: string) {
      const current = await restrictions.ofUser(userHash);
      if (!overtaken) await restrictions.putUser({ userHash, suspendedByOperator, revision: 1 });
      overtaken = true;
      return current;
    },
  };
  await receive('1', { restrictions: raced });
  expect(await restrictions.ofUser(USER)).toMatchObject({
    suspendedByOperator,
    endedBefore: BEGINNING,
    revision: 2,
  });
});

it('asks for a retry if other writes always come first', async () => {
  const restrictions = { ...receiver.deps.restrictions, putUser: () => Promise.resolve(false) };
  await expect(receive('1', { restrictions })).rejects.toMatchObject({ type: 'ThrottlingException' });
  expect(receiver.received).toEqual([]);
});

it.each([
  [
    'a failure of the issuer',
    new ProviderFailure('unreachable', 'no response'),
    { type: 'InternalServerException' },
  ],
  ['a defect', new Error('a defect'), { message: 'a defect' }],
])('asks for a retry if %s prevents that the user is known', async (_what, error, rejection) => {
  const metadata = { read: () => Promise.reject(error) };
  await expect(receive('1', { metadata })).rejects.toMatchObject(rejection);
  expect(receiver.received).toEqual([]);
  expect(await receiver.deps.restrictions.ofUser(USER)).toBeUndefined();
});

it('restricts the user of the issuer in its tokens, which can end with a slash', async () => {
  const issuer = `${ISSUER}/`;
  await receive('1', { metadata: { read: () => Promise.resolve({ issuer }) } });
  const user = userHashOf({ kind: 'jwt', issuer, subject: 'ana' });
  expect(await receiver.deps.restrictions.ofUser(user)).toMatchObject({ endedBefore: BEGINNING });
});

it.each([
  ['is stated', BEGINNING - 5, BEGINNING - 5],
  ['is ahead of our clock by the allowed skew', BEGINNING + 60, BEGINNING + 60],
  ['is in the future', BEGINNING + 61, BEGINNING - 1],
  ['is stated in milliseconds', (BEGINNING - 5) * 1000, BEGINNING - 5],
  ['is in the future in milliseconds, too', (BEGINNING + 61) * 1000, BEGINNING - 1],
  ['is not stated', undefined, BEGINNING - 1],
])(
  'ends what was issued before the event, or before the SET, if the time %s',
  async (_what, stated, time) => {
    const set = {
      jti: '1',
      iat: BEGINNING - 1,
      sub_id: { format: 'iss_sub', iss: ISSUER, sub: 'ana' },
      events: { [TYPE]: stated === undefined ? {} : { event_timestamp: stated } },
    };
    await receive('1', { tokens: { verify: () => Promise.resolve(set) } });
    expect(await receiver.deps.restrictions.ofUser(USER)).toMatchObject({ endedBefore: time });
  },
);

it.each([
  ['in the future', BEGINNING + 3600],
  ['in milliseconds, of before the suspension', (BEGINNING - 10) * 1000],
])('a repeated account-enabled with a time %s lifts no newer suspension', async (_what, stated) => {
  const about = (jti: string, iat: number, type: string, event: object) => ({
    verify: () =>
      Promise.resolve({
        jti,
        iat,
        sub_id: { format: 'iss_sub', iss: ISSUER, sub: 'ana' },
        events: { [`${RISC}${type}`]: event },
      }),
  });
  await receive('1', { tokens: about('1', BEGINNING - 5, 'account-disabled', {}) });
  await receive('2', { tokens: about('2', BEGINNING, 'account-enabled', { event_timestamp: stated }) });
  expect(await receiver.deps.restrictions.ofUser(USER)).toMatchObject({
    accountAtIssuer: { state: 'DISABLED', eventTime: BEGINNING - 5 },
  });
  expect(receiver.entries.at(-1)).toMatchObject({ result: 'no-effect' });
});

describe('an event that ends the grants of an account', () => {
  const begun = async () => (await receiver.deps.revocations.dueSelections(Infinity)).map(({ id }) => id);
  const broken = () => Promise.reject(new Error('the database is down'));

  it('stores their revocation before the event counts as received, and wakes the worker', async () => {
    const { revocations, revocationWorker } = receiver.deps;
    const failing = { revocations: { ...revocations, create: broken } };
    await expect(receive('account-purged', failing)).rejects.toThrow('the database is down');
    expect(receiver.received).toEqual([]);
    // The access ended all the same, and the repeated event begins the revocation.
    expect(await receiver.deps.restrictions.ofUser(USER)).toMatchObject({
      accountAtIssuer: { state: 'PURGED' },
    });
    await receive('account-purged', { revocationWorker: { ...revocationWorker, wake: broken } });
    const [id = '', ...others] = await begun();
    expect(others).toEqual([]);
    expect(await revocations.get(id)).toMatchObject({
      trustedIssuer: 'people',
      cause: 'identity-provider',
      filter: { userHash: USER },
      reason: 'account-purged',
      matched: 0,
    });
    expect(receiver.entries.at(-1)).toMatchObject({ outcome: 'allowed', revocation: id });
    expect(receiver.received).toEqual([{ issuerId: 'people', jti: 'account-purged' }]);
  });

  it('begins one revocation if only the record of the event could not be written, or another event repeats it', async () => {
    const { has } = receiver.deps.receivedEvents;
    await expect(receive('account-purged', { receivedEvents: { has, add: broken } })).rejects.toThrow();
    await receive('account-purged');
    await receive('account-purged#2');
    expect(await begun()).toHaveLength(1);
    expect(receiver.woken()).toBe(1);
  });

  it('begins none if a newer event has enabled the account', async () => {
    await receiver.deps.restrictions.putUser({
      userHash: USER,
      accountAtIssuer: { state: 'ENABLED', eventTime: BEGINNING + 1, since: BEGINNING + 1 },
      revision: 1,
    });
    await receive('account-purged');
    expect(await begun()).toEqual([]);
  });

  it('is account-disabled only if the deployment says so', async () => {
    await receive('account-disabled');
    expect(await begun()).toEqual([]);
    const [{ discoveryUrl, securityEvents }] = receiver.deps.issuers as [
      (typeof receiver.deps.issuers)[number],
    ];
    const issuers = [{ discoveryUrl, securityEvents: { ...securityEvents, revokeOnAccountDisabled: true } }];
    receiver.deps.system.advance(1);
    await receive('account-disabled#2', { issuers });
    expect(await begun()).toHaveLength(1);
  });
});

describe('a logout token', () => {
  const LOGOUT = 'http://schemas.openid.net/event/backchannel-logout';
  const claims = {
    iss: ISSUER,
    sub: 'ana',
    iat: BEGINNING,
    exp: BEGINNING + 120,
    jti: 'logout',
    events: { [LOGOUT]: {} },
  };

  /** Receives it with these claims; the verifier reads the address of the keys, as for a real signature. */
  const receiveToken = (
    change: object = {},
    request: Partial<ReceivedRequest> = {},
    metadata: object = { jwks_uri: `${ISSUER}/keys` },
  ) => {
    const tokens: EventTokens = {
      async verify(_token, expected) {
        await expected.jwksUri();
        return { ...claims, ...change };
      },
    };
    const [{ discoveryUrl }] = receiver.deps.issuers as [(typeof receiver.deps.issuers)[number]];
    return receiveLogout(
      {
        ...receiver.deps,
        issuers: [
          { discoveryUrl, securityEvents: { id: 'people', backChannelLogout: { clientIds: ['us'] } } },
        ],
        metadata: { read: () => Promise.resolve({ issuer: ISSUER, ...metadata }) },
        tokens,
      },
      {
        issuerId: 'people',
        contentType: 'application/x-www-form-urlencoded',
        authorization: undefined,
        body: 'logout_token=a.b.c',
        ...request,
      },
    );
  };

  const restriction = () => receiver.deps.restrictions.ofUser(USER);

  it('ends the sessions of its user', async () => {
    await receiveToken();
    expect(await restriction()).toMatchObject({ endedBefore: BEGINNING });
  });

  it.each<[string, Partial<ReceivedRequest>, string]>([
    ['in JSON', { contentType: 'application/json' }, 'must be a form'],
    ['without a content type', { contentType: undefined }, 'must be a form'],
    ['in a body that is too long', { body: `logout_token=${'a'.repeat(65_536)}` }, 'must be a form'],
    ['under another name', { body: 'token=a.b.c' }, 'must contain one logout_token'],
    ['with another one', { body: 'logout_token=a.b.c&logout_token=d.e.f' }, 'must contain one logout_token'],
  ])('%s is rejected before it is verified', async (_where, request, message) => {
    const verified = receiveToken({ iss: 'https://never-read.example' }, request);
    await expect(verified).rejects.toMatchObject({ code: 'invalid_request' });
    await expect(verified).rejects.toThrow(message);
    expect(await restriction()).toBeUndefined();
  });

  it.each<[string, object, string]>([
    ['that has expired', { exp: BEGINNING - 60 }, 'invalid_request'],
    ['from the future', { iat: BEGINNING + 61 }, 'invalid_request'],
    ['with a nonce, which an ID token has', { nonce: 'n' }, 'invalid_request'],
    ['without the event', { events: {} }, 'invalid_request'],
    ['about a user of another issuer', { iss: 'https://other.example' }, 'invalid_issuer'],
  ])('%s is rejected', async (_what, change, code) => {
    await expect(receiveToken(change)).rejects.toMatchObject({ code });
    expect(await restriction()).toBeUndefined();
    expect(receiver.entries).toEqual([expect.objectContaining({ outcome: 'denied' })]);
  });

  it('of an issuer that publishes no keys is rejected', async () => {
    await expect(receiveToken({}, {}, {})).rejects.toMatchObject({ code: 'invalid_metadata' });
    expect(await restriction()).toBeUndefined();
  });

  it('is not accepted from an issuer that only transmits security events', async () => {
    const request = {
      issuerId: 'people',
      contentType: 'application/x-www-form-urlencoded',
      authorization: undefined,
      body: 'logout_token=a.b.c',
    };
    await expect(receiveLogout(receiver.deps, request)).rejects.toMatchObject({
      type: 'ResourceNotFoundException',
    });
  });
});

describe('a request to revoke all tokens of a user', () => {
  const SUBJECT = { format: 'iss_sub', iss: ISSUER, sub: 'ana' };
  const valid = { iat: BEGINNING, exp: BEGINNING + 120 };

  const revoke = (request: Partial<ReceivedRequest> = {}, claims: JsonObject = valid) => {
    const [{ discoveryUrl }] = receiver.deps.issuers as [(typeof receiver.deps.issuers)[number]];
    const globalTokenRevocation = {
      issuer: 'https://caller.example',
      jwksUri: 'https://caller.example/keys',
    };
    const tokens: EventTokens = {
      async verify(_token, expected) {
        expect(await expected.jwksUri()).toBe(globalTokenRevocation.jwksUri);
        return claims;
      },
    };
    return receiveTokenRevocation(
      {
        ...receiver.deps,
        issuers: [{ discoveryUrl, securityEvents: { id: 'people', globalTokenRevocation } }],
        tokens,
      },
      {
        issuerId: 'people',
        contentType: 'application/json',
        authorization: 'Bearer a.b.c',
        body: JSON.stringify({ sub_id: SUBJECT }),
        ...request,
      },
    );
  };

  const restriction = () => receiver.deps.restrictions.ofUser(USER);

  it.each([
    ['with a JTI', { ...valid, jti: 'revocation' }, { jti: 'revocation' }],
    ['without a JTI', valid, {}],
  ])('ends the sessions of the user, %s', async (_what, claims, entry) => {
    await revoke({}, claims);
    expect(await restriction()).toMatchObject({ endedBefore: BEGINNING });
    expect(receiver.entries).toEqual([expect.objectContaining({ outcome: 'allowed', user: USER, ...entry })]);
  });

  it('names the subject as earlier drafts do', async () => {
    await revoke({ body: JSON.stringify({ subject: SUBJECT }) });
    expect(await restriction()).toMatchObject({ endedBefore: BEGINNING });
  });

  it.each([
    ['no Authorization header', undefined],
    ['another scheme', 'Basic YTpi'],
    ['two tokens', 'Bearer a.b.c d.e.f'],
    ['a token that is too long', `Bearer ${'a'.repeat(65_537)}`],
  ])('is rejected with %s', async (_what, authorization) => {
    await expect(revoke({ authorization })).rejects.toMatchObject({
      type: 'UnauthorizedException',
      detail: 'no bearer token',
    });
    expect(await restriction()).toBeUndefined();
  });

  it.each([
    ['states no time', {}, 'iat or exp is missing'],
    [
      'has expired',
      { ...valid, exp: BEGINNING - 60 },
      'invalid_request: The token is no longer valid (exp).',
    ],
    [
      'is from the future',
      { ...valid, iat: BEGINNING + 61 },
      'invalid_request: The iat of the token is in the future.',
    ],
  ])('is rejected if the token %s, and the caller does not learn why', async (_what, claims, detail) => {
    await expect(revoke({}, claims)).rejects.toMatchObject({
      type: 'UnauthorizedException',
      message: 'The bearer token is missing or not valid.',
      detail,
    });
    expect(await restriction()).toBeUndefined();
  });

  it.each<[string, Partial<ReceivedRequest>]>([
    ['in another content type', { contentType: 'text/plain' }],
    ['in a body that is too long', { body: JSON.stringify({ sub_id: SUBJECT, more: 'a'.repeat(65_536) }) }],
    ['in a body that is not JSON', { body: 'sub_id=ana' }],
    ['without a subject', { body: '{}' }],
    ['for a subject in another format', { body: '{"sub_id":{"format":"opaque","id":"ana"}}' }],
    [
      'for a subject that a device narrows',
      { body: JSON.stringify({ sub_id: { format: 'complex', user: SUBJECT, device: SUBJECT } }) },
    ],
    [
      'for an email address that the deployment does not accept',
      { body: '{"sub_id":{"format":"email","email":"ana@example.com"}}' },
    ],
  ])('is rejected %s', async (_what, request) => {
    await expect(revoke(request)).rejects.toMatchObject({ type: 'ValidationException' });
    expect(await restriction()).toBeUndefined();
  });

  it('is denied for a user of another issuer', async () => {
    const body = JSON.stringify({ sub_id: { ...SUBJECT, iss: 'https://other.example' } });
    await expect(revoke({ body })).rejects.toMatchObject({ type: 'AccessDeniedException' });
    const other = userHashOf({ kind: 'jwt', issuer: 'https://other.example', subject: 'ana' });
    expect(await receiver.deps.restrictions.ofUser(other)).toBeUndefined();
  });

  it('of a complex subject ends only its session', async () => {
    const sub_id = { format: 'complex', user: SUBJECT, session: { format: 'opaque', id: 'session-1' } };
    await revoke({ body: JSON.stringify({ sub_id }) });
    const stored = await restriction();
    expect(stored?.endedSessions).toEqual({ [sessionHash(ISSUER, 'session-1')]: BEGINNING });
    expect(stored?.endedBefore).toBeUndefined();
  });

  it('of a complex subject without a session ends all sessions', async () => {
    await revoke({ body: JSON.stringify({ sub_id: { format: 'complex', user: SUBJECT } }) });
    expect(await restriction()).toMatchObject({ endedBefore: BEGINNING });
  });

  it('of a complex subject whose session has another format is rejected', async () => {
    const sub_id = { format: 'complex', user: SUBJECT, session: { format: 'email', email: 'a@example.com' } };
    await expect(revoke({ body: JSON.stringify({ sub_id }) })).rejects.toMatchObject({
      type: 'ValidationException',
      detail: 'the session of the complex subject is not opaque',
    });
  });
});
