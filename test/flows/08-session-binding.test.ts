/** Acceptance scenarios 8 and 9: only the user who began a session completes it. */
import { World } from './support/world';

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(() => world.stop());

const refused = {
  name: 'AccessDeniedException',
  message: 'Invalid or expired session',
  $metadata: { httpStatusCode: 403 },
};

it('refuses another user; nothing is stored, and the right user can still complete', async () => {
  const agent = await world.agent();
  const token = await agent.token({ userId: 'ana' });
  const { authorizationUrl, sessionUri } = await agent.ask(token);
  await agent.consent(authorizationUrl);
  await expect(agent.complete(sessionUri, { userId: 'ben' })).rejects.toMatchObject(refused);
  expect(await agent.ask(token)).not.toHaveProperty('accessToken');
  expect(await agent.ask(await agent.token({ userId: 'ben' }))).not.toHaveProperty('accessToken');
  await agent.complete(sessionUri, { userId: 'ana' });
  expect((await agent.ask(token)).accessToken).toEqual(expect.any(String));
  expect(await agent.ask(await agent.token({ userId: 'ben' }))).not.toHaveProperty('accessToken');
});

it('takes a re-minted token of the same user, and no other user’s', async () => {
  const agent = await world.agent();
  const token = await agent.token({ userToken: await world.issuer.token('ana') });
  const { authorizationUrl, sessionUri } = await agent.ask(token);
  await agent.consent(authorizationUrl);
  const bens = { userToken: await world.issuer.token('ben') };
  await expect(agent.complete(sessionUri, bens)).rejects.toMatchObject(refused);
  await agent.complete(sessionUri, { userToken: await world.issuer.token('ana', { jti: 'another' }) });
  expect((await agent.ask(token)).accessToken).toEqual(expect.any(String));
});

it('keeps the user id x and the token user x apart, both ways', async () => {
  const agent = await world.agent();
  const asUser = { userToken: await world.issuer.token('x') };
  const asId = { userId: 'x' };
  for (const [begun, other] of [
    [asUser, asId],
    [asId, asUser],
  ] as const) {
    const { authorizationUrl, sessionUri } = await agent.ask(await agent.token(begun));
    await agent.consent(authorizationUrl);
    await expect(agent.complete(sessionUri, other)).rejects.toMatchObject(refused);
    await agent.complete(sessionUri, begun);
  }
  const [one, two] = await Promise.all(
    [asUser, asId].map(async (user) => agent.ask(await agent.token(user))),
  );
  expect(one?.accessToken).not.toBe(two?.accessToken);
});

it('lets no other principal complete, even for the right user', async () => {
  const agent = await world.agent();
  const { authorizationUrl, sessionUri } = await agent.ask(await agent.token({ userId: 'ana' }));
  await agent.consent(authorizationUrl);
  const stranger = agent.as(world.data('stranger'));
  await expect(stranger.complete(sessionUri, { userId: 'ana' })).rejects.toMatchObject(refused);
  await agent.complete(sessionUri, { userId: 'ana' });
});
