/**
 * Receiving events when the database fails or other writes come first: the transmitter sends the event again. The JTI of an
 * account event is its name, with any suffix after `#`.
 */
import type { AuditEntry } from '../../../lambda/domain/audit';
import { subjectHash } from '../../../lambda/domain/identity/user';
import { receiveSecurityEvents } from '../../../lambda/domain/security-event/receive';
import type { ReceivedEvent } from '../../../lambda/domain/security-event/receive-set';
import { SET_TYPE } from '../../../lambda/domain/security-event/set';
import { BEGINNING, createFakeSystem } from '../fake-system';
import { createInMemoryStores } from '../in-memory-stores';

const ISSUER = 'https://issuer.example';
const TYPE = 'https://schemas.openid.net/secevent/caep/event-type/session-revoked';
const RISC = 'https://schemas.openid.net/secevent/risc/event-type/';
const USER = subjectHash({ kind: 'jwt', issuer: ISSUER, subject: 'ana' });

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
    userEmails: { userOf: () => Promise.resolve(undefined) },
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

it('restricts the user of the issuer in its tokens, which can end with a slash', async () => {
  const issuer = `${ISSUER}/`;
  await receive('1', { metadata: { read: () => Promise.resolve({ issuer }) } });
  const user = subjectHash({ kind: 'jwt', issuer, subject: 'ana' });
  expect(await receiver.deps.restrictions.ofUser(user)).toMatchObject({ endedBefore: BEGINNING });
});

describe('an event that ends the grants of an account', () => {
  const begun = async () => (await receiver.deps.revocations.due(Infinity)).records.map(({ id }) => id);
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
      filter: { subjectHash: USER },
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
