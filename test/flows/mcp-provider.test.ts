/**
 * Providers of MCP servers, which name their authorization server (RFC 9728): from the discovery to a token that the
 * server accepts, and what happens when the server later names another authorization server.
 */
import { UpdateOauth2CredentialProviderCommand } from '@aws-sdk/client-bedrock-agentcore-control';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { authorizedFetch, connectMcp, workloadAccessTokens } from '../../lib/client/index';
import { identityClient } from './client/agent-code';
import { Browser } from './support/browser';
import { moveClock } from './support/clock';
import { letStrangerUpdate } from './support/delegate';
import { forAnyResource, type ProtectedMcpServer } from './support/mcp-server';
import { MCP_CLIENT, MCP_SCOPES as SCOPES, MCP_TTL, McpWorld } from './support/mcp-world';
import { startProvider, type TestProvider } from './support/provider';
import { RETURN_URL, TestAgent, type World } from './support/world';

let started: McpWorld;
let world: World;
let mcp: ProtectedMcpServer;
let agent: TestAgent;
beforeAll(async () => {
  started = await McpWorld.start();
  ({ world, mcp } = started);
  agent = await agentFor('notes');
});
afterEach(() => {
  started.restore();
});
afterAll(() => started.close());

const agentFor = (name: string) => started.agentFor(name);
const configured = (name: string, discoveryUrl?: string) => started.configured(name, discoveryUrl);
const stating = (members: object) => started.stating(members);
const connected = (asking: TestAgent, userId: string) => started.connected(asking, userId);

const lastAudit = async (operation: string) =>
  (await world.audit()).filter((entry) => entry.operation === operation).at(-1);

const requestsOf = (provider: TestProvider) =>
  provider.exchanges.map(({ grantType, request }) => [grantType, request.getAll('resource')]);

it('gets a token for the server, and says so in each request', async () => {
  const { accessToken } = await connected(agent, 'ana');
  expect(await mcp.call(accessToken)).toBe(200);
  expect(world.provider.pushes.at(-1)?.parameters.getAll('resource')).toEqual([mcp.resource]);
  expect(world.provider.pushes.at(-1)?.parameters.get('prompt')).toBe('consent');
  expect(requestsOf(world.provider)).toEqual([['authorization_code', [mcp.resource]]]);
});

it('does not ask again for openid and offline_access, which the server leaves out of the granted scopes', async () => {
  const { token } = await connected(agent, 'bob');
  expect(world.provider.exchanges.at(-1)?.answer.scope).toBe('notes');
  expect((await agent.ask(token, { scopes: SCOPES })).accessToken).toEqual(expect.any(String));

  moveClock(590);
  const later = await agent.token({ userId: 'bob' });
  const { accessToken = '' } = await agent.ask(later, { scopes: SCOPES });
  expect(requestsOf(world.provider).at(-1)).toEqual(['refresh_token', [mcp.resource]]);
  expect(await mcp.call(accessToken)).toBe(200);
  expect((await agent.ask(later, { scopes: SCOPES })).accessToken).toBe(accessToken);
});

it('describes the provider by its discovery URL alone', async () => {
  const { oauth2ProviderConfigOutput } = await world.control().getOauth2CredentialProvider({ name: 'notes' });
  expect(oauth2ProviderConfigOutput).toEqual({
    customOauth2ProviderConfig: { clientId: 'agents', oauthDiscovery: { discoveryUrl: mcp.discoveryUrl } },
  });
});

it('returns and records what the provider is bound to', async () => {
  const bound = { resource: mcp.resource, authorizationServer: world.provider.issuer };
  const { body } = await world.post('GetOauth2CredentialProvider', { name: 'notes' });
  expect(JSON.parse(body)).toMatchObject({ protectedResource: bound });
  expect(await lastAudit('CreateOauth2CredentialProvider')).toMatchObject({
    protectedResource: bound.resource,
    authorizationServer: bound.authorizationServer,
  });
});

it('rejects a request for another resource', async () => {
  const ask = { scopes: SCOPES, resources: ['https://other.example/mcp'] };
  await expect(agent.ask(await agent.token({ userId: 'ana' }), ask)).rejects.toMatchObject({
    name: 'ValidationException',
    message: `resources: must be omitted, or be ${mcp.resource}: the credential provider "notes" is for this resource`,
  });
});

