/** Workload access tokens: replaced before they expire or when the service reports it, with one request for concurrent callers. */
import {
  ConfigurationError,
  fromGate,
  getAccessToken,
  CachedWorkloadAccessTokens,
  WorkloadAccessTokenError,
  workloadAccessTokens,
} from '../../../lib/client/index';
import { moveClock } from '../support/clock';
import { World } from '../support/world';
import { federated, identityClient } from './agent-code';

/** Lifetime of the service's tokens, in seconds. */
const LIFE = 15 * 60;

const world = World.ofFile();

/** Requests tokens from the service, and counts the requests. */
async function tokenRequests(userId?: string) {
  const agent = await world.agent();
  const issued: string[] = [];
  const request = async () => {
    const token = await agent.token(userId === undefined ? undefined : { userId });
    issued.push(token);
    return token;
  };
  return { agent, request, issued };
}

const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;

it('issues tokens for the agent alone, for a user ID, and for a user token', async () => {
  const { name: workloadName } = await world.agent();
  const identity = identityClient(world);
  const userToken = await world.issuer.token('ana');
  const subjects = await Promise.all(
    [
      workloadAccessTokens(identity, { workloadName }),
      workloadAccessTokens(identity, { workloadName, userId: 'ana' }),
      workloadAccessTokens(identity, { workloadName, userToken }),
      workloadAccessTokens(identity, { workloadName, userToken: () => Promise.resolve(userToken) }),
    ].map(async (tokens) => claimsOf(await tokens.get()).sub),
  );
  const byToken = `${world.issuer.issuer}#ana`;
  expect(subjects).toEqual([expect.stringContaining(`/${workloadName}`), 'user-id:ana', byToken, byToken]);
});

it.each<[string, unknown]>([
  ['a function that returns undefined', () => Promise.resolve(undefined)],
  ['a function that returns bytes', () => Buffer.from('user-token')],
])('requests no token if the user token is %s', async (_, userToken) => {
  const { name: workloadName } = await world.agent();
  const actingFor = { workloadName, userToken: userToken as string };
  const failure: unknown = await workloadAccessTokens(identityClient(world), actingFor)
    .get()
    .catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(ConfigurationError);
  expect((failure as Error).message).toBe('userToken must be a string, or a function that returns one.');
});

it('sends one request for concurrent callers', async () => {
  const { request, issued } = await tokenRequests('ana');
  const tokens = new CachedWorkloadAccessTokens(request);
  const got = await Promise.all(Array.from({ length: 20 }, () => tokens.get()));
  expect(new Set(got)).toEqual(new Set(issued));
  expect(issued).toHaveLength(1);
});

it('replaces a token one minute before it expires, with one request for concurrent callers', async () => {
  const { request, issued } = await tokenRequests('ana');
  let now = 0;
  const tokens = new CachedWorkloadAccessTokens(request, () => now);
  const first = await tokens.get();
  now = (LIFE - 61) * 1000;
  expect(await tokens.get()).toBe(first);
  now = (LIFE - 60) * 1000;
  const got = await Promise.all(Array.from({ length: 20 }, () => tokens.get()));
  expect(new Set(got)).toEqual(new Set([issued[1]]));
  expect(issued).toHaveLength(2);
});

it('does not replace a token with each call when it is short-lived because the user token is about to expire', async () => {
  const { name: workloadName } = await world.agent();
  const exp = Math.floor(Date.now() / 1000) + 50;
  const userToken = await world.issuer.token('ana', { exp });
  const tokens = workloadAccessTokens(identityClient(world), { workloadName, userToken });
  const first = await tokens.get();
  expect(claimsOf(first).exp).toBe(exp);
  expect(await tokens.get()).toBe(first);
});

it.each(['opaque', 'a.b.c', 'e30.e30.e30'])(
  'uses a token without a readable lifetime until the caller renews it: %s',
  async (opaque) => {
    let count = 0;
    const tokens = new CachedWorkloadAccessTokens(
      () => Promise.resolve(`${opaque}-${(count += 1)}`),
      () => Number.MAX_SAFE_INTEGER,
    );
    expect([await tokens.get(), await tokens.get()]).toEqual([`${opaque}-1`, `${opaque}-1`]);
    const renewed = await Promise.all([tokens.renew(`${opaque}-1`), tokens.renew(`${opaque}-1`)]);
    expect(renewed).toEqual([`${opaque}-2`, `${opaque}-2`]);
    // A late caller with the old token causes no request.
    expect(await tokens.renew(`${opaque}-1`)).toBe(`${opaque}-2`);
  },
);

