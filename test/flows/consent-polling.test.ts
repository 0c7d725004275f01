/** Acceptance scenarios 3, 5 and 12: responses to polls before, during, and after consent. */
import { World } from './support/world';

const world = World.ofFile();

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
