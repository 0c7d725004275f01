/**
 * Clients that the service registers (RFC 7591) at the real authorization server of an MCP server that is known by its
 * URL alone.
 */
import {
  CreateOauth2CredentialProviderCommand,
  UpdateOauth2CredentialProviderCommand,
  type CustomOauth2ProviderConfigInput,
} from '@aws-sdk/client-bedrock-agentcore-control';
import type Provider from 'oidc-provider';
import { Browser } from './support/browser';
import { customProvider } from './support/custom-provider';
import { letStrangerUpdate } from './support/delegate';
import { forAnyResource, startMcpServer, type ProtectedMcpServer } from './support/mcp-server';
import { alsoSending } from './support/members-beyond-aws';
import { startProvider, type TestProvider } from './support/provider';
import { Registrations } from './support/registrations';
import { TestAgent, World } from './support/world';

const SCOPES = ['openid', 'offline_access', 'notes'];

const registrations = new Registrations();
/** Changes the server's metadata. */
let metadataChange: Record<string, unknown> = {};

function prepare(provider: Provider): void {
  provider.use(async (ctx, next) => {
    await next();
    if (ctx.path.startsWith('/.well-known/')) ctx.body = { ...(ctx.body as object), ...metadataChange };
  });
  registrations.prepare(provider);
}

let mcp: ProtectedMcpServer;
const world = World.ofFile(
  {
    scopes: SCOPES,
    ttl: { AccessToken: 600, RefreshToken: 86_400, Grant: 86_400, Session: 86_400, Interaction: 3600 },
    features: {
      ...forAnyResource(),
      registration: { enabled: true },
      registrationManagement: { enabled: true },
    },
  },
  undefined,
  { prepare },
);
beforeAll(async () => {
  mcp = await startMcpServer(world.provider.issuer);
});
beforeEach(() => {
  registrations.reset();
  metadataChange = {};
});
afterAll(async () => {
  await mcp.close();
});

const configured = (name: string, clientId?: string) => ({
  name,
  ...customProvider(mcp.discoveryUrl, { ...(clientId !== undefined && { clientId }) }),
});

/** A client that the server registers with a secret. */
const WITH_SECRET = {
  token_endpoint_auth_method: 'client_secret_basic',
  client_secret: 'assigned',
  client_secret_expires_at: 0,
};

/** Returns a configuration with members of the client. */
const having = (name: string, members: Partial<CustomOauth2ProviderConfigInput>) => ({
  ...configured(name),
  oauth2ProviderConfigInput: {
    customOauth2ProviderConfig: {
      ...configured('').oauth2ProviderConfigInput.customOauth2ProviderConfig,
      ...members,
    },
  },
});

/** Sends a request that states the authorization server. */
const stating = (authorizationServer: string) =>
  alsoSending(world.control(), {
    oauth2ProviderConfigInput: {
      customOauth2ProviderConfig: {
        ...configured('').oauth2ProviderConfigInput.customOauth2ProviderConfig,
        authorizationServer,
      },
    },
  });

const create = (name: string) => world.control().createOauth2CredentialProvider(configured(name));

const clientIdOf = (output: { oauth2ProviderConfigOutput?: object | undefined }) =>
  (output.oauth2ProviderConfigOutput as Record<string, { clientId?: string }>).customOauth2ProviderConfig
    ?.clientId;

it('gets a token for a server of which only the URL is known, after one consent', async () => {
  const { callbackUrl = '', ...created } = await create('notes');
  world.provider.allowRedirect(callbackUrl);
  expect(clientIdOf(created)).toEqual(expect.any(String));
  expect(registrations.requests).toEqual([
    {
      method: 'POST',
      status: 201,
      body: {
        client_name: 'agent-identity',
        redirect_uris: [callbackUrl],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
        application_type: 'native',
      },
    },
  ]);
  const { name, client } = await world.agent();
  const agent = new TestAgent(client, name, 'notes', callbackUrl);
  const token = await agent.token({ userId: 'ana' });
  const { authorizationUrl } = await agent.ask(token, { scopes: SCOPES });
  await agent.complete(await agent.consent(authorizationUrl, 'ana', new Browser()), { userId: 'ana' });
  const { accessToken = '' } = await agent.ask(token, { scopes: SCOPES });
  expect(await mcp.call(accessToken)).toBe(200);
});

