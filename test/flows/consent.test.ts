/** Acceptance scenario 1: consent completes, then a call with a new token and the same session gets the credential. */
import { World } from './support/world';

const world = World.ofFile();

it('returns a credential after consent, and from then on from the vault', async () => {
  const agent = await world.agent();
  const first = await agent.ask(await agent.token({ userId: 'ana' }));
  expect(first).toMatchObject({ sessionStatus: 'IN_PROGRESS' });
  expect(first).not.toHaveProperty('accessToken');
  const { authorizationUrl = '', sessionUri = '' } = first;
  expect(new URL(authorizationUrl).searchParams.get('request_uri')).toBe(sessionUri);

  const back = await agent.consent(authorizationUrl);
  const completionUri = back.searchParams.get('session_id');
  expect(completionUri).toMatch(/^urn:ietf:params:oauth:request_uri:[\w.-]+$/);
  expect(completionUri).not.toBe(sessionUri);
  await agent.complete(back, { userId: 'ana' });

  const again = await agent.token({ userId: 'ana' });
  const { accessToken } = await agent.ask(again, { sessionUri });
  expect(accessToken).toBe(world.provider.exchanges.at(-1)?.answer.access_token);
  expect(await agent.ask(again)).toMatchObject({ accessToken });
  expect(world.provider.exchanges).toHaveLength(1);
});
