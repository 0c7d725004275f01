/** What an agent can change in a vendor's authorization request, and unusual token responses of vendors. */
import { moveClock } from '../support/clock';
import { World, type Ask } from '../support/world';
import { plainRefusals, type VendorBehavior } from './behavior';
import { agentAt, consent, moveTo } from './consented';
import { NAMED } from './named';
import { storedTokens } from './state';
import { startVendor } from './vendor-server';

const world = World.ofFile();

const behaviorOf = (vendor: VendorBehavior['vendor']): VendorBehavior => {
  const behavior = NAMED.find((named) => named.vendor === vendor);
  if (!behavior) throw new Error(`no behavior of ${vendor}`);
  return behavior;
};

/** Runs the work with a server of this behavior, and an agent whose provider uses it. */
async function at(behavior: VendorBehavior, use: (world: Used) => Promise<void>): Promise<void> {
  const server = await startVendor(behavior);
  try {
    const agent = await agentAt(world, behavior.vendor, behavior.config(server.client, server.origin));
    await moveTo(agent, server, server.client);
    await use({ agent, server });
    expect(server.complaints).toEqual([]);
  } finally {
    await server.close();
  }
}

interface Used {
  readonly agent: Awaited<ReturnType<typeof agentAt>>;
  readonly server: Awaited<ReturnType<typeof startVendor>>;
}

it('sends Atlassian its own audience, even if an agent names another one', async () => {
  await at(behaviorOf('AtlassianOauth2'), async ({ agent, server }) => {
    const customParameters = { audience: 'https://evil.example' };
    await consent(agent, 'ana', { scopes: ['read:me'], customParameters });
    expect(server.authorizations.at(-1)?.getAll('audience')).toEqual(['api.atlassian.com']);
  });
});

it('reads a Slack user token from its place in the response when only user scopes are requested', async () => {
  const slack = behaviorOf('SlackOauth2');
  const users: VendorBehavior = {
    ...slack,
    tokens: ({ access, refresh, grant }) => {
      const tokens = { access_token: access, refresh_token: refresh, expires_in: 43200, token_type: 'user' };
      const scoped = { ...tokens, scope: 'search:read,users:read' };
      return grant === 'refresh_token'
        ? { ok: true, ...scoped }
        : { ok: true, app_id: 'A1', authed_user: { id: 'U1', ...scoped } };
    },
  };
  await at(users, async ({ agent, server }) => {
    const ask: Ask = { scopes: [], customParameters: { user_scope: 'search:read,users:read' } };
    await consent(agent, 'ana', ask);
    expect(server.authorizations.at(-1)?.get('user_scope')).toBe('search:read,users:read');
    expect(server.authorizations.at(-1)?.has('scope')).toBe(false);
    const { accessToken } = await agent.ask(await agent.token({ userId: 'ana' }), ask);
    expect(accessToken).toBe(server.issued.at(-1));
    expect(await storedTokens(agent.providerName)).toMatchObject({
      scopes: ['search:read', 'users:read'],
      refreshable: true,
    });
  });
});

it("discovers a tenant's endpoints from its issuer", async () => {
  const { clientId, clientSecret, issuer, exchanges } = world.provider;
  const config = { includedOauth2ProviderConfig: { clientId, clientSecret, issuer } };
  const agent = await agentAt(world, 'OktaOauth2', config);
  world.provider.allowRedirect(agent.callbackUrl);
  const ask: Ask = { scopes: ['openid', 'a'] };
  await consent(agent, 'ana', ask);
  const { accessToken } = await agent.ask(await agent.token({ userId: 'ana' }), ask);
  expect(accessToken).toBe(exchanges.at(-1)?.answer.access_token);
});

it.each<[string, VendorBehavior['refusals']['refresh'], RegExp]>([
  [
    'a temporary error in its own format',
    { status: 200, body: { ok: false, error: 'ratelimited' } },
    /Try again/,
  ],
  ['an HTML page', { status: 502, body: '<h1>Bad gateway</h1>' }, /Try again/],
])('keeps the grant when the vendor answers a refresh with %s', async (_what, refresh, message) => {
  const slack: VendorBehavior = {
    ...behaviorOf('SlackOauth2'),
    refusals: { ...plainRefusals, refresh },
    tokens: ({ access, refresh: next }) => ({
      ok: true,
      access_token: access,
      token_type: 'bot',
      refresh_token: next,
      expires_in: 43200,
    }),
  };
  await at(slack, async ({ agent, server }) => {
    const ask: Ask = { scopes: ['chat:write'] };
    await consent(agent, 'ana', ask);
    moveClock(43201);
    const token = await agent.token({ userId: 'ana' });
    server.refuse = 'refresh';
    // The AWS SDK client retries by itself; the grant survives all attempts.
    await expect(agent.ask(token, ask)).rejects.toMatchObject({
      name: 'InternalServerException',
      message: expect.stringMatching(message) as string,
    });
    server.refuse = undefined;
    expect((await agent.ask(token, ask)).accessToken).toBe(server.issued.at(-1));
  });
});