it('keeps the client at an update without a client ID, and returns no registration access token', async () => {
  const created = await create('kept');
  await world.control().updateOauth2CredentialProvider(configured('kept'));
  const got = await world.control().getOauth2CredentialProvider({ name: 'kept' });
  expect(clientIdOf(got)).toBe(clientIdOf(created));
  expect(registrations.requests.map(({ method }) => method)).toEqual(['POST']);
  expect(JSON.stringify([created, got])).not.toMatch(/registration|sealed/i);
});

it('registers no client for a name that is in use, or for a provider with a client of its owner', async () => {
  await create('taken');
  await expect(create('taken')).rejects.toMatchObject({ name: 'ConflictException' });
  const stated = configured('stated', 'my-client');
  await world.control().createOauth2CredentialProvider(stated);
  const omitted = new UpdateOauth2CredentialProviderCommand(configured('stated'));
  await expect(world.control().send(omitted)).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringMatching(/clientId: is required/) as string,
  });
  expect(registrations.requests).toHaveLength(1);
});

it.each([
  ['insufficient_scope', 403, { error: 'insufficient_scope', error_description: '<secret>' }],
  ['registration_failed', 401, {}],
])('says that the server wants a registered client, for %s with status %i', async (code, status, body) => {
  registrations.instead = [{ status, body }];
  const failure = await create('refused').catch((error: unknown) => error as Error);
  expect(failure).toMatchObject({ name: 'ValidationException' });
  expect((failure as Error).message).toMatch(
    new RegExp(`\\(${code}, 127\\.0\\.0\\.1:\\d+\\): .*register a client there, and set clientId$`),
  );
  expect((failure as Error).message).not.toContain('<secret>');
  expect((failure as { fieldList?: unknown }).fieldList).toMatchObject([
    { name: 'oauth2ProviderConfigInput.customOauth2ProviderConfig.initialAccessToken' },
  ]);
});

it('tells the owner in the words of the server why it registers no client', async () => {
  const body = { error: 'invalid_redirect_uri', error_description: 'Only\u202e https is allowed.' };
  registrations.instead = [{ status: 400, body }];
  await expect(create('worded')).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringMatching(
      /\(invalid_redirect_uri, .*\): registration endpoint responded with 400: "Only {2}https is allowed\."$/,
    ) as string,
  });
});

it('passes on when an unavailable server accepts a request again', async () => {
  registrations.instead = [{ status: 503, body: {}, headers: { 'retry-after': '120' } }];
  const { status, headers, body } = await world.post(
    'CreateOauth2CredentialProvider',
    configured('busy'),
    'operator',
  );
  expect([status, headers['retry-after']]).toEqual([500, '120']);
  expect(body).toMatch(/The server 127\.0\.0\.1:\d+ is unavailable \(temporarily_unavailable\)\./);
  expect(registrations.summary).toEqual([['POST', 503]]);
});

it.each<[string, Record<string, unknown>, RegExp]>([
  ['no client ID', { client_id: undefined }, /client_id/],
  ['a client ID with a line break', { client_id: 'a\r\nx: y' }, /client_id/],
  ['a client ID that is too long', { client_id: 'a'.repeat(2049) }, /client_id/],
  ['no authorization codes', { grant_types: ['client_credentials'] }, /grant_types/],
  ['an unknown authentication method', { token_endpoint_auth_method: 'tls_client_auth' }, /auth_method/],
  [
    'a secret method without a secret',
    { token_endpoint_auth_method: 'client_secret_basic' },
    /client_secret/,
  ],
  [
    'a secret that expires',
    { token_endpoint_auth_method: 'client_secret_post', client_secret: 's', client_secret_expires_at: 1 },
    /expires/,
  ],
])('rejects a client with %s, and deletes it', async (_what, response, reason) => {
  registrations.change = response;
  await expect(create('unacceptable')).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringMatching(reason) as string,
  });
  expect(registrations.summary).toEqual([
    ['POST', 201],
    ['DELETE', 204],
  ]);
});

