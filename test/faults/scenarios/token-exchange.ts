/** Tokens that are exchanged for the token of a user (RFC 8693, RFC 7523). */
import { customConfig } from '../../flows/on-behalf-of/exchanging';
import { scenario, type Scenario } from '../scenario';
import type { Stage } from '../stage';
import { cool, hasToken, isActive, newIdentity, type Agent, type TokenResponse } from './agents';
import { call, called, json } from './request';

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

/** Returns a workload access token for a new user, whose token only the exchange server may get. */
async function onBehalfOf(stage: Stage, workloadName: string): Promise<string> {
  const userToken = await stage.world.issuer.token(stage.unique('user'), { scope: 'a b' });
  stage.secrets.add(userToken, stage.exchange.issuer);
  const { workloadAccessToken } = await called<{ workloadAccessToken: string }>(
    stage,
    'GetWorkloadAccessTokenForJWT',
    { body: { workloadName, userToken } },
  );
  stage.secrets.add(workloadAccessToken);
  return workloadAccessToken;
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
    async prepare(stage, { name, provider }) {
      stage.exchange.actor = actor;
      cool();
      const body = {
        workloadIdentityToken: await onBehalfOf(stage, name),
        resourceCredentialProviderName: provider,
        oauth2Flow: 'ON_BEHALF_OF_TOKEN_EXCHANGE',
        scopes: ['a'],
      };
      const act = () => call(stage, 'GetResourceOauth2Token', { body });
      return {
        act,
        isSuccess: hasToken,
        repeatable: true,
        async verify() {
          const { accessToken = '' } = json<TokenResponse>(await act());
          if (await isActive(stage, accessToken, stage.exchange)) return;
          throw new Error('the server does not accept the exchanged token');
        },
      };
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
