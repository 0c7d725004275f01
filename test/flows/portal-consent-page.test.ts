/**
 * The consent page of sessions that return to a portal: it comes first even if an agent begins the session, and a person who
 * connects an account in the portal is asked for what the portal showed, and not for what the agent requested before.
 */
import { Browser } from './support/browser';
import { TestPortal } from './support/portal';
import { signInAndConsent, startProvider, type TestProvider } from './support/provider';
import { World } from './support/world';

let identityProvider: TestProvider;
let world: World;
beforeAll(async () => {
  identityProvider = await startProvider({});
  const { discoveryUrl, clientId } = identityProvider;
  world = await World.start({}, () => [{ discoveryUrl, allowedAudience: [clientId] }]);
});
afterAll(async () => {
  await world.stop();
  await identityProvider.close();
});

async function signedIn(scopes = ['openid']) {
  const agent = await world.agent('agent', []);
  const portal = await TestPortal.create(world, {
    agents: [agent],
    identityProvider,
    change: {
      branding: { name: 'Example portal' },
      connections: [
        {
          workloadName: agent.name,
          credentialProviderName: agent.providerName,
          scopes,
          purpose: 'Read your calendar',
        },
      ],
    },
  });
  identityProvider.allowRedirect(portal.callbackUrl);
  const session = await portal.signIn('ana');
  const [row] = await portal.rows(session, agent);
  const userToken = String(identityProvider.exchanges.at(-1)?.answer.id_token);
  return { agent, portal, session, key: row?.key ?? '', token: await agent.token({ userToken }) };
}

const opened = async (authorizationUrl = '') => {
  const { status, html } = await new Browser().step(authorizationUrl);
  return { status, html };
};

describe('the consent page of a portal', () => {
  it('comes first in a session that an agent begins, with all that the agent requests', async () => {
    const { agent, portal, token } = await signedIn();
    const { authorizationUrl } = await agent.ask(token, {
      resourceOauth2ReturnUrl: portal.returnUrl,
      scopes: ['openid', 'a'],
      customParameters: { user_scope: 'hidden.scope' },
    });
    const { status, html } = await opened(authorizationUrl);
    expect(status).toBe(200);
    for (const text of ['Example portal', agent.name, '<code>a</code>', '<code>hidden.scope</code>']) {
      expect(html).toContain(text);
    }
  });

  it('names the address of the provider, whose display name the owner chooses, and shows no character that reorders text', async () => {
    const { agent, portal, token } = await signedIn();
    const { authorizationUrl } = await agent.ask(token, {
      resourceOauth2ReturnUrl: portal.returnUrl,
      audiences: ['server\u202Etxt.\n'],
    });
    const { html } = await opened(authorizationUrl);
    const { origin } = new URL(world.provider.discoveryUrl);
    expect(html).toMatch(new RegExp(`<dt>You continue to</dt>\\s*<dd>${origin}</dd>`));
    expect(html).toContain('<code>server\uFFFDtxt.\uFFFD</code>');
  });

  it('asks for what the portal showed, not for what the agent requested before', async () => {
    const { agent, portal, session, key, token } = await signedIn();
    const agents = await agent.ask(token, {
      resourceOauth2ReturnUrl: portal.returnUrl,
      scopes: ['openid', 'a'],
      customState: 'of the agent',
    });
    const authorizationUrl = await portal.authorizationUrl(session, key);
    expect(authorizationUrl).not.toBe(agents.authorizationUrl);
    const { html } = await opened(authorizationUrl);
    expect(html).toContain('Read your calendar');
    expect(html).not.toContain('<code>a</code>');
    // The same row again has the same session.
    expect(await portal.authorizationUrl(session, key)).toBe(authorizationUrl);
  });

  it('comes before a request that leaves the scopes to the provider', async () => {
    const { agent, portal, session, key } = await signedIn([]);
    expect(await portal.rows(session, agent)).toMatchObject([
      { status: 'NOT_CONNECTED', scopes: [], canConnect: true },
    ]);
    const authorizationUrl = await portal.authorizationUrl(session, key);
    expect((await opened(authorizationUrl)).html).toContain('shows you what');
    // The provider of the tests rejects a request without scopes.
    await portal.consent(authorizationUrl, 'ana');
    expect(world.provider.pushes.at(-1)?.parameters.has('scope')).toBe(false);
  });

  it('has no branding of a portal that does not list the agent, which does not complete the session', async () => {
    const { portal, session } = await signedIn();
    const other = await world.agent('agent', [portal.returnUrl]);
    const userToken = String(identityProvider.exchanges.at(-1)?.answer.id_token);
    const { authorizationUrl = '' } = await other.ask(await other.token({ userToken }), {
      resourceOauth2ReturnUrl: portal.returnUrl,
    });
    const browser = new Browser();
    const { url } = await signInAndConsent(browser, authorizationUrl, 'ana', portal.returnUrl);
    const sessionUri = new URL(url).searchParams.get('session_id') ?? '';
    // Even if the agent is in the portal by now.
    await portal.change({ sources: [{ type: 'workload-identity', identifier: other.name }] });
    expect(await portal.complete(session, sessionUri)).toMatchObject({ refused: 'ended' });
  });
});
