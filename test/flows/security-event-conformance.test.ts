/**
 * The receiver tests of the OpenID conformance suite (openid-ssf-receiver-*), played against the service with both ways of
 * delivery. The suite's tests of stream management are left out: an administrator of the transmitter manages the stream.
 */
import { randomUUID } from 'node:crypto';
import { localFunctionName } from '../../lib/local/gateway-event';
import type { InvokedHandler } from '../../lib/local/lambda';
import { moveClock } from './support/clock';
import { startIssuer, type TestIssuer } from './support/issuer';
import { PollTransmitter } from './support/poll-transmitter';
import { putSecret } from './support/secrets';
import { AUDIENCE, CAEP, EVENT_TYPES, issSub, SSF, Transmitter } from './support/transmitter';
import { World } from './support/world';

const STREAM = { format: 'opaque', id: 'stream-1' };
const STATE = 'requested';

let world: World;
let keys: TestIssuer;
let polled: PollTransmitter;
let sets: Transmitter;

beforeAll(async () => {
  [keys, polled] = await Promise.all([startIssuer(), PollTransmitter.start()]);
  world = await World.start({}, ({ discoveryUrl, audience }) => [
    {
      discoveryUrl,
      allowedAudience: [audience],
      securityEvents: {
        id: 'people',
        transmitter: {
          issuer: keys.issuer,
          jwksUri: `${keys.issuer}/jwks`,
          audience: [AUDIENCE],
          verificationState: STATE,
          streamId: STREAM.id,
          criticalSubjectMembers: ['device', 'tenant'],
          poll: { endpoint: polled.endpoint, authorization: { secretId: 'secret-1', jsonKey: 'token' } },
        },
      },
    },
  ]);
  await putSecret({ token: 'token' }, 'securityEvents/people');
  sets = new Transmitter(keys, world.local.endpoint, '/events/people');
});
afterEach(() => {
  polled.reset();
});
afterAll(async () => {
  await world.stop();
  await Promise.all([keys.close(), polled.close()]);
});

const user = () => issSub(world.issuer.issuer, 'ana');

/** Pushes the SETs one after the other; returns `accepted`, or the code of the rejection, for each. */
async function push(tokens: ReadonlyMap<string, string>): Promise<string[]> {
  const outcomes = [];
  for (const token of tokens.values()) {
    const { status, headers, body } = await sets.post(token);
    if (status === 202) outcomes.push('accepted');
    else {
      expect([status, headers['content-type']]).toEqual([400, 'application/json']);
      const { err, description } = JSON.parse(body) as Record<string, string>;
      expect(description).toEqual(expect.any(String));
      outcomes.push(err ?? '');
    }
  }
  return outcomes;
}

/** Has the service fetch the SETs; returns the same. */
async function poll(tokens: ReadonlyMap<string, string>): Promise<string[]> {
  polled.requests.length = 0;
  for (const [jti, token] of tokens) polled.pending.set(jti, token);
  const name = localFunctionName('event-poll');
  const handler = world.local.functions.get(name) as InvokedHandler;
  await handler({ poll: 'security-events' }, { awsRequestId: randomUUID(), invokedFunctionArn: name });
  const ack = polled.requests.flatMap((request) => request.ack ?? []);
  const setErrs = Object.assign({}, ...polled.requests.map((request) => request.setErrs)) as Record<
    string,
    { err: string }
  >;
  return [...tokens.keys()].map((jti) =>
    ack.includes(jti) ? 'accepted' : (setErrs[jti]?.err ?? 'not reported'),
  );
}

