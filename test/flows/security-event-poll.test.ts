/** Security events that the service fetches from a scripted transmitter (RFC 8936). */
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { userRestrictionKey } from '../../lambda/model/table-keys';
import { userHashOf } from '../../lambda/model/user';
import { localFunctionName } from '../../lib/local/gateway-event';
import type { InvokedHandler } from '../../lib/local/lambda';
import { moveClock } from './support/clock';
import { startIssuer, type TestIssuer } from './support/issuer';
import { tableOf } from './support/portal';
import { PollTransmitter } from './support/poll-transmitter';
import { changeSecret, putSecret, tagSecret } from './support/secrets';
import { AUDIENCE, CAEP, issSub, now, RISC, SSF, Transmitter } from './support/transmitter';
import { World, type TestAgent } from './support/world';

const TOKEN = 'token-of-the-stream-0123456789';
/** The name of the first secret that a test stores. */
const SECRET = 'secret-1';
const OWNER = 'securityEvents/people';

let world: World;
let keys: TestIssuer;
let transmitter: PollTransmitter;
let sets: Transmitter;
let agent: TestAgent;
let secretArn: string;
let users = 0;

beforeAll(async () => {
  [keys, transmitter] = await Promise.all([startIssuer(), PollTransmitter.start()]);
  world = await World.start({ ttl: { AccessToken: 3600 } }, ({ discoveryUrl, audience }) => [
    {
      discoveryUrl,
      allowedAudience: [audience],
      securityEvents: {
        id: 'people',
        transmitter: {
          issuer: keys.issuer,
          jwksUri: `${keys.issuer}/jwks`,
          audience: [AUDIENCE],
          poll: {
            endpoint: transmitter.endpoint,
            authorization: { secretId: SECRET, jsonKey: 'token' },
          },
        },
      },
    },
  ]);
  sets = new Transmitter(keys, world.local.endpoint, '/events/people');
  const secret = await putSecret({ token: TOKEN }, OWNER);
  expect(secret.name).toBe(SECRET);
  secretArn = secret.arn;
  agent = await world.agent();
});
afterAll(async () => {
  await world.stop();
  await Promise.all([keys.close(), transmitter.close()]);
});
afterEach(() => {
  transmitter.reset();
});

const newUser = (): string => `user-${(users += 1)}`;
const of = (subject: string) => issSub(world.issuer.issuer, subject);
const mint = async (subject: string) =>
  agent.token({ userToken: await world.issuer.token(subject, { iat: now() - 5 }) });
const ENDED = { name: 'UnauthorizedException' };
const DISABLED = { name: 'AccessDeniedException' };

/** Has the transmitter deliver a SET. @returns its `jti` */
async function offer(
  type: string,
  subject: object,
  claims: Readonly<Record<string, unknown>> = {},
  as?: string,
): Promise<string> {
  const jti = randomUUID();
  transmitter.pending.set(as ?? jti, await sets.set(type, subject, {}, { jti, ...claims }));
  return jti;
}

/** Runs the function as its schedule does. */
async function poll(): Promise<void> {
  const name = localFunctionName('event-poll');
  const handler = world.local.functions.get(name) as InvokedHandler;
  await handler({ poll: 'security-events' }, { awsRequestId: randomUUID(), invokedFunctionArn: name });
}

/** The entries of the last runs about polled events. */
const entries = async (): Promise<Record<string, unknown>[]> =>
  (await world.audit()).filter(({ operation }) =>
    ['ReceiveSecurityEvents', 'PollSecurityEvents'].includes(String(operation)),
  );

it('applies what was fetched, and acknowledges it after that', async () => {
  const [ended, disabled] = [newUser(), newUser()];
  const jtis = [
    await offer(`${CAEP}session-revoked`, of(ended)),
    await offer(`${RISC}account-disabled`, of(disabled)),
  ];
  let atAcknowledgment: string[] = [];
  const acknowledged = async () => {
    atAcknowledgment = await Promise.all(
      [ended, disabled].map((user) =>
        mint(user).then(
          () => 'allowed',
          (error: unknown) => (error as Error).name,
        ),
      ),
    );
  };
  transmitter.script.push(() => undefined, acknowledged);
  await poll();
  expect(atAcknowledgment).toEqual([ENDED.name, DISABLED.name]);
  expect(transmitter.requests).toEqual([
    { authorization: `Bearer ${TOKEN}`, maxEvents: 50, returnImmediately: true },
    { authorization: `Bearer ${TOKEN}`, maxEvents: 0, returnImmediately: true, ack: jtis },
  ]);
  expect((await entries()).slice(-2)).toEqual(
    jtis.map(
      (jti) =>
        expect.objectContaining({
          outcome: 'allowed',
          trustedIssuer: 'people',
          jti,
          result: 'applied',
        }) as object,
    ),
  );
});

