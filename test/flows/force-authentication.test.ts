/** Acceptance scenario 4: after forceAuthentication the old token never comes back. */
import { World } from './support/world';

const world = World.ofFile();

it('deletes the stored grant and starts again; polls with and without the session never get the old token', async () => {
  const agent = await world.agent();
  const old = await agent.connect('ana');
  const token = await agent.token({ userId: 'ana' });
  const { authorizationUrl, sessionUri, accessToken } = await agent.ask(token, { forceAuthentication: true });
  expect(accessToken).toBeUndefined();
  for (const ask of [
    { sessionUri },
    {},
    { sessionUri, forceAuthentication: true },
    { forceAuthentication: false },
  ]) {
    const polled = await agent.ask(token, ask);
    expect(polled.accessToken).toBeUndefined();
    expect(polled.sessionUri).toBe(sessionUri);
  }
  await agent.complete(await agent.consent(authorizationUrl), { userId: 'ana' });
  const { accessToken: fresh } = await agent.ask(token, { sessionUri });
  expect(fresh).toEqual(expect.any(String));
  expect(fresh).not.toBe(old);
  // A caller that repeats the whole request polls too, so its own consent stays.
  expect(await agent.ask(token, { sessionUri, forceAuthentication: true })).toMatchObject({
    accessToken: fresh,
  });
});

it('ignores a consent that began before it', async () => {
  const agent = await world.agent();
  const token = await agent.token({ userId: 'ben' });
  const before = await agent.ask(token);
  const back = await agent.consent(before.authorizationUrl, 'ben');
  const after = await agent.ask(token, { forceAuthentication: true });
  expect(after.sessionUri).not.toBe(before.sessionUri);
  await expect(agent.complete(back, { userId: 'ben' })).rejects.toMatchObject({
    name: 'AccessDeniedException',
  });
  expect(await agent.ask(token, { sessionUri: before.sessionUri })).toMatchObject({
    sessionStatus: 'FAILED',
  });
  expect(await agent.ask(token)).toMatchObject({ sessionUri: after.sessionUri });
});