it('rejects an audience, which could bind the token to another server', async () => {
  for (const oauth2Flow of ['USER_FEDERATION', 'M2M'] as const) {
    const ask = { scopes: SCOPES, oauth2Flow, audiences: ['https://other.example/api'] };
    await expect(agent.ask(await agent.token({ userId: 'ana' }), ask)).rejects.toMatchObject({
      name: 'ValidationException',
      message: `audiences: must be omitted, because the token is for ${mcp.resource}: the credential provider "notes" is for this resource`,
    });
  }
});

it('evaluates the resource of the provider in its policy if a request omits it', async () => {
  const guarded = await agentFor('guarded');
  const provider = await world.control().getOauth2CredentialProvider({ name: 'guarded' });
  const deny = (resource: string) =>
    world.control().putResourcePolicy({
      resourceArn: provider.credentialProviderArn,
      policy: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Deny',
            Principal: '*',
            Action: 'bedrock-agentcore:GetResourceOauth2Token',
            Resource: '*',
            Condition: {
              'ForAnyValue:StringEquals': { 'bedrock-agentcore:Resources': resource },
              Null: { 'bedrock-agentcore:Resources': 'false' },
            },
          },
        ],
      }),
    });
  const token = await guarded.token({ userId: 'ana' });
  const denied = { name: 'AccessDeniedException' };
  await deny(mcp.resource);
  await expect(guarded.ask(token, { scopes: SCOPES })).rejects.toMatchObject(denied);
  await expect(guarded.ask(token, { scopes: SCOPES, oauth2Flow: 'M2M' })).rejects.toMatchObject(denied);
  await deny('https://other.example/mcp');
  expect((await guarded.ask(token, { scopes: SCOPES })).authorizationUrl).toEqual(expect.any(String));
});

describe('the client library', () => {
  const options = () => {
    const identity = identityClient(world);
    return {
      identity,
      workloadIdentityToken: workloadAccessTokens(identity, { workloadName: agent.name, userId: 'eve' }),
      providerName: 'notes',
      scopes: SCOPES,
      authFlow: 'USER_FEDERATION' as const,
      callbackUrl: RETURN_URL,
    };
  };
  const connect = (serverUrl: string) => {
    const client = new Client({ name: 'agent', version: '1.0.0' });
    return connectMcp(serverUrl, { client, Transport: StreamableHTTPClientTransport, ...options() });
  };
  const calls = () => mcp.requests.length;

  it('sends the token of a provider to the server of this provider alone', async () => {
    await connected(agent, 'eve');
    const before = calls();
    const refused = {
      name: 'ValidationException',
      message: `resourceServerUrl: must be ${mcp.resource}, or below it: the credential provider "notes" is for this resource`,
    };
    // The other paths of the origin can belong to another server.
    for (const other of [`${mcp.origin}/other`, `${mcp.origin}/mcp-2`, `${mcp.origin}/mcp/../other`]) {
      await expect(connect(other)).rejects.toMatchObject(refused);
      await expect(authorizedFetch(other, options())(other)).rejects.toMatchObject(refused);
      const stated = { ...options(), resourceServerUrl: mcp.resource };
      expect(() => authorizedFetch(other, stated)).toThrow('Unknown option `resourceServerUrl`');
    }
    await expect(connect(mcp.origin.replace('127.0.0.1', 'localhost'))).rejects.toMatchObject(refused);
    expect(calls()).toBe(before);
    expect((await authorizedFetch(mcp.resource, options())(mcp.resource)).status).toBe(200);
    // The server is no more than a token check: it answers with 200, and the SDK expects a message.
    await expect(connect(mcp.resource)).rejects.not.toMatchObject({ name: 'ValidationException' });
    expect(calls()).toBeGreaterThan(before);
  });
});

