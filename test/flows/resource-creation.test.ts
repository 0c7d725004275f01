/** Creation of credential providers and workload identities through the AWS control-plane client. */
import {
  CreateWorkloadIdentityCommand,
  type CustomOauth2ProviderConfigInput,
} from '@aws-sdk/client-bedrock-agentcore-control';
import { Browser } from './support/browser';
import { customProvider } from './support/custom-provider';
import { World } from './support/world';

const world = World.ofFile();

const create = (name: string, config: Partial<CustomOauth2ProviderConfigInput>) => {
  const { clientId, clientSecret, discoveryUrl } = world.provider;
  return world.control().createOauth2CredentialProvider({
    name,
    ...customProvider(discoveryUrl, { clientId, clientSecret, ...config }),
  });
};

it('creates and describes a provider without revealing the secret', async () => {
  const created = await create('described', {});
  expect(created.$metadata.httpStatusCode).toBe(201);
  const got = await world.control().getOauth2CredentialProvider({ name: 'described' });
  expect(got).toMatchObject({
    name: 'described',
    credentialProviderVendor: 'CustomOauth2',
    credentialProviderArn:
      'arn:aws:bedrock-agentcore:us-east-1:000000000000:token-vault/default/oauth2credentialprovider/described',
    callbackUrl: created.callbackUrl,
    status: 'READY',
    oauth2ProviderConfigOutput: {
      customOauth2ProviderConfig: {
        clientId: world.provider.clientId,
        oauthDiscovery: { discoveryUrl: world.provider.discoveryUrl },
        clientAuthenticationMethod: 'CLIENT_SECRET_BASIC',
      },
    },
  });
  expect(got.createdTime).toBeInstanceOf(Date);
  expect(created.callbackUrl).toMatch(/\/identities\/oauth2\/callback\/[0-9a-f-]{36}$/);
  expect(JSON.stringify([created, got])).not.toContain(world.provider.clientSecret);
});

it('creates and describes a workload identity, under either signing name', async () => {
  const control = world.control('agent', 'bedrock-agentcore');
  const allowedResourceOauth2ReturnUrls = ['https://app.example/back', 'com.example.app:/back'];
  const created = await control.createWorkloadIdentity({
    name: 'described',
    allowedResourceOauth2ReturnUrls,
  });
  expect(created.$metadata.httpStatusCode).toBe(201);
  const got = await control.getWorkloadIdentity({ name: 'described' });
  expect(got).toMatchObject({
    name: 'described',
    allowedResourceOauth2ReturnUrls,
    workloadIdentityArn: created.workloadIdentityArn,
  });
  expect(got.lastUpdatedTime).toEqual(got.createdTime);
});

it('rejects a name that already exists, for every caller', async () => {
  await world.agent();
  const conflict = {
    name: 'ConflictException',
    message: expect.stringContaining('already exists') as string,
  };
  await create('taken', {});
  await expect(create('taken', {})).rejects.toMatchObject(conflict);
  await world.control().createWorkloadIdentity({ name: 'taken' });
  const again = new CreateWorkloadIdentityCommand({ name: 'taken' });
  await expect(world.control('stranger').send(again)).rejects.toMatchObject(conflict);
});

const metadata = (over: object = {}) => ({
  oauthDiscovery: {
    authorizationServerMetadata: {
      issuer: world.provider.issuer,
      authorizationEndpoint: `${world.provider.issuer}/auth`,
      tokenEndpoint: `${world.provider.issuer}/token`,
      ...over,
    },
  },
});

it('works with stated metadata instead of discovery, and with client_secret_post', async () => {
  const agent = await world.agent();
  const { callbackUrl } = await create('stated', {
    ...metadata(),
    clientAuthenticationMethod: 'CLIENT_SECRET_BASIC',
  });
  world.provider.allowRedirect(callbackUrl ?? '');
  const token = await agent.token({ userId: 'ana' });
  const ask = { resourceCredentialProviderName: 'stated' };
  const { authorizationUrl } = await agent.ask(token, ask);
  await agent.complete(await agent.consent(authorizationUrl, 'ana', new Browser()), { userId: 'ana' });
  expect((await agent.ask(token, ask)).accessToken).toEqual(expect.any(String));
});

it.each<[string, () => Partial<CustomOauth2ProviderConfigInput>, RegExp]>([
  [
    'plain http',
    () => ({ oauthDiscovery: { discoveryUrl: 'http://idp.example/.well-known/openid-configuration' } }),
    /must be https/,
  ],
  [
    'credentials in a URL',
    () => ({ oauthDiscovery: { discoveryUrl: 'https://a:b@idp.example/.well-known/openid-configuration' } }),
    /credentials/,
  ],
  ['an http token endpoint', () => metadata({ tokenEndpoint: 'http://idp.example/token' }), /tokenEndpoint/],
  ['a server without the code response type', () => metadata({ responseTypes: ['token'] }), /responseTypes/],
  ['no secret', () => ({ clientSecret: '' }), /clientSecret: is required for CLIENT_SECRET_BASIC/],
  ['no client ID', () => ({ clientId: '' }), /clientId/],
  [
    'a secret and an external one',
    () => ({ clientSecretSource: 'EXTERNAL', clientSecretConfig: { secretId: 'x', jsonKey: 'y' } }),
    /clientSecret: must be omitted/,
  ],
  [
    'a private endpoint that the operator has not given a name',
    () => ({
      privateEndpoint: {
        selfManagedLatticeResource: { resourceConfigurationIdentifier: 'rcfg-00000000000000000' },
      },
    }),
    /resourceConfigurationIdentifier: must be a resource configuration that the operator/,
  ],
])('rejects %s, and names the member', async (_, config, message) => {
  const refused = create(`refused-${Math.random().toString(36).slice(2)}`, config());
  await expect(refused).rejects.toMatchObject({
    name: 'ValidationException',
    reason: 'FieldValidationFailed',
    message: expect.stringMatching(message) as string,
    fieldList: expect.arrayContaining([
      {
        name: expect.stringContaining('oauth2ProviderConfigInput') as string,
        message: expect.any(String) as string,
      },
    ]) as object,
  });
});

it('rejects a return URL that a browser would execute', async () => {
  const unsafe = new CreateWorkloadIdentityCommand({
    name: 'unsafe',
    allowedResourceOauth2ReturnUrls: ['JavaScript:alert(1)'],
  });
  await expect(world.control().send(unsafe)).rejects.toMatchObject({ name: 'ValidationException' });
});

it('explains the error in a request that is not JSON, without repeating it', async () => {
  const control = world.control();
  control.middlewareStack.add(
    (next) => (request) => {
      Object.assign(request.request as object, { body: '{"name": "secret-in-here' });
      return next(request);
    },
    { step: 'build', priority: 'high' },
  );
  const refused = control.getWorkloadIdentity({ name: 'any' });
  await expect(refused).rejects.toMatchObject({ name: 'ValidationException', reason: 'CannotParse' });
  await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining('secret') as string });
});
