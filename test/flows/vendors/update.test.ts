/**
 * UpdateOauth2CredentialProvider: the provider stays the same, and its client can change. A secret, a code, or a refresh
 * token for one client and server is never sent to another one.
 */
import { type UpdateOauth2CredentialProviderCommandInput } from '@aws-sdk/client-bedrock-agentcore-control';
import { moveClock } from '../support/clock';
import { letStrangerUpdate } from '../support/delegate';
import { World, type Ask, type PrincipalName, type TestAgent } from '../support/world';
import { plainRefusals, plainTokens, type VendorBehavior } from './behavior';
import { agentAt, consent } from './consented';
import { moveProvider } from './state';
import { startVendor, type VendorServer } from './vendor-server';

const okta: VendorBehavior = {
  vendor: 'OktaOauth2',
  config: (client, server) => ({
    includedOauth2ProviderConfig: {
      ...client,
      issuer: server,
      authorizationEndpoint: `${server}/authorize`,
      tokenEndpoint: `${server}/token`,
    },
  }),
  fixed: false,
  scopes: ['a'],
  authorization: { scope: 'a' },
  pkce: true,
  credentials: 'basic',
  machine: 'basic',
  tokens: plainTokens,
  lifetime: 3600,
  refreshes: true,
  refusals: plainRefusals,
};

const ask: Ask = { scopes: ['a'] };

let here: VendorServer;
let elsewhere: VendorServer;
let agent: TestAgent;
const world = World.ofFile();
beforeAll(async () => {
  [here, elsewhere] = await Promise.all([startVendor(okta), startVendor(okta)]);
});
beforeEach(async () => {
  agent = await agentAt(world, 'OktaOauth2', okta.config(here.client, here.origin));
});
afterAll(async () => {
  await Promise.all([here.close(), elsewhere.close()]);
});

type Change = Partial<UpdateOauth2CredentialProviderCommandInput>;

const update = (change: Change, principal: PrincipalName = 'agent') =>
  world.control(principal).updateOauth2CredentialProvider({
    name: agent.providerName,
    credentialProviderVendor: 'OktaOauth2',
    oauth2ProviderConfigInput: okta.config(here.client, here.origin),
    ...change,
  });

const described = () => world.control().getOauth2CredentialProvider({ name: agent.providerName });

const config = (server: VendorServer, client: object) => ({
  oauth2ProviderConfigInput: okta.config({ ...server.client, ...client }, server.origin),
});

/** The configuration without a secret, so that the stored one is kept. */
const withoutSecret = (server: VendorServer, client: object = {}) =>
  config(server, { clientSecret: undefined, ...client });

const askAsAna = async () => agent.ask(await agent.token({ userId: 'ana' }), ask);

it('returns the whole provider, with the new client, the same ARN, and a callback URL of the new server', async () => {
  const before = await described();
  const updated = await update({
    credentialProviderVendor: 'GithubOauth2',
    oauth2ProviderConfigInput: {
      githubOauth2ProviderConfig: { clientId: 'of-github', clientSecret: 'another-secret' },
    },
  });
  expect(updated.$metadata.httpStatusCode).toBe(200);
  expect(updated).toMatchObject({
    name: before.name,
    credentialProviderArn: before.credentialProviderArn,
    clientSecretArn: before.clientSecretArn,
    createdTime: before.createdTime,
    credentialProviderVendor: 'GithubOauth2',
    oauth2ProviderConfigOutput: { githubOauth2ProviderConfig: { clientId: 'of-github' } },
  });
  // RFC 9700 section 4.4: no server shares a redirect URI with another one.
  expect(updated.callbackUrl).toMatch(/\/callback\/[0-9a-f-]{36}$/);
  expect(updated.callbackUrl).not.toBe(before.callbackUrl);
  expect(JSON.stringify(updated)).not.toContain('another-secret');
  const { $metadata: updatedBy, ...answer } = updated;
  const { $metadata: describedBy, ...after } = await described();
  expect(updatedBy.requestId).not.toBe(describedBy);
  expect(after).toEqual(answer);
});

it('replaces the secret, and keeps it when the update omits it', async () => {
  await update(config(here, { clientSecret: 'not-the-secret' }));
  const own: Ask = { ...ask, oauth2Flow: 'M2M' };
  await expect(agent.ask(await agent.token(), own)).rejects.toMatchObject({
    message: expect.stringContaining('invalid_client') as string,
  });
  await update({});
  await update(withoutSecret(here));
  expect((await agent.ask(await agent.token(), own)).accessToken).toBe(here.issued.at(-1));
});

it('keeps the grants of users when only the secret changes', async () => {
  await consent(agent, 'ana', ask);
  const { accessToken } = await askAsAna();
  await update({});
  expect(await askAsAna()).toMatchObject({ accessToken });
});