it.each([
  ['another redirect URI', (): unknown[] => ['https://attacker.example/'], false],
  ['one more redirect URI', (own: unknown[]) => [...own, 'https://attacker.example/'], true],
])('rejects a client with %s, and deletes it only if it is its own', async (_what, uris, isDeleted) => {
  registrations.change = ({ redirect_uris: own }) => ({ redirect_uris: uris(own as unknown[]) });
  await expect(create('unacceptable')).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringContaining('redirect_uris') as string,
  });
  expect(registrations.summary).toEqual([['POST', 201], ...(isDeleted ? [['DELETE', 204]] : [])]);
});

describe('the document of another provider, or of none', () => {
  const documentUrl = (folder = 'client-metadata/') =>
    `${world.local.endpoint}/identities/oauth2/${folder}79bba291-a362-4613-917b-fa96464a15b1`;

  it('is not accepted as a registered client, which is deleted', async () => {
    registrations.change = { client_id: documentUrl() };
    await expect(create('unacceptable')).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining('client_id is the URL of a client ID metadata document') as string,
    });
    expect(registrations.summary).toEqual([
      ['POST', 201],
      ['DELETE', 204],
    ]);
  });

  it.each([
    'client-metadata/',
    'Client-Metadata/',
    'client%2Dmetadata/',
    '/client-metadata/',
    'x/../client-metadata/',
    'client%252Dmetadata/',
    String.raw`client-metadata%5C`,
    'client-metadata;a=b/',
    'x%2f..%2f..%2fidentities%2foauth2%2fclient-metadata/',
  ])('is not accepted as the client of an owner, as %s', async (folder) => {
    const config = configured('documented', documentUrl(folder));
    const rejected = {
      name: 'ValidationException',
      message: expect.stringContaining(
        'clientId: must not be a client ID metadata document of this service',
      ) as string,
    };
    await expect(world.control().createOauth2CredentialProvider(config)).rejects.toMatchObject(rejected);
    const plain = {
      oauthDiscovery: { discoveryUrl: world.provider.discoveryUrl },
      clientId: documentUrl(folder),
    };
    const other = { ...config, oauth2ProviderConfigInput: { customOauth2ProviderConfig: plain } };
    await expect(world.control().createOauth2CredentialProvider(other)).rejects.toMatchObject(rejected);
  });

  it.each(['http://localhost:1', 'http://127.0.0.1.:1', 'https://127.0.0.1:8443', 'blob:http://127.0.0.1'])(
    'is not accepted at another name of the service, %s',
    async (origin) => {
      const clientId = `${origin}${new URL(documentUrl()).pathname}`;
      await expect(
        world.control().createOauth2CredentialProvider(configured('documented', clientId)),
      ).rejects.toMatchObject({
        message: expect.stringContaining('must not be a client ID metadata') as string,
      });
    },
  );

  it('is not accepted in an update', async () => {
    await create('undocumented');
    const update = new UpdateOauth2CredentialProviderCommand(configured('undocumented', documentUrl()));
    await expect(world.control().send(update)).rejects.toMatchObject({ name: 'ValidationException' });
  });

  it.each([
    ['of its owner', 'by-hand', { clientId: 'by-hand', clientSecret: 'a-secret' }],
    ['that the server registered with a secret', 'by-server', {}],
  ])('is not accepted for a provider with a client %s', async (_whose, name, members) => {
    registrations.change = WITH_SECRET;
    const before = await world.control().createOauth2CredentialProvider(having(name, members));
    registrations.reset();
    const clientId = `${world.local.endpoint}/identities/oauth2/client-metadata/${before.callbackUrl?.split('/').at(-1)}`;
    for (const credential of [
      { clientSecret: 'another' },
      { clientAuthenticationMethod: 'AWS_IAM_ID_TOKEN_JWT' as const },
      {},
    ]) {
      const update = new UpdateOauth2CredentialProviderCommand(having(name, { clientId, ...credential }));
      await expect(world.control().send(update)).rejects.toMatchObject({
        name: 'ValidationException',
        message: expect.stringContaining(
          'clientId: must not be a client ID metadata document of this service',
        ) as string,
      });
    }
    const after = await world.control().getOauth2CredentialProvider({ name });
    expect(clientIdOf(after)).toBe(clientIdOf(before));
    expect(registrations.requests).toEqual([]);
  });
});

