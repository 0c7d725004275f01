/** An OAuth2 credential provider of a stack, with the configuration member that the AWS model does not know. */
import { GetOauth2CredentialProviderCommand } from '@aws-sdk/client-bedrock-agentcore-control';
import { CloudFormation, OAUTH2 } from './support/cloudformation';
import { alsoReading } from './support/members-beyond-aws';
import { putSecret } from './support/secrets';
import type { World } from './support/world';

let world: World;
let cloudFormation: CloudFormation;
beforeAll(async () => {
  cloudFormation = await CloudFormation.start();
  ({ world } = cloudFormation);
});
afterAll(() => cloudFormation.stop());

/** The on-behalf-of configuration as Get returns it. */
async function onBehalfOfAt(name: string): Promise<unknown> {
  const { client, answers } = alsoReading(world.control('operator'));
  await client.send(new GetOauth2CredentialProviderCommand({ name }));
  const { oauth2ProviderConfigOutput: output } = answers.at(-1) as {
    oauth2ProviderConfigOutput: {
      customOauth2ProviderConfig: { onBehalfOfTokenExchangeConfig: unknown };
    };
  };
  return output.customOauth2ProviderConfig.onBehalfOfTokenExchangeConfig;
}

it('has the subject token type of its stack, at creation and after an update', async () => {
  const name = 'typed';
  const { discoveryUrl, clientId, clientSecret } = world.provider;
  const { arn: secretId } = await putSecret(clientSecret, null);
  const propertiesWith = (subjectTokenType: 'ACCESS_TOKEN' | 'JWT') => ({
    name,
    configuration: JSON.stringify({
      credentialProviderVendor: 'CustomOauth2',
      member: 'customOauth2ProviderConfig',
      config: {
        clientId,
        oauthDiscovery: { discoveryUrl },
        onBehalfOfTokenExchangeConfig: {
          grantType: 'TOKEN_EXCHANGE',
          tokenExchangeGrantTypeConfig: { actorTokenContent: 'NONE', subjectTokenType },
        },
      },
    }),
    secret: { source: 'MANAGED', secretId },
    policy: '',
  });
  const created = await cloudFormation.ask('Create', OAUTH2, { properties: propertiesWith('ACCESS_TOKEN') });
  expect(created).toMatchObject({ Status: 'SUCCESS' });
  expect(await onBehalfOfAt(name)).toMatchObject({
    tokenExchangeGrantTypeConfig: { subjectTokenType: 'ACCESS_TOKEN' },
  });
  const properties = propertiesWith('JWT');
  const updated = await cloudFormation.ask('Update', OAUTH2, { properties, physicalId: name });
  expect(updated).toMatchObject({ Status: 'SUCCESS' });
  expect(await onBehalfOfAt(name)).toMatchObject({
    tokenExchangeGrantTypeConfig: { subjectTokenType: 'JWT' },
  });
});
