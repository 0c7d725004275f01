/** Workload access tokens: replaced before they end or when the service says so, one mint for all who want one. */
import {
  ConfigurationError,
  fromGate,
  getAccessToken,
  MintedWorkloadAccessTokens,
  WorkloadAccessTokenError,
  workloadAccessTokens,
} from '../../../lib/client/index';
import { moveClock } from '../support/clock';
import { World } from '../support/world';
import { federated, identityClient } from './agent-code';

/** Seconds that the service lets a token live. */
const LIFE = 15 * 60;

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterEach(() => {
  jest.useRealTimers();
});
afterAll(() => world.stop());

/** Mints at the service, and counts. */
async function minting(userId?: string) {
  const agent = await world.agent();
  const minted: string[] = [];
  const mint = async () => {
    const token = await agent.token(userId === undefined ? undefined : { userId });
    minted.push(token);
    return token;
  };
  return { agent, mint, minted };
}

const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;

it('are minted for the agent alone, for a user id, and for a user known by their token', async () => {
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
  ['bytes', Buffer.from('user-token')],
  ['a function that returns none', () => Promise.resolve(undefined)],
  ['a function that returns bytes', () => Buffer.from('user-token')],
])('are not minted for a user token that is %s', async (_, userToken) => {
  const { name: workloadName } = await world.agent();
  const actingFor = { workloadName, userToken: userToken as string };
  const failure: unknown = await workloadAccessTokens(identityClient(world), actingFor)
    .get()
    .catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(ConfigurationError);
  expect((failure as Error).message).toBe('userToken must be a string, or a function that returns one.');
});

it('are minted once for all who want one at the same time', async () => {
  const { mint, minted } = await minting('ana');
  const tokens = new MintedWorkloadAccessTokens(mint);
  const got = await Promise.all(Array.from({ length: 20 }, () => tokens.get()));
  expect(new Set(got)).toEqual(new Set(minted));
  expect(minted).toHaveLength(1);
});

it('are replaced a minute before they end, once for all', async () => {
  const { mint, minted } = await minting('ana');
  let now = 0;
  const tokens = new MintedWorkloadAccessTokens(mint, () => now);
  const first = await tokens.get();
  now = (LIFE - 61) * 1000;
  expect(await tokens.get()).toBe(first);
  now = (LIFE - 60) * 1000;
  const got = await Promise.all(Array.from({ length: 20 }, () => tokens.get()));
  expect(new Set(got)).toEqual(new Set([minted[1]]));
  expect(minted).toHaveLength(2);
});

it("that live shortly, for the user's own token ends, are not replaced with each call", async () => {
  const { name: workloadName } = await world.agent();
  const exp = Math.floor(Date.now() / 1000) + 50;
  const userToken = await world.issuer.token('ana', { exp });
  const tokens = workloadAccessTokens(identityClient(world), { workloadName, userToken });
  const first = await tokens.get();
  expect(claimsOf(first).exp).toBe(exp);
  expect(await tokens.get()).toBe(first);
});

it.each(['opaque', 'a.b.c', 'e30.e30.e30'])(
  'that cannot be read are used until told otherwise: %s',
  async (opaque) => {
    let count = 0;
    const tokens = new MintedWorkloadAccessTokens(
      () => Promise.resolve(`${opaque}-${(count += 1)}`),
      () => Number.MAX_SAFE_INTEGER,
    );
    expect([await tokens.get(), await tokens.get()]).toEqual([`${opaque}-1`, `${opaque}-1`]);
    const renewed = await Promise.all([tokens.renew(`${opaque}-1`), tokens.renew(`${opaque}-1`)]);
    expect(renewed).toEqual([`${opaque}-2`, `${opaque}-2`]);
    // Anyone who is late with the old one mints nothing.
    expect(await tokens.renew(`${opaque}-1`)).toBe(`${opaque}-2`);
  },
);

it('are requested again by the next caller after a failure', async () => {
  const { mint } = await minting();
  const failure = new Error('no network');
  let failures = 2;
  const tokens = new MintedWorkloadAccessTokens(() => {
    failures -= 1;
    return failures >= 0 ? Promise.reject(failure) : mint();
  });
  const both = await Promise.allSettled([tokens.get(), tokens.get()]);
  expect(both).toEqual([
    { status: 'rejected', reason: failure },
    { status: 'rejected', reason: failure },
  ]);
  await expect(tokens.get()).rejects.toBe(failure);
  expect(await tokens.get()).toEqual(expect.any(String));
});

it('are renewed once, and the call is repeated, when the service says that they expired', async () => {
  const { agent, mint, minted } = await minting('ana');
  const stored = await agent.connect('ana');
  // An agent whose own clock stands still does not see the end coming.
  const workloadIdentityToken = new MintedWorkloadAccessTokens(mint, () => 0);
  const options = { ...federated(world, agent), workloadIdentityToken };
  expect(await getAccessToken(options)).toBe(stored);
  moveClock(LIFE + 60);
  expect(await getAccessToken(options)).toBe(stored);
  expect(minted).toHaveLength(2);
});

it('that are refused for another reason are not tried again', async () => {
  const { agent, mint, minted } = await minting('ana');
  const forged = async () => (await mint()).slice(0, -4);
  const options = {
    ...federated(world, agent),
    workloadIdentityToken: new MintedWorkloadAccessTokens(forged),
  };
  await expect(getAccessToken(options)).rejects.toMatchObject({ name: 'UnauthorizedException' });
  expect(minted).toHaveLength(1);
});

describe('from the gate', () => {
  it.each([
    ['as Node.js has them', { workloadaccesstoken: 'token', oauth2callbackurl: 'https://app.example/back' }],
    [
      "as MCP's SDK has them",
      { WorkloadAccessToken: ['token'], OAuth2CallbackUrl: 'https://app.example/back' },
    ],
    [
      'as fetch has them',
      new Headers({ WorkloadAccessToken: 'token', OAuth2CallbackUrl: 'https://app.example/back' }),
    ],
  ])('are taken out of the headers, %s', async (_, headers) => {
    const { workloadIdentityToken, callbackUrl } = fromGate(headers);
    expect([await workloadIdentityToken.get(), callbackUrl]).toEqual(['token', 'https://app.example/back']);
  });

  it.each([
    ['no headers', undefined],
    ['none', { 'content-type': 'application/json' }],
    ['an empty one', { workloadaccesstoken: '' }],
    ['two', { workloadaccesstoken: ['one', 'other'] }],
    ['two that differ in case', { workloadaccesstoken: 'one', WorkloadAccessToken: 'other' }],
    ['none in a header list', new Headers()],
  ])('are refused: %s', (_, headers) => {
    expect(() => fromGate(headers)).toThrow(WorkloadAccessTokenError);
  });

  it('cannot be renewed by the agent, which gets an error that asks for another invocation', async () => {
    const { agent, mint } = await minting('ben');
    const stored = await agent.connect('ben');
    const options = { ...federated(world, agent), ...fromGate({ WorkloadAccessToken: await mint() }) };
    expect(await getAccessToken(options)).toBe(stored);
    moveClock(LIFE + 60);
    const failure: unknown = await getAccessToken(options).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(WorkloadAccessTokenError);
    expect(String(failure)).toContain('Invoke the agent again');
    expect(await getAccessToken({ ...options, workloadIdentityToken: await mint() })).toBe(stored);
  });
});
