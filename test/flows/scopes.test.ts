/** Acceptance scenario 14: a stored token covers any subset of its scopes; a superset requests the union. */
import { World } from './support/world';

const world = World.ofFile();

it('returns the stored token for subsets in any order, and asks for consent for more without losing the token', async () => {
  const agent = await world.agent();
  const scopes = ['openid', 'a', 'b'];
  const first = await agent.connect('ana', { scopes });
  const token = await agent.token({ userId: 'ana' });
  for (const subset of [['a'], ['b', 'a'], ['b', 'openid', 'a'], []]) {
    expect((await agent.ask(token, { scopes: subset })).accessToken).toBe(first);
  }
  const wider = await agent.ask(token, { scopes: ['a', 'c'] });
  expect(wider).not.toHaveProperty('accessToken');
  const sent = await fetch(wider.authorizationUrl ?? '', { redirect: 'manual' });
  const asked = world.provider.requestAt(sent.headers.get('location')).get('scope')?.split(' ');
  expect(asked?.sort()).toEqual(['a', 'b', 'c', 'openid']);
  expect((await agent.ask(token, { scopes })).accessToken).toBe(first);

  await agent.complete(await agent.consent(wider.authorizationUrl), { userId: 'ana' });
  const second = (await agent.ask(token, { scopes: ['c', 'b', 'a', 'openid'] })).accessToken;
  expect(second).toEqual(expect.any(String));
  expect(second).not.toBe(first);
  expect((await agent.ask(token, { scopes: ['b'] })).accessToken).toBe(second);
});

it('stores separate grants for different resources', async () => {
  const agent = await world.agent();
  await agent.connect('ben');
  const token = await agent.token({ userId: 'ben' });
  const other = await agent.ask(token, { resources: ['https://api.example'] });
  expect(other).toMatchObject({ sessionStatus: 'IN_PROGRESS' });
  await fetch(other.authorizationUrl ?? '', { redirect: 'manual' });
  // This provider does not know the resource, and rejects the push.
  const { parameters, status } = world.provider.pushes.at(-1) ?? {};
  expect(parameters?.getAll('resource')).toEqual(['https://api.example']);
  expect(status).toBe(400);
});

describe('audiences', () => {
  const audiences = ['https://one.example', 'https://two.example'];

  it('are sent with the authorization request and the code, and separate grants', async () => {
    const agent = await world.agent();
    await agent.connect('dora', { audiences });
    expect(world.provider.exchanges.at(-1)?.request.getAll('audience')).toEqual(audiences);
    const token = await agent.token({ userId: 'dora' });
    const [inOtherOrder, others] = [[...audiences].reverse(), audiences.slice(0, 1)];
    expect((await agent.ask(token, { audiences: inOtherOrder })).accessToken).toEqual(expect.any(String));
    const wider = await agent.ask(token, { audiences: others });
    expect(wider).toMatchObject({ sessionStatus: 'IN_PROGRESS' });
    const sent = await fetch(wider.authorizationUrl ?? '', { redirect: 'manual' });
    const asked = world.provider.requestAt(sent.headers.get('location'));
    expect(asked.getAll('audience')).toEqual(others);
  });

  it('are sent with client credentials, and separate cached tokens', async () => {
    const agent = await world.agent();
    const token = await agent.token();
    const own = { oauth2Flow: 'M2M', scopes: ['a'] } as const;
    const ask = async (narrowed: string[]) =>
      (await agent.ask(token, { ...own, scopes: [...own.scopes], audiences: narrowed })).accessToken;
    const both = await ask(audiences);
    expect(world.provider.exchanges.at(-1)?.request.getAll('audience')).toEqual(audiences);
    expect(await ask([])).not.toBe(both);
    expect(await ask(audiences)).toBe(both);
  });
});
