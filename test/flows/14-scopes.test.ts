/** Acceptance scenario 14: any subset of what was granted is a hit; a superset asks for the union. */
import { World } from './support/world';

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(() => world.stop());

it('hits for subsets in any order, and asks again for more, without losing what there was', async () => {
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
  const asked = new URL(sent.headers.get('location') ?? '').searchParams.get('scope')?.split(' ');
  expect(asked?.sort()).toEqual(['a', 'b', 'c', 'openid']);
  expect((await agent.ask(token, { scopes })).accessToken).toBe(first);

  await agent.consent(wider.authorizationUrl);
  await agent.complete(wider.sessionUri, { userId: 'ana' });
  const second = (await agent.ask(token, { scopes: ['c', 'b', 'a', 'openid'] })).accessToken;
  expect(second).toEqual(expect.any(String));
  expect(second).not.toBe(first);
  expect((await agent.ask(token, { scopes: ['b'] })).accessToken).toBe(second);
});

it('keeps grants for different resources apart', async () => {
  const agent = await world.agent();
  await agent.connect('ben');
  const token = await agent.token({ userId: 'ben' });
  const other = await agent.ask(token, { resources: ['https://api.example'] });
  expect(other).toMatchObject({ sessionStatus: 'IN_PROGRESS' });
  const sent = await fetch(other.authorizationUrl ?? '', { redirect: 'manual' });
  expect(new URL(sent.headers.get('location') ?? '').searchParams.getAll('resource')).toEqual([
    'https://api.example',
  ]);
});

it('refuses more than a request can carry, by name', async () => {
  const agent = await world.agent();
  const scopes = Array.from({ length: 400 }, (_, n) => `${n}`.padEnd(100, 'x'));
  const token = await agent.token({ userId: 'cleo' });
  await expect(agent.ask(token, { scopes })).rejects.toMatchObject({
    name: 'ValidationException',
    fieldList: [expect.objectContaining({ name: 'scopes' })],
  });
});
