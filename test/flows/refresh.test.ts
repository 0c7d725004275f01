/** Acceptance scenario 15: an expired token is refreshed without the user; a permanent rejection requires consent again. */
import type { Configuration } from 'oidc-provider';
import { moveClock } from './support/clock';
import { World } from './support/world';

/** Access tokens for three minutes, refresh tokens for every user, rotated at each use with reuse detection. */
const shortLived: Configuration = {
  ttl: { AccessToken: 180 },
  issueRefreshToken: () => Promise.resolve(true),
  rotateRefreshToken: true,
};

const world = World.ofFile(shortLived);

const refreshes = () => world.provider.exchanges.filter(({ grantType }) => grantType === 'refresh_token');

it('refreshes once for concurrent callers, and stores the rotated refresh token', async () => {
  const agent = await world.agent();
  const token = await agent.token({ userId: 'ana' });
  const { authorizationUrl } = await agent.ask(token);
  await agent.complete(await agent.consent(authorizationUrl), { userId: 'ana' });
  const { accessToken: first } = await agent.ask(token);
  expect(refreshes()).toHaveLength(0);

  moveClock(175);
  const answers = await Promise.all(Array.from({ length: 12 }, () => agent.ask(token)));
  const tokens = new Set(answers.map(({ accessToken }) => accessToken));
  expect([...tokens]).toEqual([refreshes()[0]?.answer.access_token]);
  expect(tokens).not.toContain(first);
  expect(refreshes()).toHaveLength(1);

  moveClock(175);
  expect((await agent.ask(token)).accessToken).toBe(refreshes()[1]?.answer.access_token);
  const redeemed = refreshes().map(({ request }) => request.get('refresh_token'));
  expect(new Set(redeemed).size).toBe(2);
});

it('asks for consent when the provider permanently rejects the refresh', async () => {
  const agent = await world.agent();
  const token = await agent.token({ userId: 'ben' });
  const { authorizationUrl } = await agent.ask(token);
  await agent.complete(await agent.consent(authorizationUrl, 'ben'), { userId: 'ben' });
  const spent = String(world.provider.exchanges.at(-1)?.answer.refresh_token);
  // The test uses the refresh token itself, so the service's next attempt is a reuse, and the provider revokes the grant.
  const { issuer, clientId, clientSecret } = world.provider;
  await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: spent }),
  });
  moveClock(175);
  const answer = await agent.ask(token);
  expect(answer).toMatchObject({
    sessionStatus: 'IN_PROGRESS',
    authorizationUrl: expect.any(String) as string,
  });
  expect(refreshes().at(-1)?.answer.error).toBe('invalid_grant');
});
