/** A provider whose discovery never responds, through the whole service: an error in time, and success after it recovers. */
import { moveClock } from './support/clock';
import { customProvider } from './support/custom-provider';
import { documentResponse, startRawServer, switchProtocols, type RawServer } from './support/raw-server';
import { World } from './support/world';

let world: World;
let server: RawServer;
beforeAll(async () => {
  [world, server] = await Promise.all([World.start(), startRawServer(switchProtocols)]);
});
afterAll(() => Promise.all([server.close(), world.stop()]));

it('reports a provider that switches protocols as unavailable, and calls it again 5 seconds later', async () => {
  const name = 'switching';
  const { clientId, clientSecret, issuer } = world.provider;
  const discoveryUrl = `${server.url}/.well-known/openid-configuration`;
  await world.control().createOauth2CredentialProvider({
    name,
    ...customProvider(discoveryUrl, { clientId, clientSecret }),
  });
  const agent = await world.agent();
  const once = agent.as(world.data('agent', 'execute-api', 1));
  const token = await agent.token();
  const ask = () =>
    once.ask(token, { resourceCredentialProviderName: name, oauth2Flow: 'M2M', scopes: ['a'] });

  await expect(ask()).rejects.toMatchObject({
    name: 'InternalServerException',
    message: expect.stringContaining('is unavailable (unreachable)') as string,
  });
  server.behavior = documentResponse({ issuer: server.url, token_endpoint: `${issuer}/token` });
  moveClock(5);
  expect((await ask()).accessToken).toEqual(expect.any(String));
  expect(server.requests).toHaveLength(2);
});
