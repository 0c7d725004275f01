/** An OAuth2 credential provider of a stack, with the configuration members that the AWS model does not know. */
import { createAuthority } from './support/certificates';
import { CloudFormation, OAUTH2 } from './support/cloudformation';
import { alsoReading } from './support/members-beyond-aws';
import { startProvider } from './support/provider';
import { putObject } from './support/objects';
import { putSecret } from './support/secrets';

const cloudFormation = CloudFormation.ofFile();
const { world } = cloudFormation;

/** The configuration as Get returns it. */
async function configurationAt(name: string): Promise<Record<string, unknown>> {
  const { client, answers } = alsoReading(world.control('operator'));
  await client.getOauth2CredentialProvider({ name });
  const { oauth2ProviderConfigOutput: output } = answers.at(-1) as {
    oauth2ProviderConfigOutput: {
      customOauth2ProviderConfig: Record<string, unknown>;
    };
  };
  return output.customOauth2ProviderConfig;
}

/** The on-behalf-of configuration as Get returns it. */
const onBehalfOfAt = async (name: string): Promise<unknown> =>
  (await configurationAt(name)).onBehalfOfTokenExchangeConfig;

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

it('has another callback URL after an update to another authorization server', async () => {
  const { arn: secretId } = await putSecret('a-secret', null);
  const propertiesAt = (issuer: string) => ({
    name: 'elsewhere',
    configuration: JSON.stringify({
      credentialProviderVendor: 'CustomOauth2',
      member: 'customOauth2ProviderConfig',
      config: {
        clientId: 'agents',
        oauthDiscovery: { discoveryUrl: `${issuer}/.well-known/openid-configuration` },
      },
    }),
    secret: { source: 'MANAGED', secretId },
    policy: '',
  });
  const properties = propertiesAt('https://a.example');
  const created = await cloudFormation.ask('Create', OAUTH2, { properties });
  const update = (issuer: string) =>
    cloudFormation.ask('Update', OAUTH2, { properties: propertiesAt(issuer), physicalId: 'elsewhere' });
  const moved = await update('https://b.example');
  const { callbackUrl } = await world.control('operator').getOauth2CredentialProvider({ name: 'elsewhere' });
  expect(moved.Data).toMatchObject({ CallbackUrl: callbackUrl });
  expect(created.Data).not.toMatchObject({ CallbackUrl: callbackUrl });
  expect((await update('https://b.example')).Data).toMatchObject({ CallbackUrl: callbackUrl });
});

it.each<[string, (certificates: string, tag: string) => Promise<object>]>([
  [
    'private-secret',
    async (certificates, tag) => ({
      secretsManager: { secretArn: (await putSecret(certificates, tag)).arn },
    }),
  ],
  ['private-object', async (certificates, tag) => ({ s3: { uri: await putObject(certificates, tag) } })],
])('has the private authorities of its stack: %s', async (name, put) => {
  const authority = createAuthority();
  const server = await startProvider({}, { certificate: authority.server() });
  const { arn: secretId } = await putSecret(server.clientSecret, null);
  const owner = 'arn:aws:iam::000000000000:user/operator';
  const certificateConfigurations = [await put(authority.cert, `certificates/${owner}`)];
  const properties = {
    name,
    configuration: JSON.stringify({
      credentialProviderVendor: 'CustomOauth2',
      member: 'customOauth2ProviderConfig',
      config: {
        clientId: server.clientId,
        oauthDiscovery: { discoveryUrl: server.discoveryUrl },
        certificateConfigurations,
      },
    }),
    secret: { source: 'MANAGED', secretId },
    policy: '',
  };
  expect(await cloudFormation.ask('Create', OAUTH2, { properties })).toMatchObject({ Status: 'SUCCESS' });
  expect(await configurationAt(name)).toMatchObject({ certificateConfigurations });
  await server.close();
});
