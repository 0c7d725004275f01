/** The agent's own tokens by client credentials: cached by scope, and separate from user grants. */
import { World, type Ask } from './support/world';

const world = World.ofFile();

const own: Ask = { oauth2Flow: 'M2M', scopes: ['a'], resourceOauth2ReturnUrl: undefined };

it('returns a token, and the cached token the next time', async () => {
  const agent = await world.agent();
  const token = await agent.token();
  const { accessToken } = await agent.ask(token, own);
  expect(accessToken).toBe(world.provider.exchanges.at(-1)?.answer.access_token);
  const asked = world.provider.exchanges.length;
  expect(await agent.ask(token, own)).toMatchObject({ accessToken });
  expect(world.provider.exchanges).toHaveLength(asked);
  const other = await agent.ask(token, { ...own, scopes: ['b'] });
  expect(other.accessToken).not.toBe(accessToken);
});

it("keeps the agent's own token and a user's token separate", async () => {
  const agent = await world.agent();
  const forUser = await agent.connect('ana', { scopes: ['a'] });
  const { accessToken } = await agent.ask(await agent.token({ userId: 'ana' }), own);
  expect(accessToken).not.toBe(forUser);
});

it("returns the provider's error code, and nothing else from its response", async () => {
  const agent = await world.agent('agent', [], { clientSecret: 'not-the-secret-of-the-client' });
  const failed = agent.ask(await agent.token(), own);
  await expect(failed).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringContaining('invalid_client') as string,
    $metadata: { attempts: 1 },
  });
  const description = String(world.provider.exchanges.at(-1)?.answer.error_description);
  await expect(failed).rejects.not.toMatchObject({ message: expect.stringContaining(description) as string });
});
