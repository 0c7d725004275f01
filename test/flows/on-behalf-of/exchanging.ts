/** An agent at the exchange server, and users whose tokens it can exchange there. */
import { type OnBehalfOfTokenExchangeConfigType } from '@aws-sdk/client-bedrock-agentcore-control';
import type { ExchangeServer } from '../support/exchange-server';
import type { Ask, TestAgent, World } from '../support/world';
import { agentAt } from '../vendors/consented';

export const customConfig = (
  { clientId, clientSecret, discoveryUrl }: ExchangeServer,
  onBehalfOfTokenExchangeConfig?: OnBehalfOfTokenExchangeConfigType,
) => ({
  customOauth2ProviderConfig: {
    clientId,
    clientSecret,
    oauthDiscovery: { discoveryUrl },
    ...(onBehalfOfTokenExchangeConfig && { onBehalfOfTokenExchangeConfig }),
  },
});

/** An agent with its own provider at the server. */
export const exchangingAgent = (
  world: World,
  server: ExchangeServer,
  config?: OnBehalfOfTokenExchangeConfigType,
): Promise<TestAgent> => agentAt(world, 'CustomOauth2', customConfig(server, config));

/** A token of a user with the scopes `a` and `b` and the given changes; a new one each time. */
export const userTokenOf = (world: World, user: string, change: object = {}): Promise<string> =>
  world.issuer.token(user, { scope: 'a b', jti: `${user}-${Math.random()}`, ...change });

/** A workload access token for this agent and the user of a new token. */
export const onBehalfOf = async (
  world: World,
  agent: TestAgent,
  user: string,
  change: object = {},
): Promise<string> => agent.token({ userToken: await userTokenOf(world, user, change) });

export const exchange = (agent: TestAgent, token: string, ask: Ask = {}) =>
  agent.ask(token, {
    oauth2Flow: 'ON_BEHALF_OF_TOKEN_EXCHANGE',
    scopes: ['a'],
    resourceOauth2ReturnUrl: undefined,
    ...ask,
  });

/** The last exchange request, and its parameters that occur once. */
export const lastRequest = ({ exchanges }: ExchangeServer): Record<string, string> =>
  Object.fromEntries(exchanges.at(-1)?.request ?? []);

/** An error with the provider's OAuth error code. */
export const refusedWith = (code: string) => ({
  name: 'ValidationException',
  message: expect.stringContaining(`rejected the request: ${code}.`) as string,
});
