/**
 * Background renewal through its function: in the last minutes of a token's lifetime, callers get the token without
 * waiting while one renewal is in progress.
 */
import type { Configuration } from 'oidc-provider';
import { moveClock } from './support/clock';
import type { TokenExchange } from './support/provider';
import { renewalsIn } from './support/renewals';
import { World, type TestAgent } from './support/world';

/** Access tokens for one hour with a renewal window of 5 minutes; refresh tokens for every user, rotated at each use. */
const anHour: Configuration = {
  ttl: { AccessToken: 3600, ClientCredentials: 3600 },
  issueRefreshToken: () => Promise.resolve(true),
  rotateRefreshToken: true,
};

let world: World;
beforeAll(async () => {
  world = await World.start(anHour);
});
afterEach(() => {
  jest.useRealTimers();
});
afterAll(() => world.stop());

const exchanges = (grantType: string): TokenExchange[] =>
  world.provider.exchanges.filter((exchange) => exchange.grantType === grantType);

const renewals = (count: number) => renewalsIn(world, count);

const read = async (agent: TestAgent, token: string, ask: Parameters<TestAgent['ask']>[1] = {}) =>
  (await agent.ask(token, ask)).accessToken;

it('returns the old token to all callers until the new token is stored', async () => {
  const agent = await world.agent();
  const old = await agent.connect('ana');
  const before = (await renewals(0)).length;
  moveClock(3600 - 200);
  const token = await agent.token({ userId: 'ana' });
  const readers = await Promise.all(Array.from({ length: 12 }, () => read(agent, token)));
  // A caller after the renewal already gets the new token.
  const renewed = () => exchanges('refresh_token').at(-1)?.answer.access_token;
  expect(readers).toContain(old);
  const entry = (await renewals(before + 1)).at(-1);
  expect(entry).toMatchObject({ outcome: 'allowed', result: 'refreshed', provider: agent.providerName });
  expect(new Set([...readers, old, renewed()]).size).toBe(2);
  expect(await read(agent, token)).toBe(renewed());
  expect(exchanges('refresh_token')).toHaveLength(1);
});

it("renews the agent's own token in the background too", async () => {
  const agent = await world.agent();
  const ask = { oauth2Flow: 'M2M' as const, scopes: ['a'] };
  const old = await read(agent, await agent.token(), ask);
  const [before, sent] = [(await renewals(0)).length, exchanges('client_credentials').length];
  moveClock(3600 - 200);
  const token = await agent.token();
  expect(await read(agent, token, ask)).toBe(old);
  expect((await renewals(before + 1)).at(-1)).toMatchObject({ outcome: 'allowed', result: 'exchanged' });
  const renewed = exchanges('client_credentials').at(-1)?.answer.access_token;
  expect(renewed).not.toBe(old);
  expect(await read(agent, token, ask)).toBe(renewed);
  expect(exchanges('client_credentials')).toHaveLength(sent + 1);
});