/**
 * The new authorization server redirects a user to the one before, where the client of the provider still has the callback
 * URL of then. The code must not be sent to the new server, which could redeem it.
 */
async function expectCodesStay(before: URL, callbackUrl: string, server: TestProvider): Promise<void> {
  server.allowRedirect(callbackUrl);
  const { name, client } = await world.agent();
  const agent = new TestAgent(client, name, 'moved', callbackUrl);
  const { authorizationUrl = '' } = await agent.ask(await agent.token({ userId: 'eve' }), { scopes: SCOPES });
  const browser = new Browser();
  expect((await browser.step(authorizationUrl)).headers.get('location')).toContain(server.issuer);
  const request = server.pushes.at(-1)?.parameters;
  expect(request?.get('redirect_uri')).toBe(callbackUrl);
  before.searchParams.set('code', 'a-code-of-the-server-before');
  before.searchParams.set('state', request?.get('state') ?? '');
  expect((await browser.step(before.href)).status).toBe(400);
  expect(server.exchanges).toEqual([]);
}

it('registers a new client if an update confirms another authorization server', async () => {
  const { callbackUrl, ...created } = await create('moved');
  const other = await startProvider(
    { scopes: SCOPES, features: { ...forAnyResource(), registration: { enabled: true } } },
    { prepare: registrations.prepare },
  );
  const { metadata } = mcp;
  mcp.metadata = { resource: mcp.resource, authorization_servers: [other.issuer] };
  try {
    const update = new UpdateOauth2CredentialProviderCommand(configured('moved'));
    await expect(world.control().send(update)).rejects.toMatchObject({ name: 'ValidationException' });
    expect(registrations.requests).toHaveLength(1);
    const updated = await stating(other.issuer).send(update);
    expect(updated.callbackUrl).not.toBe(callbackUrl);
    expect(clientIdOf(updated)).not.toBe(clientIdOf(created));
    expect(registrations.requests.map(({ method, body }) => [method, body.redirect_uris])).toEqual([
      ['POST', [callbackUrl]],
      ['POST', [updated.callbackUrl]],
    ]);
    await expectCodesStay(new URL(callbackUrl ?? ''), updated.callbackUrl ?? '', other);
  } finally {
    mcp.metadata = metadata;
    await other.close();
  }
});

it('registers a client if the service has no https address for a client ID metadata document', async () => {
  metadataChange = { client_id_metadata_document_supported: true };
  expect(clientIdOf(await create('without-https'))).not.toContain('client-metadata');
  expect(registrations.requests).toHaveLength(1);
  metadataChange = { ...metadataChange, registration_endpoint: undefined };
  await expect(create('refused')).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringMatching(
      /customOauth2ProviderConfig\.clientId: is required.*no https address.*register a client there, and set clientId$/,
    ) as string,
  });
});

it('registers no client if the resource does not name the stated authorization server', async () => {
  const command = new CreateOauth2CredentialProviderCommand(configured('pinned'));
  await expect(stating('https://as.example').send(command)).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringContaining(`which names ${world.provider.issuer}`) as string,
  });
  expect(registrations.requests).toEqual([]);
});

it('authenticates with the secret that the server assigned', async () => {
  registrations.change = WITH_SECRET;
  const created = await create('confidential');
  expect(created.oauth2ProviderConfigOutput).toMatchObject({
    customOauth2ProviderConfig: { clientAuthenticationMethod: 'CLIENT_SECRET_BASIC' },
  });
  await world.control().updateOauth2CredentialProvider(configured('confidential'));
  // An administrator of the server can have created another secret for the client.
  const kept = configured('confidential', clientIdOf(created));
  for (const secret of [{ clientSecret: 'by hand' }, { clientSecret: 'assigned' }, {}]) {
    const config = { ...kept.oauth2ProviderConfigInput.customOauth2ProviderConfig, ...secret };
    await world.control().updateOauth2CredentialProvider({
      ...kept,
      oauth2ProviderConfigInput: { customOauth2ProviderConfig: config },
    });
  }
  const { name, client } = await world.agent();
  const agent = new TestAgent(client, name, 'confidential', created.callbackUrl ?? '');
  const { authorizationUrl } = await agent.ask(await agent.token({ userId: 'ana' }), { scopes: SCOPES });
  await new Browser().step(authorizationUrl ?? '');
  expect(world.provider.pushes.at(-1)?.scheme).toBe('Basic');
});