it('says what to do if the authorization server does not know the resource', async () => {
  const token = await agent.token({ userId: 'cleo' });
  const { authorizationUrl } = await agent.ask(token, { scopes: SCOPES });
  const back = await agent.consent(authorizationUrl, 'cleo', new Browser());
  world.provider.tokenEndpoint = (ctx) => {
    ctx.status = 400;
    ctx.body = { error: 'invalid_target' };
    return Promise.resolve();
  };
  const completed = agent.complete(back, { userId: 'cleo' }).finally(() => {
    world.provider.tokenEndpoint = undefined;
  });
  await expect(completed).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringMatching(
      /invalid_target\. The authorization server does not issue tokens/,
    ) as string,
  });
});

it('binds tokens to keys if the metadata of the server require it, and issues proofs for the server alone', async () => {
  mcp.metadata = { ...(mcp.metadata as object), dpop_bound_access_tokens_required: true };
  const bound = await agentFor('bound');
  const { token } = await connected(bound, 'dora');
  expect(world.provider.exchanges.at(-1)?.answer).toMatchObject({ token_type: 'DPoP' });
  const prove = async (httpUri: string) => {
    const { status, body } = await world.post('GetResourceDpopProof', {
      workloadIdentityToken: token,
      resourceCredentialProviderName: 'bound',
      scopes: SCOPES,
      oauth2Flow: 'USER_FEDERATION',
      httpMethod: 'POST',
      httpUri,
    });
    return { status, ...(JSON.parse(body) as object) };
  };
  expect(await prove(mcp.resource)).toMatchObject({ status: 200, tokenType: 'DPoP' });
  expect(await prove(`${mcp.origin}/other`)).toMatchObject({ status: 400 });
  const { body } = await world.post('GetOauth2CredentialProvider', { name: 'bound' });
  expect(JSON.parse(body)).toMatchObject({
    oauth2ProviderConfigOutput: { customOauth2ProviderConfig: { dpopConfig: {} } },
  });
  const config = configured('bound').oauth2ProviderConfigInput.customOauth2ProviderConfig;
  const named = { ...config, dpopConfig: { resourceUrls: [mcp.resource] } };
  const refused = await world.post('UpdateOauth2CredentialProvider', {
    ...configured('bound'),
    oauth2ProviderConfigInput: { customOauth2ProviderConfig: named },
  });
  expect([refused.status, refused.body]).toEqual([
    400,
    expect.stringContaining('resourceUrls: must be omitted'),
  ]);

  // Another principal can repeat what Get returns. It cannot end the binding, even if the metadata do not require it now.
  await letStrangerUpdate(world, 'bound');
  const update = async (members: object) => {
    const input = { customOauth2ProviderConfig: { ...config, ...members } };
    const change = { ...configured('bound'), oauth2ProviderConfigInput: input };
    return (await world.post('UpdateOauth2CredentialProvider', change, 'stranger')).status;
  };
  expect([await update({ dpopConfig: {} }), await update({})]).toEqual([200, 200]);
  started.restore();
  moveClock(601);
  expect(await update({})).toBe(403);
});

