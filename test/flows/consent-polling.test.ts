/** Acceptance scenarios 3, 5 and 12: responses to polls before, during, and after consent. */
import { RETURN_URL, World } from './support/world';

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(() => world.stop());

it('answers polls of the AgentCore SDK for TypeScript with 200 and IN_PROGRESS, and with the token after Complete', async () => {
  const agent = await world.agent();
  const token = await agent.token({ userId: 'ana' });
  const first = await agent.ask(token);
  // The SDK repeats the request with the session URI and without forceAuthentication.
  const poll = () => agent.ask(token, { sessionUri: first.sessionUri });
  let back: URL | undefined;
  for (const when of ['before the link is opened', 'after consent, before Complete']) {
    if (when.startsWith('after')) back = await agent.consent(first.authorizationUrl);
    const pending = await poll();
    expect([when, pending.$metadata.httpStatusCode, pending.sessionStatus]).toEqual([
      when,
      200,
      'IN_PROGRESS',
    ]);
    expect(pending).not.toHaveProperty('accessToken');
    expect(pending.authorizationUrl).toBe(first.authorizationUrl);
  }
  await agent.complete(back, { userId: 'ana' });
  const done = await poll();
  expect(done.accessToken).toEqual(expect.any(String));
  expect(done).not.toHaveProperty('sessionStatus');
});

it('returns the same session to polls without a session URI while it is open, and the token after Complete', async () => {
  const agent = await world.agent();
  const token = await agent.token({ userId: 'ben' });
  const first = await agent.ask(token, { customState: 'one' });
  expect((await agent.ask(token, { customState: 'one' })).sessionUri).toBe(first.sessionUri);
  expect((await agent.ask(token)).sessionUri).toBe(first.sessionUri);
  const back = await agent.consent(first.authorizationUrl, 'ben');
  expect((await agent.ask(token)).sessionUri).toBe(first.sessionUri);
  await agent.complete(back, { userId: 'ben' });
  expect((await agent.ask(token)).accessToken).toEqual(expect.any(String));
});

it('returns one session to concurrent requests', async () => {
  const agent = await world.agent();
  const token = await agent.token({ userId: 'cleo' });
  const answers = await Promise.all(Array.from({ length: 8 }, () => agent.ask(token)));
  expect(new Set(answers.map(({ sessionUri }) => sessionUri)).size).toBe(1);
});

it('begins a new session when the request differs', async () => {
  const agent = await world.agent('agent', [RETURN_URL, `${RETURN_URL}&other`]);
  const token = await agent.token({ userId: 'dora' });
  const first = await agent.ask(token, { customState: 'one' });
  const differing = [
    { customState: 'two' },
    { resourceOauth2ReturnUrl: `${RETURN_URL}&other` },
    { scopes: ['openid', 'a', 'b'] },
    { customParameters: { prompt: 'login' } },
  ];
  for (const ask of differing) {
    expect((await agent.ask(token, ask)).sessionUri).not.toBe(first.sessionUri);
  }
});

it('rejects Complete before consent, and returns no token', async () => {
  const agent = await world.agent();
  const token = await agent.token({ userId: 'eve' });
  const { authorizationUrl, sessionUri } = await agent.ask(token);
  await expect(agent.complete(sessionUri, { userId: 'eve' })).rejects.toMatchObject({
    name: 'AccessDeniedException',
    message: 'Invalid or expired session',
  });
  expect(await agent.ask(token)).not.toHaveProperty('accessToken');
  await agent.complete(await agent.consent(authorizationUrl, 'eve'), { userId: 'eve' });
});