describe('the method and the secret of a client that the server registered', () => {
  let clientId: string;
  beforeAll(async () => {
    registrations.change = { ...WITH_SECRET, token_endpoint_auth_method: 'client_secret_post' };
    clientId = clientIdOf(await create('assigned')) ?? '';
    await letStrangerUpdate(world, 'assigned');
  });
  const update = (members: Partial<CustomOauth2ProviderConfigInput>, by?: 'stranger') =>
    world.control(by).updateOauth2CredentialProvider(having('assigned', { clientId, ...members }));
  const methodOf = ({ oauth2ProviderConfigOutput: output }: Awaited<ReturnType<typeof update>>) =>
    output?.customOauth2ProviderConfig?.clientAuthenticationMethod;

  it('stay with an update that states only its client ID', async () => {
    expect(methodOf(await update({}))).toBe('CLIENT_SECRET_POST');
    expect(methodOf(await update({ clientSecret: 'assigned' }))).toBe('CLIENT_SECRET_POST');
  });

  it('can be changed only by the owner of the provider', async () => {
    expect(methodOf(await update({}, 'stranger'))).toBe('CLIENT_SECRET_POST');
    for (const members of [
      { clientSecret: 'of-a-stranger' },
      { clientAuthenticationMethod: 'CLIENT_SECRET_BASIC' as const },
    ]) {
      await expect(update(members, 'stranger')).rejects.toMatchObject({
        name: 'AccessDeniedException',
        message:
          'Only the owner of the credential provider can change the secret or the authentication method of a client that the service registered.',
      });
    }
    const { name, client } = await world.agent();
    const agent = new TestAgent(client, name, 'assigned', 'https://app.example/done');
    const { authorizationUrl } = await agent.ask(await agent.token({ userId: 'ana' }), { scopes: SCOPES });
    await new Browser().step(authorizationUrl ?? '');
    const { parameters, scheme } = world.provider.pushes.at(-1) ?? {};
    expect([scheme, parameters?.get('client_secret')]).toEqual(['', 'assigned']);
    expect(methodOf(await update({ clientAuthenticationMethod: 'CLIENT_SECRET_BASIC' }))).toBe(
      'CLIENT_SECRET_BASIC',
    );
  });
});

it('takes no secret and no method for a public client that the service registered, unless it is another client', async () => {
  registrations.change = { token_endpoint_auth_method: 'none' };
  const clientId = clientIdOf(await create('without-secret'));
  const get = async () => (await world.post('GetOauth2CredentialProvider', { name: 'without-secret' })).body;
  const before = await get();
  const update = (members: object) => {
    const kept = configured('without-secret', clientId);
    const custom = { ...kept.oauth2ProviderConfigInput.customOauth2ProviderConfig, ...members };
    return world.control().updateOauth2CredentialProvider({
      ...kept,
      oauth2ProviderConfigInput: { customOauth2ProviderConfig: custom },
    });
  };
  const secretId = 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:client-AbCdEf';
  for (const [members, message] of [
    [
      { clientSecret: 'a-secret' },
      /clientSecret: must be omitted: the service registered this client, so you have no secret for it\. To use your own client, set clientId$/,
    ],
    [
      { clientSecretSource: 'EXTERNAL', clientSecretConfig: { secretId, jsonKey: 'key' } },
      /clientSecretConfig: must be omitted: the service registered this client/,
    ],
    [
      { clientAuthenticationMethod: 'AWS_IAM_ID_TOKEN_JWT' },
      /clientAuthenticationMethod: must be omitted: the service registered this client/,
    ],
  ] as const) {
    await expect(update(members)).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringMatching(message) as string,
    });
  }
  expect(await get()).toBe(before);
  const own = await update({ clientId: 'my-own', clientSecret: 'my-secret' });
  expect(clientIdOf(own)).toBe('my-own');
});