it('sends one request if there is nothing, and records nothing', async () => {
  const before = await entries();
  await poll();
  expect(transmitter.requests).toHaveLength(1);
  expect(await entries()).toEqual(before);
});

it('follows moreAvailable, and acknowledges each response with the next request', async () => {
  transmitter.batch = 2;
  const all = [];
  for (let count = 0; count < 5; count += 1) all.push(await offer(`${SSF}verification`, of('any')));
  await poll();
  expect(transmitter.pending.size).toBe(0);
  expect(transmitter.requests.map(({ ack }) => ack)).toEqual([
    undefined,
    all.slice(0, 2),
    all.slice(2, 4),
    all.slice(4),
  ]);
});

it('applies an event of a transmitter whose clock is ahead when its iat has come', async () => {
  const user = newUser();
  await offer(`${RISC}account-disabled`, of(user), { iat: now() + 90 });
  await poll();
  expect(transmitter.pending.size).toBe(1);
  expect(await mint(user)).toEqual(expect.any(String));
  moveClock(60);
  await poll();
  expect(transmitter.pending.size).toBe(0);
  await expect(mint(user)).rejects.toMatchObject(DISABLED);
});

it('receives the events of all others while those of one user cannot be applied, and applies these later', async () => {
  const [unreadable, last] = [newUser(), newUser()];
  const userHash = userHashOf({ kind: 'jwt', issuer: world.issuer.issuer, subject: unreadable });
  const key = userRestrictionKey(userHash);
  const record = { userHash, revision: 1, recordVersion: 1 };
  await tableOf('Directory').put(key, { ...record, ofLaterRelease: true });
  await offer(`${RISC}account-disabled`, of(unreadable));
  for (let count = 0; count < 101; count += 1) {
    const jti = randomUUID();
    const session = { format: 'opaque', id: `session-${count}` };
    const subject = { format: 'complex', user: of(unreadable), session };
    transmitter.pending.set(jti, await sets.set(`${CAEP}session-revoked`, subject, {}, { jti }));
  }
  await offer(`${RISC}account-disabled`, of(last));
  await poll();
  expect(transmitter.pending.size).toBe(0);
  await expect(mint(last)).rejects.toMatchObject(DISABLED);
  await expect(mint(unreadable)).rejects.toMatchObject({ name: 'InternalServerException' });

  await tableOf('Directory').put(key, record);
  await poll();
  await expect(mint(unreadable)).rejects.toMatchObject(DISABLED);
});

it('fetches fewer SETs after a response that is too long, down to one', async () => {
  const user = newUser();
  const long = (length: number) => ({ reason_admin: { en: 'y'.repeat(length) } });
  const pend = async (type: string, event: Readonly<Record<string, unknown>>) => {
    const jti = randomUUID();
    transmitter.pending.set(jti, await sets.set(type, of(user), event, { jti }));
  };
  for (let count = 0; count < 50; count += 1) await pend(`${SSF}stream-updated`, long(4_500));
  for (let count = 0; count < 10; count += 1) await pend(`${SSF}stream-updated`, long(40_000));
  await pend(`${RISC}account-disabled`, {});
  await poll();
  expect(transmitter.pending.size).toBe(0);
  await expect(mint(user)).rejects.toMatchObject(DISABLED);
  expect(transmitter.requests.map(({ maxEvents }) => maxEvents)).toEqual([
    50, 25, 25, 25, 12, 6, 3, 3, 3, 3, 0,
  ]);
});

it('ends a run with a transmitter that never stops', async () => {
  const endless = async () => void (await offer(`${SSF}verification`, of('any')));
  transmitter.batch = 1;
  await endless();
  transmitter.script.push(
    ...Array.from({ length: 60 }, () => async () => {
      await endless();
      await endless();
    }),
  );
  await poll();
  expect(transmitter.requests).toHaveLength(21);
});

it('acts once on a SET whose acknowledgment was lost', async () => {
  const subject = newUser();
  const jti = await offer(`${RISC}account-disabled`, of(subject));
  transmitter.script.push(
    () => undefined,
    (_request, response) => void response.destroy(),
  );
  await poll();
  expect(transmitter.pending.size).toBe(0);
  expect((await entries()).slice(-3)).toEqual([
    expect.objectContaining({ jti, result: 'applied' }),
    expect.objectContaining({ operation: 'PollSecurityEvents', outcome: 'failed', trustedIssuer: 'people' }),
    expect.objectContaining({ jti, result: 'repeated' }),
  ]);
});