describe('a server that names another authorization server', () => {
  let other: TestProvider;
  let moved: TestAgent;
  beforeAll(async () => {
    other = await startProvider({
      clients: [MCP_CLIENT],
      ttl: MCP_TTL,
      scopes: SCOPES,
      features: forAnyResource(),
    });
    moved = await agentFor('moved');
  });
  afterAll(() => other.close());

  it('gets neither users nor refresh tokens until an update states it, and then no old token', async () => {
    const { accessToken } = await connected(moved, 'ana');
    mcp.metadata = { resource: mcp.resource, authorization_servers: [other.issuer] };
    moveClock(601);
    const refused = {
      name: 'ValidationException',
      message: expect.stringMatching(
        /authorization_server_changed\. .*UpdateOauth2CredentialProvider/,
      ) as string,
    };
    const ana = await moved.token({ userId: 'ana' });
    await expect(moved.ask(ana, { scopes: SCOPES })).rejects.toMatchObject(refused);
    const dan = await moved.token({ userId: 'dan' });
    await expect(moved.ask(dan, { scopes: SCOPES })).rejects.toMatchObject(refused);
    expect(other.exchanges).toEqual([]);
    expect(other.pushes).toEqual([]);

    const unstated = {
      name: 'ValidationException',
      message: expect.stringMatching(
        `authorizationServer: is required: the provider uses ${world.provider.issuer} .* names ${other.issuer} `,
      ) as string,
    };
    const update = new UpdateOauth2CredentialProviderCommand(configured('moved'));
    await expect(world.control().send(update)).rejects.toMatchObject(unstated);
    const { callbackUrl = '' } = await stating({ authorizationServer: other.issuer }).send(update);
    expect(callbackUrl).not.toBe(moved.callbackUrl);
    other.allowRedirect(callbackUrl);
    expect(await lastAudit('UpdateOauth2CredentialProvider')).toMatchObject({
      outcome: 'allowed',
      authorizationServer: other.issuer,
      changed: expect.arrayContaining(['callbackUrl', 'oauthDiscovery']) as string[],
    });
    moved = new TestAgent(moved.client, moved.name, 'moved', callbackUrl);
    const asked = await moved.ask(ana, { scopes: SCOPES });
    expect(asked.accessToken).toBeUndefined();
    const back = await moved.consent(asked.authorizationUrl, 'ana', new Browser());
    expect(back.href.startsWith(RETURN_URL)).toBe(true);
    await moved.complete(back, { userId: 'ana' });
    const renewed = await moved.ask(ana, { scopes: SCOPES });
    expect(renewed.accessToken).not.toBe(accessToken);
    expect(requestsOf(other)).toEqual([['authorization_code', [mcp.resource]]]);

    // A configuration from before the move, with its secret, is for the earlier server.
    await expect(world.control().send(update)).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining(
        `authorizationServer: is required: an update moved the provider to ${other.issuer}`,
      ) as string,
    });
    const repeated = await stating({ authorizationServer: other.issuer }).send(update);
    expect(repeated.callbackUrl).toBe(callbackUrl);

    // After a second move, both messages have the server that the resource names now.
    mcp.metadata = { resource: mcp.resource, authorization_servers: [world.provider.issuer] };
    const now = `the provider uses ${other.issuer} for ${mcp.resource}, and the metadata now names ${world.provider.issuer} for ${mcp.resource}. If that is right, set it to ${world.provider.issuer}`;
    for (const [members, start] of [
      [{}, 'is required'],
      [{ authorizationServer: other.issuer }, 'is not named any more'],
    ] as const) {
      await expect(stating(members).send(update)).rejects.toMatchObject({
        name: 'ValidationException',
        message: expect.stringContaining(`authorizationServer: ${start}: ${now}`) as string,
      });
    }
  });
});

