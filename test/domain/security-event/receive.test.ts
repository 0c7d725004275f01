/** Receiving events when the database fails or other writes come first: the transmitter sends the event again. */
import type { AuditEntry } from '../../../lambda/domain/audit';
import { subjectHash } from '../../../lambda/domain/identity/user';
import { receiveSecurityEvents, type ReceivedEvent } from '../../../lambda/domain/security-event/receive';
import { SET_TYPE } from '../../../lambda/domain/security-event/set';
import { BEGINNING, createFakeSystem } from '../fake-system';
import { createInMemoryStores } from '../in-memory-stores';

const ISSUER = 'https://issuer.example';
const TYPE = 'https://schemas.openid.net/secevent/caep/event-type/session-revoked';
const USER = subjectHash({ kind: 'jwt', issuer: ISSUER, subject: 'ana' });

function createReceiver() {
  const { restrictions } = createInMemoryStores();
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
          events: { [TYPE]: {} },
        }),
    },
    metadata: { read: () => Promise.resolve({ issuer: ISSUER }) },
    restrictions,
    receivedEvents: {
      has: ({ jti }: ReceivedEvent) => Promise.resolve(received.some((each) => each.jti === jti)),
      add: (event: ReceivedEvent) => Promise.resolve(void received.push(event)),
    },
    audit: { record: (entry: AuditEntry) => void entries.push(entry) },
    system: createFakeSystem(),
    baseUrl: 'https://service.example',
  };
  return { deps, received, entries };
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
