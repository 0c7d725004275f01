/** Tokens that are exchanged for the token of a user (RFC 8693, RFC 7523). */
import { customConfig } from '../../flows/on-behalf-of/exchanging';
import { scenario, type Scenario } from '../scenario';
import type { Stage } from '../stage';
import { newIdentity, type Agent } from './agents';
import { onBehalfOf } from './on-behalf-of';
import { called } from './request';

type Configuration = NonNullable<Parameters<typeof customConfig>[1]>;

async function newExchanger(
  stage: Stage,
  configuration: Configuration,
): Promise<Pick<Agent, 'name' | 'provider'>> {
  const provider = stage.unique('provider');
  await called(stage, 'CreateOauth2CredentialProvider', {
    body: {
      name: provider,
      credentialProviderVendor: 'CustomOauth2',
      oauth2ProviderConfigInput: customConfig(stage.exchange, configuration),
    },
  });
  return { name: await newIdentity(stage), provider };
}

const exchanging = (
  variant: string,
  configuration: Configuration,
  actor: Stage['exchange']['actor'] = 'NONE',
): Scenario =>
  scenario({
    operation: 'GetResourceOauth2Token',
    variant,
    part: 'data plane',
    share: (stage) => newExchanger(stage, configuration),
    async prepare(stage, agent) {
      stage.exchange.actor = actor;
      const userToken = await stage.world.issuer.token(stage.unique('user'), { scope: 'a b' });
      return onBehalfOf(stage, { agent, userToken, receiver: stage.exchange.issuer, server: stage.exchange });
    },
  });

export const TOKEN_EXCHANGE: readonly Scenario[] = [
  exchanging("exchange of a user's token", { grantType: 'TOKEN_EXCHANGE' }),
  exchanging(
    "exchange of a user's token with an actor token",
    {
      grantType: 'TOKEN_EXCHANGE',
      tokenExchangeGrantTypeConfig: { actorTokenContent: 'M2M', actorTokenScopes: ['act'] },
    },
    'M2M',
  ),
  exchanging('JWT grant', { grantType: 'JWT_AUTHORIZATION_GRANT' }),
];
