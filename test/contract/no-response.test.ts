/**
 * Servers that do not respond, in every way that HTTP allows: the caller gets an error in limited time, and the next
 * request reaches a server that has recovered.
 */
import { createJsonClient, SECRETS_MANAGER } from '../../lambda/adapters/aws/json-client';
import { createHttpAgent } from '../../lambda/adapters/http/agent';
import { createTransport } from '../../lambda/adapters/http/transport';
import { createUserTokenVerifier } from '../../lambda/adapters/http/user-token-verifier';
import { createSecretTexts } from '../../lambda/adapters/secretsmanager/secrets';
import { createMetadataReader } from '../../lambda/domain/oauth/provider-metadata';
import { holdDeadlines } from '../flows/support/deadlines';
import { startIssuer, type TestIssuer } from '../flows/support/issuer';
import {
  documentResponse,
  startRawServer,
  switchProtocols,
  NO_RESPONSE,
  type RawServer,
} from '../flows/support/raw-server';
import { REQUEST_TIMEOUTS } from '../../lambda/functions/composition/request-timeouts';
import { createFakeSystem } from '../domain/fake-system';
import { ANOTHER_KEY } from '../flows/support/key-sets';

const LAPTOP = { loopback: true };
const GET = { method: 'GET', headers: {} };
const transport = createTransport(LAPTOP);

let server: RawServer;
beforeEach(async () => {
  server = await startRawServer();
});
afterEach(() => {
  return server.close();
});

/** The failure that a caller gets for a server that does not respond. */
const unavailable = { name: 'ProviderFailure', code: 'unreachable', unavailable: true };

it('reports a retryable failure within the deadline if the provider does not respond', async () => {
  const deadlines = holdDeadlines();
  const servers = await Promise.all(NO_RESPONSE.map(([, behavior]) => startRawServer(behavior)));
  const failures = Promise.all(
    servers.map(({ url }) => expect(transport(`${url}/`, GET)).rejects.toMatchObject(unavailable)),
  );
  while (servers.some(({ requests }) => requests.length === 0)) await new Promise(setImmediate);
  deadlines.advance(5_000);
  await failures;
  await Promise.all(servers.map(({ released }) => released()));
  await Promise.all(servers.map(({ close }) => close()));
});

it('gives a secret up within the deadline if AWS Secrets Manager does not respond', async () => {
  const deadlines = holdDeadlines();
  Object.assign(process.env, {
    AWS_REGION: 'us-east-1',
    AWS_ENDPOINT_URL_SECRETS_MANAGER: server.url,
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'secret',
  });
  const secrets = createSecretTexts(createJsonClient(SECRETS_MANAGER, REQUEST_TIMEOUTS));
  const failures = [secrets.describe('a'), secrets.text('a')].map((read) =>
    expect(read).rejects.toMatchObject({ name: 'AbortError' }),
  );
  while (server.requests.length < 2) await new Promise(setImmediate);
  deadlines.advance(5_000);
  await Promise.all(failures);
});

it('closes the connection to a server that switched protocols, and reports the reason to the operator', async () => {
  server.behavior = switchProtocols;
  await expect(transport(`${server.url}/`, GET)).rejects.toMatchObject({
    detail: '127.0.0.1: the server switched protocols',
  });
  await server.released();
});

it.each(NO_RESPONSE)("ends with the caller's signal if the server %s", async (_what, behavior) => {
  server.behavior = behavior;
  const leave = new AbortController();
  const sent = transport(`${server.url}/`, { ...GET, signal: leave.signal });
  sent.catch(() => undefined);
  while (server.requests.length === 0) await new Promise(setImmediate);
  leave.abort();
  await expect(sent).rejects.toMatchObject(unavailable);
  await server.released();
});

it('sends no request for a caller that has disconnected', async () => {
  const signal = AbortSignal.abort();
  await expect(transport(`${server.url}/`, { ...GET, signal })).rejects.toMatchObject(unavailable);
  const agent = createHttpAgent(`${server.url}/`, LAPTOP);
  await expect(
    agent.invoke({ method: 'POST', headers: {}, payload: Buffer.alloc(0) }, signal),
  ).rejects.toMatchObject({
    name: 'ExchangeFailure',
  });
  expect(server.requests).toEqual([]);
});

