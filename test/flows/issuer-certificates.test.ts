/**
 * `caCertificates` of a trusted issuer: its servers have certificates of a private authority. The service and the gate of
 * an agent endpoint trust the authority for this issuer only.
 */
import { randomUUID } from 'node:crypto';
import { localFunctionName } from '../../lib/local/gateway-event';
import type { InvokedHandler } from '../../lib/local/lambda';
import { AgentServer } from './gate/agent-server';
import { openEndpoint } from './gate/endpoints';
import { createAuthority } from './support/certificates';
import { startIssuer, type TestIssuer } from './support/issuer';
import { PollTransmitter } from './support/poll-transmitter';
import { putSecret } from './support/secrets';
import { AUDIENCE, CAEP, issSub, now, Transmitter } from './support/transmitter';
import { World, type TestAgent } from './support/world';

const CLIENT = 'assistant';
/** The name of the first secret that a test stores. */
const SECRET = 'secret-1';

const authority = createAuthority();
const certificate = authority.server();

/** Trusted with the certificates of its authority. It signs its security events, too. */
let issuer: TestIssuer;
/** Trusted with the public authorities. */
let publicly: TestIssuer;
/** Trusted with the certificates of another authority. */
let misconfigured: TestIssuer;
let polled: PollTransmitter;
let world: World;
let agent: TestAgent;

beforeAll(async () => {
  [issuer, publicly, misconfigured, polled] = await Promise.all([
    startIssuer(certificate),
    startIssuer(certificate),
    startIssuer(certificate),
    PollTransmitter.start(certificate),
  ]);
  const entry = ({ discoveryUrl, audience }: TestIssuer) => ({ discoveryUrl, allowedAudience: [audience] });
  const signer = { issuer: issuer.issuer, jwksUri: `${issuer.issuer}/jwks` };
  world = await World.start({}, () => [
    {
      ...entry(issuer),
      caCertificates: authority.cert,
      securityEvents: {
        id: 'people',
        transmitter: {
          ...signer,
          audience: [AUDIENCE],
          poll: { endpoint: polled.endpoint, authorization: { secretId: SECRET, jsonKey: 'token' } },
        },
        backChannelLogout: { clientIds: [CLIENT] },
        globalTokenRevocation: signer,
      },
    },
    entry(publicly),
    { ...entry(misconfigured), caCertificates: createAuthority().cert },
  ]);
  await putSecret({ token: 'token-of-the-stream-0123456789' }, 'securityEvents/people');
  agent = await world.agent();
});
afterAll(async () => {
  await world.stop();
  await Promise.all([issuer.close(), publicly.close(), misconfigured.close(), polled.close()]);
});

/** A workload access token for a user token from before the events of the test. */
const mint = async (of: TestIssuer, subject = 'ana') =>
  agent.token({ userToken: await of.token(subject, { iat: now() - 5 }) });

const reasonOfLast = async () => (await world.audit()).at(-1)?.reason;

const ENDED = { name: 'UnauthorizedException' };

describe('a user token of an issuer with a certificate of a private authority', () => {
  it('is valid if the issuer states the authority', async () => {
    expect(await mint(issuer)).toEqual(expect.any(String));
  });

  it('cannot be verified if only another issuer states the authority', async () => {
    await mint(issuer);
    await expect(mint(publicly)).rejects.toMatchObject({ name: 'InternalServerException' });
    expect(await reasonOfLast()).toContain('not accepted with the public authorities (');
  });

  it('cannot be verified if the issuer states another authority', async () => {
    await expect(mint(misconfigured)).rejects.toMatchObject({ name: 'InternalServerException' });
    expect(await reasonOfLast()).toContain('not accepted with the caCertificates of the issuer (');
  });
});

describe('the issuer ends the session of a user', () => {
  const transmitter = () => new Transmitter(issuer, world.local.endpoint, '/events/people');
  const of = (subject: string) => issSub(issuer.issuer, subject);

  it('by a logout token', async () => {
    await mint(issuer, 'logged-out');
    const token = await issuer.token(
      'logged-out',
      {
        aud: CLIENT,
        exp: now() + 120,
        jti: randomUUID(),
        events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
      },
      { typ: 'logout+jwt' },
    );
    const { status } = await transmitter().post(
      new URLSearchParams({ logout_token: token }).toString(),
      { 'content-type': 'application/x-www-form-urlencoded' },
      '/backchannel-logout/people',
    );
    expect(status).toBe(200);
    await expect(mint(issuer, 'logged-out')).rejects.toMatchObject(ENDED);
  });

  it('by Global Token Revocation', async () => {
    await mint(issuer, 'revoked');
    const path = '/global-token-revocation/people';
    const bearer = await issuer.token(
      'unused',
      { sub: undefined, aud: `${world.local.endpoint}${path}`, exp: now() + 300, jti: randomUUID() },
      { typ: 'global-token-revocation+jwt' },
    );
    const { status } = await transmitter().post(
      JSON.stringify({ sub_id: of('revoked') }),
      { 'content-type': 'application/json', authorization: `Bearer ${bearer}` },
      path,
    );
    expect(status).toBe(204);
    await expect(mint(issuer, 'revoked')).rejects.toMatchObject(ENDED);
  });

  it('by a security event that the service fetches', async () => {
    await mint(issuer, 'reported');
    const jti = randomUUID();
    polled.pending.set(jti, await transmitter().set(`${CAEP}session-revoked`, of('reported'), {}, { jti }));
    const name = localFunctionName('event-poll');
    const handler = world.local.functions.get(name) as InvokedHandler;
    await handler({ poll: 'security-events' }, { awsRequestId: randomUUID(), invokedFunctionArn: name });
    expect(polled.requests.at(-1)?.ack).toEqual([jti]);
    await expect(mint(issuer, 'reported')).rejects.toMatchObject(ENDED);
  });
});

describe('an agent endpoint', () => {
  let server: AgentServer;
  beforeAll(async () => {
    server = await AgentServer.start();
  });
  afterAll(() => server.stop());

  it.each([
    ['invokes the agent with a token of an issuer whose authority it states', authority.cert, 200],
    ['fails without the authority', undefined, 500],
  ])('%s', async (_what, caCertificates, status) => {
    const { discoveryUrl, audience } = issuer;
    const stated = caCertificates === undefined ? {} : { caCertificates };
    const endpoint = await openEndpoint(world, {
      inbound: { kind: 'JWT', discoveryUrl, allowedAudience: [audience], ...stated },
      target: { kind: 'url', url: server.url },
    });
    const authorization = `Bearer ${await issuer.token('bo')}`;
    const answer = await fetch(endpoint.invocationUrl, {
      method: 'POST',
      body: '{}',
      headers: { authorization },
    });
    await endpoint.close();
    expect(answer.status).toBe(status);
  });
});
