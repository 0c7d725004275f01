/**
 * A person's connections in a consent portal, in the running service: sign in at the organization's identity provider,
 * connect, and disconnect, with real OAuth servers and a browser.
 */
import { startProvider, type TestProvider } from './support/provider';
import { TestPortal, type PortalSettings } from './support/portal';
import { World, type TestAgent } from './support/world';

/** ID tokens with the person's name. */
const NAMES = {
  conformIdTokenClaims: false,
  claims: { openid: ['sub'], profile: ['name'] },
  scopes: ['openid', 'profile', 'offline_access'],
  findAccount: (_ctx: unknown, id: string) => ({
    accountId: id,
    claims: () => Promise.resolve({ sub: id, name: `${id} of Example` }),
  }),
};

let identityProvider: TestProvider;
let world: World;
beforeAll(async () => {
  identityProvider = await startProvider(NAMES);
  const { discoveryUrl, clientId } = identityProvider;
  world = await World.start({ ttl: { AccessToken: 3600 } }, () => [
    { discoveryUrl, allowedAudience: [clientId] },
  ]);
});
afterEach(() => {
  jest.useRealTimers();
});
afterAll(async () => {
  await world.stop();
  await identityProvider.close();
});

/** A portal that offers to connect each of these agents at its provider. */
async function portalOf(agents: TestAgent[], settings: Partial<PortalSettings> = {}): Promise<TestPortal> {
  const portal = await TestPortal.create(world, {
    agents,
    identityProvider,
    ...settings,
    change: {
      connections: agents.map(({ name: workloadName, providerName: credentialProviderName }) => ({
        workloadName,
        credentialProviderName,
        scopes: ['openid', 'a'],
        purpose: 'Read your calendar',
      })),
      ...settings.change,
    },
  });
  identityProvider.allowRedirect(portal.callbackUrl);
  return portal;
}

async function signedIn(login: string, agents?: TestAgent[]) {
  const [agent = await world.agent('agent', [])] = agents ?? [];
  const portal = await portalOf(agents ?? [agent]);
  const session = await portal.signIn(login);
  const [row] = await portal.rows(session, agent);
  return { agent, portal, session, key: row?.key ?? '' };
}

const ask = async (agent: TestAgent, login: string) => {
  const exchange = identityProvider.exchanges.findLast(
    ({ answer }) => subjectOf(String(answer.id_token)) === login,
  );
  return agent.ask(await agent.token({ userToken: String(exchange?.answer.id_token) }), {
    resourceOauth2ReturnUrl: undefined,
  });
};

const subjectOf = (idToken: string): unknown => {
  const payload = JSON.parse(Buffer.from(idToken.split('.')[1] ?? '', 'base64url').toString()) as object;
  return (payload as { sub?: unknown }).sub;
};

it('signs a person in, connects an account, and gives the agent a token for this person only', async () => {
  const { agent, portal, session, key } = await signedIn('ana');
  expect(await portal.view(session)).toMatchObject({
    portal: { portalId: portal.id, name: portal.name, signInProvider: portal.signInProvider },
    agents: [
      {
        name: agent.name,
        displayName: agent.name,
        suspended: false,
        connections: [
          {
            provider: { name: agent.providerName },
            scopes: ['openid', 'a'],
            purpose: 'Read your calendar',
            status: 'NOT_CONNECTED',
            canConnect: true,
            canDisconnect: false,
          },
        ],
      },
    ],
  });
  const sessionUri = await portal.consent(await portal.authorizationUrl(session, key), 'ana');
  const completed = await portal.complete(session, sessionUri);
  expect(completed).toMatchObject({
    completed: { agent: { name: agent.name }, provider: { name: agent.providerName } },
  });
  expect(await portal.rows(session, agent)).toMatchObject([
    { status: 'CONNECTED', scopes: ['openid', 'a'], canConnect: true, canDisconnect: true },
  ]);
  const { accessToken } = await ask(agent, 'ana');
  expect(accessToken).toEqual(expect.any(String));
  expect(JSON.stringify(completed)).not.toContain(accessToken);

  const other = await portal.signIn('ben');
  expect(await portal.rows(other, agent)).toMatchObject([{ status: 'NOT_CONNECTED' }]);
});