it('reports invalid SETs with the codes of RFC 8935, and applies the others', async () => {
  const [user, untouched] = [newUser(), newUser()];
  const good = await offer(`${CAEP}session-revoked`, of(user));
  const type = `${RISC}account-disabled`;
  const expected: Record<string, string> = {
    [await offer(type, of(untouched), { iss: 'https://other.example' })]: 'invalid_issuer',
    [await offer(type, of(untouched), { aud: 'https://other.example' })]: 'invalid_audience',
    [await offer(type, of(untouched), { exp: now() + 60 })]: 'invalid_request',
    [await offer(type, issSub('https://other.example', untouched))]: 'access_denied',
    junk: 'invalid_request',
    renamed: 'invalid_request',
    forged: 'invalid_key',
  };
  transmitter.pending.set('junk', 'not a JWT');
  await offer(type, of(untouched), {}, 'renamed');
  const genuine = await sets.set(type, of(untouched), {}, { jti: 'forged' });
  transmitter.pending.set('forged', `${genuine.slice(0, genuine.lastIndexOf('.'))}.${'A'.repeat(342)}`);
  await poll();
  const last = transmitter.requests.at(-1);
  expect(last?.ack).toEqual([good]);
  const { setErrs = {} } = last ?? {};
  expect(Object.fromEntries(Object.entries(setErrs).map(([jti, { err }]) => [jti, err]))).toEqual(expected);
  await expect(mint(user)).rejects.toMatchObject(ENDED);
  expect(await mint(untouched)).toEqual(expect.any(String));
});

it('does not follow a redirect, and sends the token nowhere else', async () => {
  const other = await PollTransmitter.start();
  const redirect = (_request: unknown, response: ServerResponse) =>
    void response.writeHead(307, { location: other.endpoint }).end();
  transmitter.script.push(redirect, redirect);
  await poll();
  expect(other.requests).toEqual([]);
  await other.close();
  expect((await entries()).at(-1)).toMatchObject({
    operation: 'PollSecurityEvents',
    outcome: 'failed',
    reason: 'the transmitter responded with 307',
  });
});

it.each([
  ['401', 401, '{}', 'the transmitter responded with 401'],
  ['a response that is no JSON', 200, '<html>', "the transmitter's response is malformed"],
  ['SETs in another form', 200, '{"sets":"a.b.c"}', "the transmitter's response is malformed"],
])('records %s, twice in a run', async (_what, status, body, reason) => {
  const before = (await entries()).length;
  const fail = (_request: unknown, response: ServerResponse) => void response.writeHead(status).end(body);
  transmitter.script.push(fail, fail);
  await poll();
  const entry = { operation: 'PollSecurityEvents', outcome: 'failed', trustedIssuer: 'people', reason };
  expect((await entries()).slice(before)).toEqual([
    expect.objectContaining(entry),
    expect.objectContaining(entry),
  ]);
});

describe('the secret', () => {
  const failure = async () => {
    await poll();
    expect(transmitter.requests).toEqual([]);
    return (await entries()).at(-1);
  };
  afterEach(async () => {
    await changeSecret(secretArn, { token: TOKEN });
    await tagSecret(secretArn, OWNER);
  });

  it.each(['arn:aws:iam::000000000000:role/agent', 'securityEvents/partner'])(
    'is not read if its tag names %s',
    async (owner) => {
      await tagSecret(secretArn, owner);
      expect(await failure()).toMatchObject({
        operation: 'PollSecurityEvents',
        reason: `the secret must have the tag agent-identity:owner with the value ${OWNER}`,
      });
    },
  );

  it.each([
    ['that is no JSON', TOKEN],
    ['without the member', { other: TOKEN }],
    ['that would add a header', { token: `${TOKEN}\r\nX-Other: 1` }],
  ])('%s sends no request, and is in no entry', async (_what, text) => {
    await changeSecret(secretArn, text);
    const entry = await failure();
    expect(entry).toMatchObject({ operation: 'PollSecurityEvents', outcome: 'failed' });
    expect(JSON.stringify(entry)).not.toContain(TOKEN);
  });

  it('is used from the next run on after it was changed', async () => {
    await changeSecret(secretArn, { token: 'another' });
    await poll();
    expect(transmitter.requests[0]?.authorization).toBe('Bearer another');
  });

  it('is nowhere in the log', async () => {
    expect((await world.logLines()).join('\n')).not.toContain(TOKEN);
  });
});

it.each([{}, { poll: 'anything' }])('no other event is accepted: %j', async (event) => {
  const name = localFunctionName('event-poll');
  const handler = world.local.functions.get(name) as InvokedHandler;
  const context = { awsRequestId: randomUUID(), invokedFunctionArn: name };
  await expect(handler(event, context)).rejects.toThrow(/invocation failed/);
  expect(transmitter.requests).toEqual([]);
});
