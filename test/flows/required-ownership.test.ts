/**
 * Updates that fail unless the caller owns the provider: a principal that deleted a provider can create one with its name, and
 * let the earlier owner in, to get the next secret of that owner.
 */
import { customProvider } from './support/custom-provider';
import { letStranger } from './support/delegate';
import { World } from './support/world';

const world = World.ofFile();

const oauth2 = (name: string, members: object = {}) => ({
  name,
  ...customProvider(world.provider.discoveryUrl, {
    clientId: world.provider.clientId,
    clientSecret: world.provider.clientSecret,
    ...members,
  }),
});

const KINDS = [
  [
    'UpdateApiKeyCredentialProvider',
    async (name: string) => {
      const input = { name, apiKey: 'a-key' };
      const { credentialProviderArn } = await world.control().createApiKeyCredentialProvider(input);
      return { input, credentialProviderArn };
    },
  ],
  [
    'UpdateOauth2CredentialProvider',
    async (name: string) => {
      const input = oauth2(name);
      const { credentialProviderArn } = await world.control().createOauth2CredentialProvider(input);
      return { input, credentialProviderArn };
    },
  ],
] as const;

it.each(KINDS)(
  '%s changes nothing for another principal that requires ownership',
  async (operation, create) => {
    const { input, credentialProviderArn } = await create(operation);
    await letStranger(world, '*', credentialProviderArn);
    const get = operation.replace('Update', 'Get');
    const before = (await world.post(get, { name: operation })).body;
    const { status, body } = await world.post(operation, { ...input, requireOwnership: true }, 'stranger');
    expect(status).toBe(403);
    expect(body).toContain('belongs to another principal, and the request requires that the caller owns it');
    expect((await world.post(get, { name: operation })).body).toBe(before);
    expect((await world.post(operation, { ...input, requireOwnership: true })).status).toBe(200);
    for (const requirement of [{}, { requireOwnership: false }]) {
      expect((await world.post(operation, { ...input, ...requirement }, 'stranger')).status).toBe(200);
    }
  },
);

it('lets only the owner end the binding of tokens to keys, and choose the resources of proofs', async () => {
  const dpopConfig = { resourceUrls: ['https://api.example'] };
  const name = 'bound';
  expect((await world.post('CreateOauth2CredentialProvider', oauth2(name, { dpopConfig }))).status).toBe(201);
  const { body } = await world.post('GetOauth2CredentialProvider', { name });
  await letStranger(
    world,
    '*',
    (JSON.parse(body) as { credentialProviderArn: string }).credentialProviderArn,
  );
  const update = (members: object) =>
    world.post('UpdateOauth2CredentialProvider', oauth2(name, members), 'stranger');
  for (const change of [
    {},
    { dpopConfig: { resourceUrls: ['https://api.example', 'https://theirs.example'] } },
  ]) {
    const refused = await update(change);
    expect(refused.status).toBe(403);
    expect(refused.body).toContain('Only the owner of the credential provider can change whether its tokens');
  }
  expect((await update({ dpopConfig })).status).toBe(200);
});
