/** RFC 7523 section 2.1: the user token as the grant; and Microsoft's on-behalf-of flow, which uses it. */
import { startExchangeServer, type ExchangeServer } from '../support/exchange-server';
import { World, type TestAgent } from '../support/world';
import { agentAt } from '../vendors/consented';
import { moveProvider, sealFor } from '../vendors/state';
import { exchange, exchangingAgent, lastRequest, onBehalfOf, refusedWith, userTokenOf } from './exchanging';

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const ANOTHERS = 'https://another-assistant.example';

let server: ExchangeServer;
const world = World.ofFile({}, ({ discoveryUrl, audience }) => [
  { discoveryUrl, allowedAudience: [audience, ANOTHERS] },
]);
beforeAll(async () => {
  server = await startExchangeServer(world.issuer, {
    // As Microsoft and most servers do.
    clientDefaults: { token_endpoint_auth_method: 'client_secret_post' },
  });
});
afterAll(async () => {
  await server.close();
});

/** The parameters of a request, without its client authentication. */
const grantRequest = (): Record<string, string> => {
  const { client_id, client_secret, ...request } = lastRequest(server);
  expect([client_id, client_secret]).toEqual([server.clientId, server.clientSecret]);
  return request;
};

describe('a provider of a custom server', () => {
  let agent: TestAgent;
  beforeAll(async () => {
    const { clientId, clientSecret, discoveryUrl } = server;
    agent = await agentAt(world, 'CustomOauth2', {
      customOauth2ProviderConfig: {
        clientId,
        clientSecret,
        oauthDiscovery: { discoveryUrl },
        clientAuthenticationMethod: 'CLIENT_SECRET_POST',
        onBehalfOfTokenExchangeConfig: { grantType: 'JWT_AUTHORIZATION_GRANT' },
      },
    });
  });

  it('gets the user token as the assertion, and no parameters of another grant', async () => {
    const userToken = await userTokenOf(world, 'ana');
    const customParameters = { assertion: 'of-the-agent', grant_type: 'password', hint: 'x' };
    const token = await agent.token({ userToken });
    const { accessToken } = await exchange(agent, token, { scopes: ['a', 'b'], customParameters });
    expect(accessToken).toBe(server.exchanges.at(-1)?.answer.access_token);
    expect(grantRequest()).toEqual({ grant_type: JWT_BEARER, assertion: userToken, scope: 'a b', hint: 'x' });
  });

  it("returns the provider's error code for a rejected token, without asking for consent", async () => {
    const token = await onBehalfOf(world, agent, 'ana', { aud: ANOTHERS });
    for (let tries = 0; tries < 2; tries += 1) {
      await expect(exchange(agent, token)).rejects.toMatchObject(refusedWith('invalid_grant'));
    }
  });
});

describe('MicrosoftOauth2', () => {
  let agent: TestAgent;
  beforeAll(async () => {
    const { clientId, clientSecret, issuer } = server;
    const client = { clientId, clientSecret };
    agent = await agentAt(world, 'MicrosoftOauth2', { microsoftOauth2ProviderConfig: client });
    await sealFor(await moveProvider(agent.providerName, issuer), client);
    server.wantsTokenUse = true;
  });

  it('exchanges without any configuration, and states the requested token use', async () => {
    const userToken = await userTokenOf(world, 'ana');
    const token = await agent.token({ userToken });
    const { accessToken } = await exchange(agent, token);
    expect(accessToken).toBe(server.exchanges.at(-1)?.answer.access_token);
    expect(grantRequest()).toEqual({
      grant_type: JWT_BEARER,
      assertion: userToken,
      requested_token_use: 'on_behalf_of',
      scope: 'a',
    });
    const asked = server.exchanges.length;
    expect(await exchange(agent, token)).toMatchObject({ accessToken });
    expect(server.exchanges).toHaveLength(asked);
  });

  it('allows the agent to state another token use', async () => {
    const customParameters = { requested_token_use: 'something_else' };
    const refused = exchange(agent, await onBehalfOf(world, agent, 'ana'), { customParameters });
    await expect(refused).rejects.toMatchObject(refusedWith('invalid_request'));
    expect(grantRequest()).toMatchObject(customParameters);
  });
});

it('a custom server without configuration does not support the exchange', async () => {
  const agent = await exchangingAgent(world, server);
  const asked = server.exchanges.length;
  await expect(exchange(agent, await onBehalfOf(world, agent, 'ana'))).rejects.toMatchObject({
    name: 'ValidationException',
    fieldList: [expect.objectContaining({ name: 'oauth2Flow' })],
  });
  expect(server.exchanges).toHaveLength(asked);
});
