/** A token on behalf of a user: the user's token becomes a workload access token, which is exchanged. */
import type { TestProvider } from '../../flows/support/provider';
import type { Prepared } from '../scenario';
import type { Stage } from '../stage';
import { cool, hasToken, isActive, type Agent, type TokenResponse } from './agents';
import { call, called, json } from './request';

interface OnBehalfOf {
  readonly agent: Pick<Agent, 'name' | 'provider'>;
  /** A token of a new user, and the issuer of the only server that may get it. */
  readonly userToken: string;
  readonly receiver: string;
  /** The authorization server whose token the agent gets. */
  readonly server: TestProvider;
}

export async function onBehalfOf(
  stage: Stage,
  { agent: { name, provider }, userToken, receiver, server }: OnBehalfOf,
): Promise<Prepared> {
  cool();
  stage.secrets.add(userToken, receiver);
  const { workloadAccessToken } = await called<{ workloadAccessToken: string }>(
    stage,
    'GetWorkloadAccessTokenForJWT',
    { body: { workloadName: name, userToken } },
  );
  stage.secrets.add(workloadAccessToken);
  const body = {
    workloadIdentityToken: workloadAccessToken,
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
      if (await isActive(stage, accessToken, server)) return;
      throw new Error('the server does not accept the token');
    },
  };
}
