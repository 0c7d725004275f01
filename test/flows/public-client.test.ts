/**
 * Public clients (RFC 6749 section 2.1) at a real authorization server: the client names itself in the body, and PKCE
 * binds the code to this service. The server rejects any other authentication of the client.
 */
import {
  UpdateOauth2CredentialProviderCommand,
  type CustomOauth2ProviderConfigInput,
} from '@aws-sdk/client-bedrock-agentcore-control';
import { Browser } from './support/browser';
import { customProvider } from './support/custom-provider';
import { World, type TestAgent } from './support/world';

let agent: TestAgent;
const world = World.ofFile({
  clients: [
    {
      client_id: 'agents',
      token_endpoint_auth_method: 'none',
      redirect_uris: ['https://placeholder.example/'],
      grant_types: ['authorization_code', 'refresh_token'],
    },
    {
      client_id: 'confidential',
      client_secret: 'a-secret',
      redirect_uris: ['https://placeholder.example/'],
    },
  ],
  ttl: { AccessToken: 3600, RefreshToken: 86_400, Grant: 86_400, Session: 86_400, Interaction: 3600 },
  issueRefreshToken: () => Promise.resolve(true),
  features: { revocation: { enabled: true } },
});
beforeAll(async () => {
  agent = await world.agent('agent', undefined, { clientSecret: undefined });
});

const customOf = (output: { oauth2ProviderConfigOutput?: object | undefined }) =>
  (output.oauth2ProviderConfigOutput as Record<string, Record<string, unknown>>).customOauth2ProviderConfig;

const configured = (config: Partial<CustomOauth2ProviderConfigInput>) => ({
  name: agent.providerName,
  ...customProvider(world.provider.discoveryUrl, { clientId: 'agents', ...config }),
});

it('has no source of a secret, which a client with a secret has', async () => {
  const named = { name: agent.providerName };
  const { clientSecretArn, clientSecretSource } = await world.control().getOauth2CredentialProvider(named);
  // The AWS model requires the ARN.
  expect([clientSecretArn, clientSecretSource]).toEqual([expect.any(Object), undefined]);
  const withSecret = {
    ...configured({ clientId: 'confidential', clientSecret: 'a-secret' }),
    name: 'with-secret',
  };
  const created = await world.control().createOauth2CredentialProvider(withSecret);
  expect(created.clientSecretSource).toBe('MANAGED');
});

it('gets a token by a pushed request and PKCE, refreshes it, and revokes it, each time without a secret', async () => {
  const token = await agent.token({ userId: 'ana' });
  const { authorizationUrl } = await agent.ask(token);
  await agent.complete(await agent.consent(authorizationUrl, 'ana', new Browser()), { userId: 'ana' });
  const { accessToken } = await agent.ask(token);
  expect(accessToken).toEqual(expect.any(String));
  expect(world.provider.pushes.at(-1)).toMatchObject({ status: 201, scheme: '' });
  expect(world.provider.pushes.at(-1)?.parameters.get('code_challenge_method')).toBe('S256');

  const refreshed = await world.post('RejectResourceOauth2Token', {
    workloadIdentityToken: token,
    resourceCredentialProviderName: agent.providerName,
    scopes: ['openid', 'a'],
    oauth2Flow: 'USER_FEDERATION',
    rejectedAccessToken: accessToken,
  });
  expect(refreshed.status).toBe(200);

  expect(world.provider.exchanges.map(({ grantType, status }) => [grantType, status])).toEqual([
    ['authorization_code', 200],
    ['refresh_token', 200],
  ]);
  for (const { request } of world.provider.exchanges) {
    expect(request.getAll('client_id')).toEqual(['agents']);
    expect(request.has('client_secret')).toBe(false);
  }
  expect(world.provider.exchanges[0]?.request.get('code_verifier')).toMatch(/^[\w-]{43}$/);

  const { body } = await world.operate('RevokeGrants', { providerName: agent.providerName });
  const { revocationId } = JSON.parse(body) as { revocationId: string };
  const revocation = async () =>
    JSON.parse((await world.operate('GetRevocation', { revocationId })).body) as {
      status: string;
      counts: object;
    };
  while ((await revocation()).status !== 'DONE') await new Promise(setImmediate);
  expect((await revocation()).counts).toMatchObject({ revoked: 1, confirmed: 1 });
});

it('is described without an authentication method', async () => {
  const output = await world.control().getOauth2CredentialProvider({ name: agent.providerName });
  expect(customOf(output)).toEqual({
    clientId: 'agents',
    oauthDiscovery: { discoveryUrl: world.provider.discoveryUrl },
  });
});

it('gets no token by client credentials, and says why', async () => {
  const before = world.provider.exchanges.length;
  await expect(agent.ask(await agent.token(), { oauth2Flow: 'M2M' })).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringMatching(/M2M is not supported for the public client/) as string,
  });
  expect(world.provider.exchanges).toHaveLength(before);
});

it('cannot be configured for on-behalf-of exchange', async () => {
  const command = new UpdateOauth2CredentialProviderCommand(
    configured({ onBehalfOfTokenExchangeConfig: { grantType: 'TOKEN_EXCHANGE' } }),
  );
  await expect(world.control().send(command)).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringMatching(
      /onBehalfOfTokenExchangeConfig: must be omitted for a public client/,
    ) as string,
  });
});

it('stays public in an update that names no method, and keeps its tokens', async () => {
  await world.control().updateOauth2CredentialProvider(configured({}));
  const output = await world.control().getOauth2CredentialProvider({ name: agent.providerName });
  expect(customOf(output)).not.toHaveProperty('clientAuthenticationMethod');
});

it('does not replace a confidential client whose secret an update omits', async () => {
  const control = world.control();
  const secretly = configured({ clientId: 'confidential', clientSecret: 'a-secret' });
  await control.createOauth2CredentialProvider({ ...secretly, name: 'secretly' });
  const omitted = { ...configured({ clientId: 'confidential' }), name: 'secretly' };
  const output = await control.updateOauth2CredentialProvider(omitted);
  expect(customOf(output)).toMatchObject({ clientAuthenticationMethod: 'CLIENT_SECRET_BASIC' });
  // Another server would otherwise get codes of a client that no longer authenticates.
  const elsewhere = { ...configured({ clientId: 'another' }), name: 'secretly' };
  await expect(control.updateOauth2CredentialProvider(elsewhere)).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringMatching(/clientSecret: is required/) as string,
  });
});