describe.each([
  ['push', push],
  ['poll', poll],
])('delivered by %s', (delivery, deliver) => {
  type Set = Parameters<Transmitter['set']>;
  async function outcomes(...all: Set[]): Promise<string[]> {
    const tokens = new Map<string, string>();
    for (const [type, subject, event, claims, header] of all) {
      const jti = randomUUID();
      tokens.set(jti, await sets.set(type, subject, event, { jti, ...claims }, header));
    }
    return deliver(tokens);
  }
  const type = `${CAEP}session-revoked`;

  it('invalid-set-rejection: a corrupted signature, another issuer, another audience, an unknown key', async () => {
    // A key that is not known is fetched once in 5 seconds.
    moveClock(6);
    const jtis = Array.from({ length: 4 }, () => randomUUID());
    const [a = '', b = '', c = '', d = ''] = jtis;
    const set = (jti: string, claims = {}, header = {}) =>
      sets.set(type, user(), {}, { jti, ...claims }, header);
    const signed = await set(a);
    const last = signed.at(-2) === 'A' ? 'B' : 'A';
    const tokens = new Map([
      [a, `${signed.slice(0, -2)}${last}${signed.slice(-1)}`],
      [b, await set(b, { iss: 'https://other.example' })],
      [c, await set(c, { aud: 'https://other.example' })],
      [d, await set(d, {}, { kid: 'unknown' })],
    ]);
    // A transmitter that is polled keeps the SET, so its key can still be published.
    const ofUnknownKey = delivery === 'push' ? 'invalid_key' : 'not reported';
    expect(await deliver(tokens)).toEqual([
      'invalid_key',
      'invalid_issuer',
      'invalid_audience',
      ofUnknownKey,
    ]);
  });

  it('redelivered-set: is accepted again', async () => {
    const jti = randomUUID();
    const tokens = new Map([[jti, await sets.set(type, user(), {}, { jti })]]);
    expect(await deliver(tokens)).toEqual(['accepted']);
    expect(await deliver(tokens)).toEqual(['accepted']);
  });

  it('removed-subject-event: an event about a subject that is not in the stream is accepted', async () => {
    expect(await outcomes([type, issSub(world.issuer.issuer, randomUUID())])).toEqual(['accepted']);
  });

  it('stream-verification, unsolicited-stream-verification, verification-wrong-state', async () => {
    const verification = `${SSF}verification`;
    expect(
      await outcomes(
        [verification, STREAM, { state: STATE }],
        [verification, STREAM],
        [verification, STREAM, { state: 'another' }],
      ),
    ).toEqual(['accepted', 'accepted', 'invalid_state']);
  });

  it('verification-wrong-subject: another stream, or a subject that is no stream', async () => {
    const verification = `${SSF}verification`;
    expect(
      await outcomes(
        [verification, { format: 'opaque', id: 'stream-2' }, { state: STATE }],
        [verification, user(), { state: STATE }],
        [`${SSF}stream-updated`, { format: 'opaque', id: 'stream-2' }, { status: 'paused' }],
      ),
    ).toEqual(['invalid_request', 'invalid_request', 'invalid_request']);
  });

  it('verification-behind-queued-events', async () => {
    const queued: Set[] = Array.from({ length: 3 }, () => [type, user()]);
    expect(await outcomes(...queued, [`${SSF}verification`, STREAM, { state: STATE }])).toEqual(
      Array(4).fill('accepted'),
    );
  });

  it('stream-status-update, transmitter-initiated-status-change', async () => {
    const updates = ['paused', 'disabled', 'enabled'].map((status): Set => [
      `${SSF}stream-updated`,
      STREAM,
      { status, reason: 'maintenance' },
    ]);
    expect(await outcomes(...updates)).toEqual(Array(3).fill('accepted'));
  });

  it('supported-events, stream-caep-interop: every event of CAEP and RISC, about each simple subject', async () => {
    const subjects = [
      issSub(world.issuer.issuer, randomUUID()),
      { format: 'email', email: 'ana@example.com' },
      { format: 'opaque', id: 'ana' },
    ];
    const all = EVENT_TYPES.flatMap((event) => subjects.map((subject): Set => [event, subject]));
    expect(await outcomes(...all)).toEqual(all.map(() => 'accepted'));
  });
});

it.each(['device', 'tenant'])(
  'an event is discarded whose subject has the critical member %s',
  async (member) => {
    const subject = { format: 'complex', user: user(), [member]: { format: 'opaque', id: 'x' } };
    expect((await sets.push(`${CAEP}session-revoked`, subject)).status).toBe(202);
    expect((await world.audit()).at(-1)).toMatchObject({
      result: 'no-effect',
      reason: 'the subject has a critical member that is not supported',
    });
  },
);

it('an event applies whose subject has another member that is not known', async () => {
  const subject = { format: 'complex', user: user(), group: { format: 'opaque', id: 'x' } };
  const event = { event_timestamp: Math.floor(Date.now() / 1000) + 30 };
  expect((await sets.push(`${CAEP}session-revoked`, subject, event)).status).toBe(202);
  expect((await world.audit()).at(-1)).toMatchObject({ result: 'applied' });
});
