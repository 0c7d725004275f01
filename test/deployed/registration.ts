/** An agent with its credential providers, which its operator creates with the control plane of a deployment. */
import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import { customProvider } from '../flows/support/custom-provider';
import type { TestIssuer } from '../flows/support/issuer';
import type { TestProvider } from '../flows/support/provider';
import { RETURN_URL, TestAgent } from '../flows/support/world';
import type { Callers } from './callers';
import type { Checks } from './checks';
import type { Front } from './front';

const API_KEY = 'the-api-key-of-the-weather-service';
export const NAMES = { agent: 'travel-agent', provider: 'calendar', apiKeys: 'weather' } as const;

/** The agent's user, whose tokens the deployment's trusted issuer signs. */
export const USER = 'ana';

export interface FlowWorld {
  readonly front: Front;
  readonly callers: Callers;
  readonly provider: TestProvider;
  readonly issuer: TestIssuer;
}

export interface RegisteredAgent {
  readonly agent: TestAgent;
  readonly workloadIdentityArn: string;
  /** A workload access token for the user, from the user token. */
  readonly userToken: () => Promise<string>;
  /** The user's access token at the provider: stored, refreshed, or none. */
  readonly token: () => Promise<string | undefined>;
  readonly apiKey: () => Promise<string | undefined>;
}

/** The credentials of a registered agent, through its own client. */
export function registeredAgent(
  agent: TestAgent,
  workloadIdentityArn: string,
  issuer: TestIssuer,
): RegisteredAgent {
  const userToken = async () => agent.token({ userToken: await issuer.token(USER) });
  return {
    agent,
    workloadIdentityArn,
    userToken,
    token: async () => (await agent.ask(await userToken())).accessToken,
    apiKey: async () => {
      const { apiKey } = await agent.client.getResourceApiKey({
        workloadIdentityToken: await agent.token(),
        resourceCredentialProviderName: NAMES.apiKeys,
      });
      return apiKey;
    },
  };
}

export async function checkRegistration(checks: Checks, world: FlowWorld): Promise<RegisteredAgent> {
  const { callers, front, provider, issuer } = world;
  const control = callers.control(front.principals.agent);

  const workloadIdentityArn = await checks.step('a workload identity can be created and read', async () => {
    const input = { name: NAMES.agent, allowedResourceOauth2ReturnUrls: [RETURN_URL] };
    await control.createWorkloadIdentity(input);
    await control.updateWorkloadIdentity(input);
    const read = await control.getWorkloadIdentity({ name: NAMES.agent });
    deepStrictEqual(read.allowedResourceOauth2ReturnUrls, [RETURN_URL]);
    const { workloadIdentities } = await control.listWorkloadIdentities({});
    deepStrictEqual(
      workloadIdentities?.map(({ name }) => name),
      [NAMES.agent],
    );
    return read.workloadIdentityArn ?? '';
  });

  const callbackUrl = await checks.step(
    'an OAuth2 credential provider can be created, and its client secret is not returned',
    async () => {
      const { discoveryUrl, clientId, clientSecret } = provider;
      const input = {
        name: NAMES.provider,
        ...customProvider(discoveryUrl, { clientId, clientSecret }),
      };
      await control.createOauth2CredentialProvider(input);
      await control.updateOauth2CredentialProvider(input);
      const read = await control.getOauth2CredentialProvider({ name: NAMES.provider });
      ok(!JSON.stringify(read).includes(clientSecret));
      const { credentialProviders } = await control.listOauth2CredentialProviders({});
      deepStrictEqual(
        credentialProviders?.map(({ name }) => name),
        [NAMES.provider],
      );
      ok(
        read.callbackUrl?.startsWith(front.endpoint),
        "the callback URL must be at the service's own address",
      );
      return read.callbackUrl ?? '';
    },
  );
  provider.allowRedirect(callbackUrl);
  const agent = new TestAgent(callers.data(), NAMES.agent, NAMES.provider, callbackUrl);

  const registered = registeredAgent(agent, workloadIdentityArn, issuer);
  await checks.step('an API key is encrypted, and returned to the agent', async () => {
    await control.createApiKeyCredentialProvider({ name: NAMES.apiKeys, apiKey: 'first' });
    await control.updateApiKeyCredentialProvider({ name: NAMES.apiKeys, apiKey: API_KEY });
    const read = await control.getApiKeyCredentialProvider({ name: NAMES.apiKeys });
    ok(!JSON.stringify(read).includes(API_KEY));
    const { credentialProviders } = await control.listApiKeyCredentialProviders({});
    deepStrictEqual(
      credentialProviders?.map(({ name }) => name),
      [NAMES.apiKeys],
    );
    strictEqual(await registered.apiKey(), API_KEY);
  });
  return registered;
}