describe('an update that does not state the authorization server', () => {
  const evil = 'https://evil.example';
  let update: UpdateOauth2CredentialProviderCommand;
  let other: TestProvider;
  beforeAll(async () => {
    update = new UpdateOauth2CredentialProviderCommand(configured('kept'));
    other = await startProvider({ clients: [MCP_CLIENT], features: forAnyResource() });
    await agentFor('kept');
  });
  afterAll(() => other.close());
  const described = async () => (await world.post('GetOauth2CredentialProvider', { name: 'kept' })).body;

  it('gives a new client secret to no other authorization server', async () => {
    const before = await described();
    mcp.metadata = { resource: mcp.resource, authorization_servers: [other.issuer] };
    await expect(stating({ clientSecret: 'a-new-secret' }).send(update)).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining(`set it to ${other.issuer}`) as string,
    });
    expect(await described()).toBe(before);
    expect(await lastAudit('UpdateOauth2CredentialProvider')).toMatchObject({ outcome: 'denied' });
  });

  it('sends another principal than the owner to the owner, and states no issuer to set', async () => {
    await letStrangerUpdate(world, 'kept');
    mcp.metadata = { resource: mcp.resource, authorization_servers: [other.issuer] };
    const { status, body } = await world.post(
      'UpdateOauth2CredentialProvider',
      configured('kept'),
      'stranger',
    );
    expect(status).toBe(400);
    expect(body).toContain(`for ${mcp.resource}. Ask the owner of the provider to confirm it`);
    expect(body).not.toContain('set it to');
  });

  /** Has the server answer for a second resource next to the first one. */
  const second = (issuer: string) => {
    mcp.instead = (_request, response) => {
      const metadata = { resource: `${mcp.resource}-2`, authorization_servers: [issuer] };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(metadata));
    };
    return { oauthDiscovery: { discoveryUrl: `${mcp.discoveryUrl}-2` } };
  };

  it('gives a client secret to no other authorization server at another discovery URL', async () => {
    const before = await described();
    const moving = { clientSecret: 'a-secret', ...second(other.issuer) };
    await expect(stating(moving).send(update)).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringMatching(
        `authorizationServer: is required: the provider uses ${world.provider.issuer} .*set it to ${other.issuer}`,
      ) as string,
    });
    expect(await described()).toBe(before);
  });

  it('can change the discovery URL at the same authorization server, and keeps the callback URL', async () => {
    const { callbackUrl } = await agentFor('renamed');
    const renaming = new UpdateOauth2CredentialProviderCommand(configured('renamed'));
    const moved = await stating(second(world.provider.issuer)).send(renaming);
    expect(moved.callbackUrl).toBe(callbackUrl);
  });

  it('returns from the discovery URL of an authorization server to no protected resource', async () => {
    const { callbackUrl } = await agentFor('detour');
    const detour = new UpdateOauth2CredentialProviderCommand(configured('detour'));
    const clientSecret = 'a-secret';
    const plain = { clientSecret, oauthDiscovery: { discoveryUrl: world.provider.discoveryUrl } };
    const between = await stating(plain).send(detour);
    expect(between.callbackUrl).not.toBe(callbackUrl);
    mcp.metadata = { resource: mcp.resource, authorization_servers: [other.issuer] };
    await expect(stating({ clientSecret }).send(detour)).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringMatching(
        `authorizationServer: is required: the discovery URL .*set it to ${other.issuer}`,
      ) as string,
    });
    const back = await stating({ clientSecret, authorizationServer: other.issuer }).send(detour);
    expect([callbackUrl, between.callbackUrl]).not.toContain(back.callbackUrl);
  });

  it('keeps the authorization server if the resource names another one first', async () => {
    mcp.metadata = { resource: mcp.resource, authorization_servers: [evil, world.provider.issuer] };
    await expect(world.control().send(update)).resolves.toMatchObject({ name: 'kept' });
    expect(await described()).toContain(`"authorizationServer":"${world.provider.issuer}"`);
  });
});

describe('an agent that names no scopes', () => {
  const listing = (scopes: string[]) => {
    mcp.metadata = { ...(mcp.metadata as object), scopes_supported: scopes };
    moveClock((ahead += 601));
  };
  // After what the tests before have cached.
  let ahead = 1200;
  const requested = async (asking: TestAgent, userId: string) => {
    const { authorizationUrl = '' } = await asking.ask(await asking.token({ userId }), { scopes: [] });
    await new Browser().step(authorizationUrl);
    return world.provider.pushes.at(-1)?.parameters.get('scope');
  };

  it('requests those that the MCP server lists', async () => {
    listing(['notes', 'offline_access']);
    expect(await requested(agent, 'faye')).toBe('notes offline_access');
  });

  it('requests none of a server that lists none', async () => {
    listing([]);
    expect(await requested(agent, 'gina')).toBeNull();
  });

  it('does not get those that the policy of the provider denies', async () => {
    const guarded = await agentFor('listed');
    const provider = await world.control().getOauth2CredentialProvider({ name: 'listed' });
    const deny = {
      Effect: 'Deny',
      Principal: '*',
      Action: 'bedrock-agentcore:GetResourceOauth2Token',
      Resource: '*',
      Condition: {
        'ForAnyValue:StringEquals': { 'bedrock-agentcore:Scopes': 'admin' },
        Null: { 'bedrock-agentcore:Scopes': 'false' },
      },
    };
    const policy = JSON.stringify({ Version: '2012-10-17', Statement: [deny] });
    await world.control().putResourcePolicy({ resourceArn: provider.credentialProviderArn, policy });
    listing(['notes', 'admin']);
    await expect(guarded.ask(await guarded.token({ userId: 'hal' }), { scopes: [] })).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
  });
});
