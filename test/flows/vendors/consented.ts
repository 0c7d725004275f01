/** Creates an agent that uses a provider, and a grant. */
import {
  type CredentialProviderVendorType,
  type Oauth2ProviderConfigInput,
} from '@aws-sdk/client-bedrock-agentcore-control';
import { RETURN_URL, TestAgent, type Ask, type World } from '../support/world';
import type { Client } from './behavior';
import { moveProvider, sealFor } from './state';
import type { VendorServer } from './vendor-server';

let names = 0;

/** An agent with a provider of this vendor. */
export async function agentAt(
  world: World,
  credentialProviderVendor: CredentialProviderVendorType,
  oauth2ProviderConfigInput: Oauth2ProviderConfigInput,
): Promise<TestAgent> {
  names += 1;
  const name = `vendor-${names}`;
  const control = world.control();
  await control.createWorkloadIdentity({ name, allowedResourceOauth2ReturnUrls: [RETURN_URL] });
  const { callbackUrl } = await control.createOauth2CredentialProvider({
    name,
    credentialProviderVendor,
    oauth2ProviderConfigInput,
  });
  return new TestAgent(world.data(), name, name, callbackUrl ?? '');
}

/** Moves a vendor with one address for all customers to the test's server. */
export const moveTo = async (agent: TestAgent, server: VendorServer, client: Client): Promise<void> =>
  sealFor(await moveProvider(agent.providerName, server.origin), client);

/** Consents and completes for this user, so that the token is available. */
export async function consent(agent: TestAgent, userId: string, ask: Ask): Promise<void> {
  const { authorizationUrl } = await agent.ask(await agent.token({ userId }), ask);
  await agent.complete(await agent.consent(authorizationUrl), { userId });
}