describe('an invocation', () => {
  const run = (signal: AbortSignal) =>
    createHttpAgent(`${server.url}/`, LAPTOP).invoke(
      { method: 'POST', headers: {}, payload: Buffer.from('{}') },
      signal,
    );

  it.each(NO_RESPONSE)('ends with its signal if the agent %s', async (_what, behavior) => {
    server.behavior = behavior;
    const end = new AbortController();
    const begun = run(end.signal);
    // The gate rejects a response by its status. Any other result must be a failure here.
    const outcome = begun.then(
      ({ status }) => status,
      (error: unknown) => (error as Error).name,
    );
    while (server.requests.length === 0) await new Promise(setImmediate);
    end.abort();
    expect([101, 'ExchangeFailure']).toContain(await outcome);
    await server.released();
  });
});

describe('a discovery document', () => {
  const documentOf = ({ url }: RawServer) => ({ issuer: url, token_endpoint: `${url}/token` });

  it('is read five seconds after a server that switched protocols has recovered', async () => {
    const system = createFakeSystem();
    const reader = createMetadataReader(transport, LAPTOP, system);
    const discoveryUrl = `${server.url}/.well-known/openid-configuration`;
    for (const [, behavior] of NO_RESPONSE.slice(0, 2)) {
      server.behavior = behavior;
      await expect(reader.read({ discoveryUrl }, {})).rejects.toMatchObject(unavailable);
      system.advance(5);
    }
    server.behavior = documentResponse(documentOf(server));
    expect(await reader.read({ discoveryUrl }, {})).toEqual(documentOf(server));
    expect(server.requests).toHaveLength(3);
  });
});

describe('the keys of an issuer', () => {
  const ANA = 'ana';
  let issuer: TestIssuer;
  let keys: object;

  beforeAll(async () => {
    issuer = await startIssuer();
    keys = (await (await fetch(`${issuer.issuer}/jwks`)).json()) as object;
  });
  afterAll(() => issuer.close());

  /** Trusts the raw server, which publishes the issuer's keys as its own. */
  function verifier(system = createFakeSystem(Math.floor(Date.now() / 1000))) {
    const deployed = [
      {
        discoveryUrl: `${server.url}/.well-known/openid-configuration`,
        allowedAudience: [issuer.audience],
      },
    ];
    const metadata = createMetadataReader(transport, LAPTOP, system);
    const tokens = createUserTokenVerifier(deployed, metadata, transport, system);
    const verify = async () =>
      tokens.verify(await issuer.token(ANA, { iss: server.url }), { authorizerConfiguration: undefined });
    return { verify, system };
  }

  const metadata = () => documentResponse({ issuer: server.url, jwks_uri: `${server.url}/jwks` });
  /** The metadata is valid, and the keys are the given ones. */
  const withKeys = (answer: typeof server.behavior): void => {
    const document = metadata();
    server.behavior = (connection, request) =>
      (request.startsWith('GET /jwks') ? answer : document)(connection, request);
  };

  const notNow = { name: 'InternalServerException' };

  it.each(NO_RESPONSE.slice(0, 2))(
    'are read after recovery from a server that %s',
    async (_what, behavior) => {
      const { verify, system } = verifier();
      server.behavior = behavior;
      await expect(verify()).rejects.toMatchObject(notNow);
      system.advance(5);
      withKeys(behavior);
      await expect(verify()).rejects.toMatchObject(notNow);
      withKeys(documentResponse(keys));
      system.advance(1);
      await expect(verify()).resolves.toMatchObject({ user: { subject: ANA } });
    },
  );

  it('are read again for an unknown key after five seconds, and not before', async () => {
    const { verify, system } = verifier();
    const unauthorized = { name: 'UnauthorizedException', detail: 'user token: signing key unknown' };
    withKeys(documentResponse({ keys: [ANOTHER_KEY] }));
    await expect(verify()).rejects.toMatchObject(unauthorized);
    withKeys(documentResponse(keys));
    system.advance(4);
    await expect(verify()).rejects.toMatchObject(unauthorized);
    system.advance(1);
    await expect(verify()).resolves.toMatchObject({ user: { subject: ANA } });
  });
});