it('requests a token again for the next caller after a failure', async () => {
  const { request } = await tokenRequests();
  const failure = new Error('no network');
  let failures = 2;
  const tokens = new CachedWorkloadAccessTokens(() => {
    failures -= 1;
    return failures >= 0 ? Promise.reject(failure) : request();
  });
  const both = await Promise.allSettled([tokens.get(), tokens.get()]);
  expect(both).toEqual([
    { status: 'rejected', reason: failure },
    { status: 'rejected', reason: failure },
  ]);
  await expect(tokens.get()).rejects.toBe(failure);
  expect(await tokens.get()).toEqual(expect.any(String));
});

it('renews the token once and repeats the call when the service reports an expired token', async () => {
  const { agent, request, issued } = await tokenRequests('ana');
  const stored = await agent.connect('ana');
  // An agent whose clock stands still does not notice that the token is about to expire.
  const workloadIdentityToken = new CachedWorkloadAccessTokens(request, () => 0);
  const options = { ...federated(world, agent), workloadIdentityToken };
  expect(await getAccessToken(options)).toBe(stored);
  moveClock(LIFE + 60);
  expect(await getAccessToken(options)).toBe(stored);
  expect(issued).toHaveLength(2);
});

it('does not retry a token that is rejected for another reason', async () => {
  const { agent, request, issued } = await tokenRequests('ana');
  const forged = async () => (await request()).slice(0, -4);
  const options = {
    ...federated(world, agent),
    workloadIdentityToken: new CachedWorkloadAccessTokens(forged),
  };
  await expect(getAccessToken(options)).rejects.toMatchObject({ name: 'UnauthorizedException' });
  expect(issued).toHaveLength(1);
});

describe('a workload access token from the gate', () => {
  it.each([
    ['as a Node.js object', { workloadaccesstoken: 'token', oauth2callbackurl: 'https://app.example/back' }],
    [
      "as MCP's SDK has them",
      { WorkloadAccessToken: ['token'], OAuth2CallbackUrl: 'https://app.example/back' },
    ],
    [
      'as fetch has them',
      new Headers({ WorkloadAccessToken: 'token', OAuth2CallbackUrl: 'https://app.example/back' }),
    ],
    [
      'in the context of a tool, version 1 of the MCP SDK',
      {
        requestInfo: {
          headers: { workloadaccesstoken: 'token', oauth2callbackurl: 'https://app.example/back' },
        },
      },
    ],
    [
      'in the context of a tool, version 2 of the MCP SDK',
      {
        mcpReq: {},
        http: {
          req: new Request('http://127.0.0.1/mcp', {
            headers: { WorkloadAccessToken: 'token', OAuth2CallbackUrl: 'https://app.example/back' },
          }),
        },
      },
    ],
    [
      'next to headers with the names of the members of such a context',
      {
        requestinfo: 'x',
        requestInfo: 'x',
        mcpReq: ['x'],
        http: 'x',
        workloadaccesstoken: 'token',
        oauth2callbackurl: 'https://app.example/back',
      },
    ],
  ])('is read from the headers: %s', async (_, headers) => {
    const { workloadIdentityToken, callbackUrl } = fromGate(headers);
    expect([await workloadIdentityToken.get(), callbackUrl]).toEqual(['token', 'https://app.example/back']);
  });

  it.each([
    ['no headers', undefined],
    ['headers without a token', { 'content-type': 'application/json' }],
    ['an empty one', { workloadaccesstoken: '' }],
    ['two', { workloadaccesstoken: ['one', 'other'] }],
    ['two that differ in case', { workloadaccesstoken: 'one', WorkloadAccessToken: 'other' }],
    ['none in a header list', new Headers()],
    ['no headers in the context of version 1 of the MCP SDK', { requestInfo: {} as { headers: Headers } }],
    ['no HTTP request in the context of version 2 of the MCP SDK', { mcpReq: {}, http: {} }],
    ['no HTTP in the context of version 2 of the MCP SDK', { mcpReq: {}, http: undefined }],
  ])('is rejected: %s', (_, headers) => {
    expect(() => fromGate(headers)).toThrow(WorkloadAccessTokenError);
  });

  it('cannot be renewed by the agent, which gets an error that asks for a new invocation', async () => {
    const { agent, request } = await tokenRequests('ben');
    const stored = await agent.connect('ben');
    const options = { ...federated(world, agent), ...fromGate({ WorkloadAccessToken: await request() }) };
    expect(await getAccessToken(options)).toBe(stored);
    moveClock(LIFE + 60);
    const failure: unknown = await getAccessToken(options).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(WorkloadAccessTokenError);
    expect(String(failure)).toContain('Invoke the agent again');
    expect(await getAccessToken({ ...options, workloadIdentityToken: await request() })).toBe(stored);
  });
});
