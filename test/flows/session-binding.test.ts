/** Acceptance scenarios 8 and 9: only the user who began a session can complete it. */
import { Browser } from './support/browser';
import { RETURN_URL, World, type TestAgent } from './support/world';

const world = World.ofFile();

const refused = {
  name: 'AccessDeniedException',
  message: 'Invalid or expired session',
  $metadata: { httpStatusCode: 403 },
};

/** The user begins a session, and another person consents in their own browser. The user sees only the link. */
async function passedOn(user: { userId: string } | { userToken: string }, agent: TestAgent) {
  const token = await agent.token(user);
  const { authorizationUrl, sessionUri } = await agent.ask(token);
  const browser = new Browser();
  return {
    token,
    authorizationUrl,
    sessionUri,
    browser,
    back: await agent.consent(authorizationUrl, 'ben', browser),
  };
}

it('ends the session when the application names another user, so that the sender of the link cannot complete it', async () => {
  const agent = await world.agent();
  const ana = { userId: 'ana' };
  const { token, sessionUri, back } = await passedOn(ana, agent);
  await expect(agent.complete(back, { userId: 'ben' })).rejects.toMatchObject(refused);
  expect(await agent.ask(token, { sessionUri })).toMatchObject({ sessionStatus: 'FAILED' });
  for (const uri of [sessionUri, back]) await expect(agent.complete(uri, ana)).rejects.toMatchObject(refused);
  expect(await agent.ask(token)).not.toHaveProperty('accessToken');
  expect(await agent.ask(await agent.token({ userId: 'ben' }))).not.toHaveProperty('accessToken');
  const [code] = world.provider.exchanges.map(({ request }) => request.get('code'));
  expect(code).toBeUndefined();
});

it('prevents completion by the sender of a link when the application never calls Complete', async () => {
  const agent = await world.agent();
  const ana = { userId: 'ana' };
  const { token, authorizationUrl, sessionUri, browser } = await passedOn(ana, agent);
  // The sender opens the link: the page reveals neither the other person's return URL nor its parameters.
  const page = await new Browser().step(authorizationUrl ?? '');
  expect(page.status).toBe(409);
  expect(page.html).not.toMatch(/href=|session_id|connected/);
  // The page shows only the return URL to the person who consented.
  const own = await browser.step(authorizationUrl ?? '');
  expect(own.html).toContain(`href="${RETURN_URL}"`);
  expect(own.html).not.toContain('session_id');
  await expect(agent.complete(sessionUri, ana)).rejects.toMatchObject(refused);
  const guessed = `urn:ietf:params:oauth:request_uri:${'A'.repeat(43)}.${'A'.repeat(43)}`;
  await expect(agent.complete(guessed, ana)).rejects.toMatchObject(refused);
  expect(await agent.ask(token, { sessionUri })).not.toHaveProperty('accessToken');
});

it("prevents completion by the sender when the provider remembers the other person's consent and only redirects", async () => {
  const agent = await world.agent();
  const ben = { userId: 'ben' };
  const browser = new Browser();
  const first = await agent.ask(await agent.token(ben));
  await agent.complete(await agent.consent(first.authorizationUrl, 'ben', browser), ben);

  const token = await agent.token({ userId: 'ana' });
  const { authorizationUrl, sessionUri } = await agent.ask(token);
  const back = await browser.go(authorizationUrl ?? '', { until: 'http://127.0.0.1:9/' });
  expect(back.url).toContain('session_id=');
  await expect(agent.complete(sessionUri, { userId: 'ana' })).rejects.toMatchObject(refused);
  await expect(agent.complete(new URL(back.url), ben)).rejects.toMatchObject(refused);
  expect(await agent.ask(token, { sessionUri })).toMatchObject({ sessionStatus: 'FAILED' });
});

it("accepts a new token of the same user, and rejects another user's token", async () => {
  const agent = await world.agent();
  const token = await agent.token({ userToken: await world.issuer.token('ana') });
  const first = await agent.ask(token);
  const bens = { userToken: await world.issuer.token('ben') };
  const wrong = await agent.consent(first.authorizationUrl);
  await expect(agent.complete(wrong, bens)).rejects.toMatchObject(refused);
  const { authorizationUrl } = await agent.ask(token);
  const again = { userToken: await world.issuer.token('ana', { jti: 'another' }) };
  await agent.complete(await agent.consent(authorizationUrl), again);
  expect((await agent.ask(token)).accessToken).toEqual(expect.any(String));
});

it('distinguishes a user ID from the same subject in a user token', async () => {
  const agent = await world.agent();
  const asUser = { userToken: await world.issuer.token('x') };
  const asId = { userId: 'x' };
  const consented = async (user: typeof asUser | typeof asId) =>
    agent.consent((await agent.ask(await agent.token(user))).authorizationUrl);
  for (const [begun, other] of [
    [asUser, asId],
    [asId, asUser],
  ] as const) {
    await expect(agent.complete(await consented(begun), other)).rejects.toMatchObject(refused);
    await agent.complete(await consented(begun), begun);
  }
  const [one, two] = await Promise.all(
    [asUser, asId].map(async (user) => agent.ask(await agent.token(user))),
  );
  expect(one?.accessToken).not.toBe(two?.accessToken);
});

it('denies completion by another principal even for the right user, and keeps the session', async () => {
  const agent = await world.agent();
  const { authorizationUrl } = await agent.ask(await agent.token({ userId: 'ana' }));
  const back = await agent.consent(authorizationUrl);
  const stranger = agent.as(world.data('stranger'));
  await expect(stranger.complete(back, { userId: 'ana' })).rejects.toMatchObject(refused);
  await agent.complete(back, { userId: 'ana' });
});
