/** `onBehalfOfTokenExchangeConfig` through the AWS control-plane client: storage, validation, and access. */
import { type OnBehalfOfTokenExchangeConfigType } from '@aws-sdk/client-bedrock-agentcore-control';
import { startExchangeServer, type ExchangeServer } from '../support/exchange-server';
import { World, type PrincipalName, type TestAgent } from '../support/world';
import { customConfig, exchange, exchangingAgent, onBehalfOf } from './exchanging';
import { letStrangerUpdate } from '../support/delegate';

let server: ExchangeServer;
const world = World.ofFile();
beforeAll(async () => {
  server = await startExchangeServer(world.issuer);
});
afterAll(async () => {
  await server.close();
});

const get = (agent: TestAgent) => world.control().getOauth2CredentialProvider({ name: agent.providerName });

const told = async (agent: TestAgent) =>
  (await get(agent)).oauth2ProviderConfigOutput?.customOauth2ProviderConfig?.onBehalfOfTokenExchangeConfig;

const update = (
  agent: TestAgent,
  config?: OnBehalfOfTokenExchangeConfigType,
  as: PrincipalName = 'agent',
  at: ExchangeServer = server,
) =>
  world.control(as).updateOauth2CredentialProvider({
    name: agent.providerName,
    credentialProviderVendor: 'CustomOauth2',
    oauth2ProviderConfigInput: customConfig(at, config),
  });

const NONE = { actorTokenContent: 'NONE' } as const;
const M2M = { actorTokenContent: 'M2M', actorTokenScopes: ['act', 'b'] } as const;

it.each<[string, OnBehalfOfTokenExchangeConfigType, OnBehalfOfTokenExchangeConfigType]>([
  [
    'a token exchange with an M2M actor token and scopes',
    {
      grantType: 'TOKEN_EXCHANGE',
      tokenExchangeGrantTypeConfig: { ...M2M, actorTokenScopes: [...M2M.actorTokenScopes] },
    },
    {
      grantType: 'TOKEN_EXCHANGE',
      tokenExchangeGrantTypeConfig: { ...M2M, actorTokenScopes: [...M2M.actorTokenScopes] },
    },
  ],
  ['a JWT grant', { grantType: 'JWT_AUTHORIZATION_GRANT' }, { grantType: 'JWT_AUTHORIZATION_GRANT' }],
])('stores and returns %s', async (_what, given, kept) => {
  expect(await told(await exchangingAgent(world, server, given))).toEqual(kept);
});

it.each<[string, OnBehalfOfTokenExchangeConfigType, string]>([
  [
    'an actor for a grant type without one',
    { grantType: 'JWT_AUTHORIZATION_GRANT', tokenExchangeGrantTypeConfig: NONE },
    'tokenExchangeGrantTypeConfig',
  ],
  [
    'scopes without an actor token',
    {
      grantType: 'TOKEN_EXCHANGE',
      tokenExchangeGrantTypeConfig: { ...NONE, actorTokenScopes: ['act'] },
    },
    'tokenExchangeGrantTypeConfig.actorTokenScopes',
  ],
])('rejects %s, and names the member', async (_what, given, member) => {
  const path = 'oauth2ProviderConfigInput.customOauth2ProviderConfig.onBehalfOfTokenExchangeConfig';
  await expect(exchangingAgent(world, server, given)).rejects.toMatchObject({
    name: 'ValidationException',
    fieldList: [expect.objectContaining({ name: `${path}.${member}` })],
  });
});

it('is replaced by an update, and removed when the update omits it', async () => {
  const agent = await exchangingAgent(world, server, { grantType: 'TOKEN_EXCHANGE' });
  const token = await onBehalfOf(world, agent, 'ana');
  expect(await exchange(agent, token)).toHaveProperty('accessToken');
  await update(agent, { grantType: 'JWT_AUTHORIZATION_GRANT' });
  expect(await told(agent)).toEqual({ grantType: 'JWT_AUTHORIZATION_GRANT' });
  await update(agent);
  expect(await told(agent)).toBeUndefined();
  // The earlier exchanged token is not returned either.
  await expect(exchange(agent, token)).rejects.toMatchObject({ name: 'ValidationException' });
});

describe('another principal that can update the provider', () => {
  const config = { grantType: 'TOKEN_EXCHANGE' } as const;
  const refused = { name: 'AccessDeniedException' };

  async function shared(own?: OnBehalfOfTokenExchangeConfigType): Promise<TestAgent> {
    const agent = await exchangingAgent(world, server, own);
    await letStrangerUpdate(world, agent.providerName);
    return agent;
  }

  it('cannot send user tokens to its own server', async () => {
    const anothers = await startExchangeServer(world.issuer);
    try {
      const agent = await shared(config);
      await expect(update(agent, config, 'stranger', anothers)).rejects.toMatchObject(refused);
      // Two steps do not help either.
      await expect(update(agent, undefined, 'stranger', anothers)).rejects.toMatchObject(refused);
      await update(agent, undefined, 'stranger');
      await expect(update(agent, config, 'stranger', anothers)).rejects.toMatchObject(refused);
      await expect(exchange(agent, await onBehalfOf(world, agent, 'ana'))).rejects.toMatchObject({
        name: 'ValidationException',
      });
      expect(anothers.exchanges).toEqual([]);
    } finally {
      await anothers.close();
    }
  });

  it('cannot enable an exchange or change its grant type', async () => {
    await expect(update(await shared(), config, 'stranger')).rejects.toMatchObject(refused);
    const agent = await shared(config);
    await expect(update(agent, { grantType: 'JWT_AUTHORIZATION_GRANT' }, 'stranger')).rejects.toMatchObject(
      refused,
    );
  });

  it('cannot move it to a vendor with a built-in exchange, with another tenant and client', async () => {
    const agent = await shared();
    const move = (as: PrincipalName, tenantId: string, clientId = 'theirs') =>
      world.control(as).updateOauth2CredentialProvider({
        name: agent.providerName,
        credentialProviderVendor: 'MicrosoftOauth2',
        oauth2ProviderConfigInput: {
          microsoftOauth2ProviderConfig: { clientId, clientSecret: 'a secret', tenantId },
        },
      });
    await expect(move('stranger', 'contoso.example')).rejects.toMatchObject(refused);
    expect((await get(agent)).credentialProviderVendor).toBe('CustomOauth2');
    // After the owner moves it, only the owner can change tenant and client; other principals can change the secret.
    await move('agent', 'contoso.example');
    await move('stranger', 'contoso.example');
    await expect(move('stranger', 'theirs.example')).rejects.toMatchObject(refused);
    await expect(move('stranger', 'contoso.example', 'another')).rejects.toMatchObject(refused);
  });

  it('can change other members, and can disable the exchange', async () => {
    const agent = await shared(config);
    await update(agent, config, 'stranger');
    expect(await told(agent)).toEqual({ ...config, tokenExchangeGrantTypeConfig: NONE });
    await update(agent, undefined, 'stranger');
    expect(await told(agent)).toBeUndefined();
  });
});
