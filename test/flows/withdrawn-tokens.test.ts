/** Tokens that leave their grant are revoked at the provider, a real authorization server (`oidc-provider`). */
import { createRevocationFunction } from '../../lambda/adapters/lambda/revocation';
import { localFunctionName } from '../../lib/local/gateway-event';
import { startProvider, type TestProvider } from './support/provider';
import { agentAt } from './support/pushing-provider';
import { World, type TestAgent } from './support/world';

let provider: TestProvider;
const world = World.ofFile();
beforeAll(async () => {
  provider = await startProvider({
    features: { revocation: { enabled: true }, introspection: { enabled: true } },
  });
});
afterAll(async () => {
  await provider.close();
});

/** The status with which a resource of the provider answers the access token. */
const userinfo = async (accessToken: string): Promise<number> =>
  (await fetch(`${provider.issuer}/me`, { headers: { authorization: `Bearer ${accessToken}` } })).status;

/** Has the outbox swept, as the schedule does, and waits until the provider rejects the token. */
async function rejected(accessToken: string): Promise<void> {
  await createRevocationFunction(localFunctionName('revocation')).wake();
  for (let tries = 0; tries < 100; tries += 1) {
    if ((await userinfo(accessToken)) === 401) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the provider still accepts the token');
}

async function connect(agent: TestAgent, user: string): Promise<string> {
  const ask = { scopes: ['openid', 'offline_access'], customParameters: { prompt: 'consent' } };
  const token = await agent.token({ userId: user });
  const { authorizationUrl } = await agent.ask(token, ask);
  await agent.complete(await agent.consent(authorizationUrl, user), { userId: user });
  const { accessToken = '' } = await agent.ask(token, ask);
  return accessToken;
}

it('forceAuthentication makes the provider reject the dropped token', async () => {
  const agent = await agentAt(world, provider);
  const accessToken = await connect(agent, 'ana');
  expect(await userinfo(accessToken)).toBe(200);
  await agent.ask(await agent.token({ userId: 'ana' }), { scopes: ['openid'], forceAuthentication: true });
  await rejected(accessToken);
});
