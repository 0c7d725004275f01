/** A portal in another stack than its agent: their owners are two roles, and the policies of the agent allow the portal's. */
import { match, strictEqual } from 'node:assert';
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { Browser } from '../flows/support/browser';
import { PortalPages } from '../flows/support/portal-pages';
import type { TestProvider } from '../flows/support/provider';
import type { Cdk } from './cdk';
import type { Checks } from './checks';
import type { ServiceAddress } from './consumer';
import { allowLocalService } from './on-this-machine';

const APP = 'npx tsx test/deployed/portal-app.ts';
const STACKS = ['PortalAgents', 'PortalPages'];
const SECRET = 'portal/login';

export async function checkPortalStacks(
  checks: Checks,
  { cdk, provider }: { readonly cdk: Cdk; readonly provider: TestProvider },
  { restApiId, api }: ServiceAddress,
): Promise<void> {
  const secrets = new SecretsManagerClient({});
  const { discoveryUrl, clientId, clientSecret } = provider;
  let assembly = '';
  const url = await checks.step('cdk deploy deploys a portal and its agent in two stacks', async () => {
    await secrets.send(new CreateSecretCommand({ Name: SECRET, SecretString: clientSecret }));
    assembly = await cdk.synth(APP, 'portal-stacks', { restApiId, endpoint: api, discoveryUrl, clientId });
    for (const stack of STACKS) await allowLocalService(assembly, stack);
    const { outputs } = await cdk.deploy(assembly);
    return outputs.PortalPages?.PortalUrl ?? '';
  });
  await checks.check('a person signs in to the portal, and sees the agent', async () => {
    provider.allowRedirect(`${url}/callback`);
    const page = await new PortalPages(url).signIn(new Browser());
    strictEqual(page.status, 200);
    match(page.html, /PortalAgents/);
  });
  await checks.check('cdk destroy removes both stacks', async () => {
    await cdk.destroy(assembly);
    await secrets.send(new DeleteSecretCommand({ SecretId: SECRET, ForceDeleteWithoutRecovery: true }));
  });
}