it.each<[string, () => Change]>([
  ['server', () => withoutSecret(elsewhere)],
  ['client', () => withoutSecret(here, { clientId: 'another' })],
  ['vendor', () => ({ credentialProviderVendor: 'FusionAuthOauth2' as const, ...withoutSecret(here) })],
])('requires the secret for another %s, and changes nothing without it', async (_what, change) => {
  const before = await described();
  await expect(update(change())).rejects.toMatchObject({
    name: 'ValidationException',
    fieldList: [{ name: 'oauth2ProviderConfigInput.includedOauth2ProviderConfig.clientSecret' }],
  });
  expect((await described()).oauth2ProviderConfigOutput).toEqual(before.oauth2ProviderConfigOutput);
});

it('sends no secret to another server, even if the stored record names it', async () => {
  const seen = elsewhere.requests.length + elsewhere.complaints.length;
  await moveProvider(agent.providerName, elsewhere.origin);
  await expect(agent.ask(await agent.token(), { ...ask, oauth2Flow: 'M2M' })).rejects.toMatchObject({
    name: 'InternalServerException',
  });
  expect(elsewhere.requests.length + elsewhere.complaints.length).toBe(seen);
});

it('sends no refresh token to another server, returns no token of the old one, and asks for consent', async () => {
  await consent(agent, 'ana', ask);
  const seen = elsewhere.requests.length + elsewhere.complaints.length;
  await update(config(elsewhere, {}));
  expect(await askAsAna()).toMatchObject({ sessionStatus: 'IN_PROGRESS' });
  moveClock(3601);
  expect(await askAsAna()).toMatchObject({ sessionStatus: 'IN_PROGRESS' });
  expect(elsewhere.requests.length + elsewhere.complaints.length).toBe(seen);
  jest.useRealTimers();
  await consent(agent, 'ana', ask);
  expect((await askAsAna()).accessToken).toBe(elsewhere.issued.at(-1));
});

it('sends no code to another server, and begins a new session there', async () => {
  const { authorizationUrl, sessionUri } = await askAsAna();
  const back = await agent.consent(authorizationUrl);
  await update(config(elsewhere, {}));
  const seen = elsewhere.requests.length + elsewhere.complaints.length;
  await expect(agent.complete(back, { userId: 'ana' })).rejects.toMatchObject({
    name: 'AccessDeniedException',
  });
  expect(elsewhere.requests.length + elsewhere.complaints.length).toBe(seen);
  expect((await askAsAna()).sessionUri).not.toBe(sessionUri);
  await consent(agent, 'ana', ask);
  expect((await askAsAna()).accessToken).toBe(elsewhere.issued.at(-1));
});

it('requires the owner, an existing provider, and a valid configuration', async () => {
  await expect(update({}, 'stranger')).rejects.toMatchObject({ name: 'AccessDeniedException' });
  await expect(update({ name: 'missing' })).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  await expect(update({ credentialProviderVendor: 'SlackOauth2' })).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringContaining('slackOauth2ProviderConfig') as string,
  });
});

describe('another principal that is allowed to update the provider', () => {
  beforeEach(() => letStrangerUpdate(world, agent.providerName));

  // The owner's next update could give only a new secret: it would go where the other principal led the provider.
  it.each<[string, () => Change]>([
    ['server', () => config(elsewhere, here.client)],
    ['client', () => config(here, { clientId: 'theirs', clientSecret: 'theirs' })],
    [
      'vendor',
      () => ({
        credentialProviderVendor: 'CustomOauth2',
        oauth2ProviderConfigInput: {
          customOauth2ProviderConfig: {
            ...here.client,
            oauthDiscovery: {
              authorizationServerMetadata: {
                issuer: here.origin,
                authorizationEndpoint: `${here.origin}/authorize`,
                tokenEndpoint: `${here.origin}/token`,
              },
            },
          },
        },
      }),
    ],
  ])('cannot change the %s', async (_what, change) => {
    const before = await described();
    await expect(update(change(), 'stranger')).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message:
        'Only the owner of the credential provider can change its vendor, client, or authorization server.',
    });
    expect(await described()).toMatchObject({ lastUpdatedTime: before.lastUpdatedTime });
  });

  it('can change the client secret', async () => {
    await update(config(here, { clientSecret: 'rotated' }), 'stranger');
    await expect(agent.ask(await agent.token(), { ...ask, oauth2Flow: 'M2M' })).rejects.toMatchObject({
      message: expect.stringContaining('invalid_client') as string,
    });
  });
});

it('stores the client ID of one concurrent update, with the secret of that update', async () => {
  const secrets = Array.from({ length: 6 }, (_, index) => `secret-${index}`);
  const results = await Promise.allSettled(
    secrets.map((clientSecret) => update(config(here, { clientSecret, clientId: clientSecret }))),
  );
  expect(results.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0);
  const { oauth2ProviderConfigOutput } = await described();
  const winner = oauth2ProviderConfigOutput?.includedOauth2ProviderConfig?.clientId;
  await expect(agent.ask(await agent.token(), { ...ask, oauth2Flow: 'M2M' })).rejects.toMatchObject({
    message: expect.stringContaining('invalid_client') as string,
  });
  expect(secrets).toContain(winner);
});
