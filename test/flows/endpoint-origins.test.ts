/**
 * The endpoints of an authorization server that an MCP server names, when its metadata move them to another origin. The
 * server is real and sends `iss` (RFC 9207), so that its metadata could name any origin. The other origin forwards what it
 * receives to the server, so that a request there would succeed.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { CreateOauth2CredentialProviderCommand } from '@aws-sdk/client-bedrock-agentcore-control';
import { moveClock } from './support/clock';
import { customProvider } from './support/custom-provider';
import { letStrangerUpdate } from './support/delegate';
import { forAnyResource, startMcpServer, type ProtectedMcpServer } from './support/mcp-server';
import { alsoSending } from './support/members-beyond-aws';
import { Registrations } from './support/registrations';
import { TestAgent, World, type PrincipalName } from './support/world';

const SCOPES = ['openid', 'offline_access', 'notes'];
const CONFIG = 'oauth2ProviderConfigInput.customOauth2ProviderConfig';

const registrations = new Registrations();
/** Members of the server's metadata that differ. */
let moved: Record<string, string> = {};

/** Seconds by which the clock is ahead: each test reads the metadata again. */
let ahead = 0;

let mcp: ProtectedMcpServer;
/** The other origin, and the requests to it. */
let origin: string;
const received: string[] = [];
const forward = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const { method = '', url = '', headers } = request;
  received.push(`${method} ${new URL(url, origin).pathname}`);
  const body = await buffer(request);
  const answer = await fetch(world.provider.issuer + url, {
    method,
    headers: Object.entries(headers).filter(([name]) => /^(authorization|content-type)$/.test(name)) as [
      string,
      string,
    ][],
    ...(body.length > 0 && { body }),
  });
  response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
  response.end(await answer.text());
};
const other = createServer((request, response) => void forward(request, response));

const world = World.ofFile(
  {
    scopes: SCOPES,
    ttl: { AccessToken: 600, RefreshToken: 86_400, Grant: 86_400, Session: 86_400, Interaction: 3600 },
    features: {
      ...forAnyResource(),
      revocation: { enabled: true },
      registration: { enabled: true },
      registrationManagement: { enabled: true },
    },
  },
  undefined,
  {
    prepare(provider) {
      registrations.prepare(provider);
      provider.use(async (ctx, next) => {
        await next();
        if (ctx.path.startsWith('/.well-known/')) ctx.body = { ...(ctx.body as object), ...moved };
      });
    },
  },
);
beforeAll(async () => {
  mcp = await startMcpServer(world.provider.issuer);
  await new Promise<void>((listening) => other.listen(0, '127.0.0.1', listening));
  origin = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
});
beforeEach(() => {
  received.length = 0;
  registrations.reset();
  moveClock((ahead += 601));
});
afterEach(() => {
  moved = {};
});
afterAll(async () => {
  await new Promise((closed) => other.close(closed));
  await mcp.close();
});

/** What the metadata state after the move. */
const endpoints = (): Record<string, string> => ({
  authorization_endpoint: `${origin}/auth`,
  token_endpoint: `${origin}/token`,
  registration_endpoint: `${origin}/reg`,
  revocation_endpoint: `${origin}/token/revocation`,
  pushed_authorization_request_endpoint: `${origin}/request`,
  introspection_endpoint: `${origin}/token/introspection`,
});

/** @param client by default, one with a secret; empty for one that the service registers */
const configured = (name: string, client?: object) => ({
  name,
  ...customProvider(mcp.discoveryUrl, {
    ...(client ?? { clientId: world.provider.clientId, clientSecret: world.provider.clientSecret }),
  }),
});

/** Updates a provider, with members that AWS clients do not send. */
const update = (name: string, members: object = {}, client?: object, principal?: PrincipalName) => {
  const { customOauth2ProviderConfig: config } = configured(name, client).oauth2ProviderConfigInput;
  const stating = { oauth2ProviderConfigInput: { customOauth2ProviderConfig: { ...config, ...members } } };
  return alsoSending(world.control(principal), stating).updateOauth2CredentialProvider(
    configured(name, client),
  );
};

/** A new agent, and a provider of the MCP server with this client. */
async function agentFor(name: string, client?: object): Promise<TestAgent> {
  const { client: data, name: agent } = await world.agent();
  const { callbackUrl = '' } = await world.control().createOauth2CredentialProvider(configured(name, client));
  world.provider.allowRedirect(callbackUrl);
  return new TestAgent(data, agent, name, callbackUrl);
}

const REFUSED = {
  name: 'ValidationException',
  message: expect.stringMatching(
    /endpoint_origin_changed\. .*UpdateOauth2CredentialProvider and the new origins in endpointOrigins/,
  ) as string,
};

const REQUIRED = {
  name: 'ValidationException',
  message: expect.stringContaining(`${CONFIG}.endpointOrigins: is required`) as string,
};

describe('after a move', () => {
  let agent: TestAgent;
  const askAs = async (userId: string) => agent.ask(await agent.token({ userId }), { scopes: SCOPES });
  beforeAll(async () => {
    agent = await agentFor('notes');
    await agent.connect('ana', { scopes: SCOPES });
    await agentFor('registered', {});
  });

  it.each([
    ['of all endpoints', endpoints],
    [
      'of the token endpoint',
      () => ({ ...endpoints(), authorization_endpoint: `${world.provider.issuer}/auth` }),
    ],
    ['of the authorization endpoint', () => ({ authorization_endpoint: `${origin}/auth` })],
  ])('%s, the other origin gets no user, no code, no secret, and no refresh token', async (_what, change) => {
    moved = change();
    await expect(askAs('ana')).rejects.toMatchObject(REFUSED);
    await expect(askAs('bob')).rejects.toMatchObject(REFUSED);
    expect(received).toEqual([]);
  });

  it('rejects each update that does not state the new origin, also of a client secret', async () => {
    moved = endpoints();
    const { issuer } = world.provider;
    const required = {
      name: 'ValidationException',
      message: expect.stringContaining(
        `${CONFIG}.endpointOrigins: is required: the provider accepts endpoints of ${issuer} at ${issuer}, and its metadata has endpoints at ${origin}. If that is right`,
      ) as string,
    };
    await expect(update('notes')).rejects.toMatchObject(required);
    await expect(update('notes', { authorizationServer: issuer })).rejects.toMatchObject(required);
    await expect(update('registered', {}, {})).rejects.toMatchObject(required);
    await expect(update('notes', { endpointOrigins: [issuer] })).rejects.toMatchObject({
      message: expect.stringContaining(`must contain the origins of all endpoints of ${issuer}: `) as string,
    });
    expect(received).toEqual([]);
    expect(registrations.requests).toEqual([]);
  });

  it.each(['https://as.example/', 'https://as.example/path', 'https://AS.example', 'https://as.example:443'])(
    'rejects %s, which is not an origin',
    async (endpointOrigin) => {
      await expect(update('notes', { endpointOrigins: [endpointOrigin] })).rejects.toMatchObject({
        message: expect.stringContaining(`${CONFIG}.endpointOrigins.0: must be an origin`) as string,
      });
    },
  );

  it('lets no other principal state another origin, before the move or after it', async () => {
    await letStrangerUpdate(world, 'notes');
    const client = { clientId: world.provider.clientId };
    const { issuer } = world.provider;
    for (const change of [{}, endpoints()]) {
      moved = change;
      for (const endpointOrigins of [[origin], [issuer, origin]]) {
        await expect(update('notes', { endpointOrigins }, client, 'stranger')).rejects.toMatchObject(
          Object.keys(change).length > 0 || endpointOrigins.includes(issuer)
            ? {
                name: 'AccessDeniedException',
                message: expect.stringContaining('Only the owner of the credential provider') as string,
              }
            : { name: expect.stringMatching(/^(AccessDenied|Validation)Exception$/) as string },
        );
      }
    }
    moved = {};
    await expect(
      update(
        'notes',
        { endpointOrigins: [issuer], clientSecret: world.provider.clientSecret },
        client,
        'stranger',
      ),
    ).resolves.toBeDefined();
    expect(received).toEqual([]);
  });

  it('requires the statement of the owner also after the provider had another server', async () => {
    const agent = await agentFor('away');
    await agent.connect('ana', { scopes: SCOPES });
    await agentFor('registered-away', {});
    registrations.reset();
    const { issuer, discoveryUrl } = world.provider;
    const elsewhere = { oauthDiscovery: { discoveryUrl }, clientId: 'x', clientSecret: 'y' };
    moved = endpoints();
    for (const name of ['away', 'registered-away']) await update(name, elsewhere, elsewhere);
    await expect(update('away', { authorizationServer: issuer })).rejects.toMatchObject(REQUIRED);
    const registering = {
      authorizationServer: issuer,
      initialAccessToken: 'secret',
      clientRegistration: 'DYNAMIC',
    };
    await expect(update('registered-away', registering, {})).rejects.toMatchObject(REQUIRED);
    expect(received).toEqual([]);
    expect(registrations.requests).toEqual([]);
  });

  // Both have the same three strings: the metadata URL, the resource, and the issuer.
  it('gives nothing of a protected resource to a server whose stated issuer is the metadata URL', async () => {
    await agentFor('collision');
    await letStrangerUpdate(world, 'collision');
    const authorizationServerMetadata = {
      issuer: mcp.discoveryUrl,
      authorizationEndpoint: mcp.resource,
      tokenEndpoint: world.provider.issuer,
    };
    const colliding = {
      oauthDiscovery: { authorizationServerMetadata },
      clientId: world.provider.clientId,
    };
    await expect(update('collision', colliding, colliding, 'stranger')).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining('authorizationServerMetadata.issuer: must be the issuer') as string,
    });
  });

  it('uses the new origin when an update states it, and keeps the tokens of users', async () => {
    moved = endpoints();
    const { callbackUrl } = await update('notes', { endpointOrigins: [origin] });
    expect(callbackUrl).toBe(agent.callbackUrl);
    expect((await askAs('ana')).accessToken).toEqual(expect.any(String));
    expect(received).toEqual(['POST /token']);
    await update('notes');
    const { body } = await world.post('GetOauth2CredentialProvider', { name: 'notes' });
    expect(JSON.parse(body)).toMatchObject({ protectedResource: { endpointOrigins: [origin] } });
  });
});

describe('a move that the owner confirms while a user consents', () => {
  it('has the code sent to neither origin, and the agent gets another link', async () => {
    const agent = await agentFor('pending');
    const token = await agent.token({ userId: 'cleo' });
    const { authorizationUrl } = await agent.ask(token, { scopes: SCOPES });
    const back = await agent.consent(authorizationUrl, 'cleo');
    const exchanged = world.provider.exchanges.length;
    moved = { ...endpoints(), authorization_endpoint: `${world.provider.issuer}/auth` };
    await update('pending', { endpointOrigins: [origin, world.provider.issuer] });
    await expect(agent.complete(back, { userId: 'cleo' })).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringMatching(
        /endpoint_origin_changed\. .*moved.*\. Ask the user to consent again\.$/,
      ) as string,
    });
    expect(received).toEqual([]);
    expect(world.provider.exchanges).toHaveLength(exchanged);
    await agent.connect('cleo', { scopes: SCOPES });
    expect(received).toEqual(expect.arrayContaining(['POST /request', 'POST /token']));
  });

  it('ends the links of before', async () => {
    const agent = await agentFor('linked');
    const token = await agent.token({ userId: 'dan' });
    const before = await agent.ask(token, { scopes: SCOPES });
    moved = endpoints();
    await update('linked', { endpointOrigins: [origin] });
    const after = await agent.ask(token, { scopes: SCOPES });
    expect(after.authorizationUrl).toEqual(expect.any(String));
    expect(after.authorizationUrl).not.toBe(before.authorizationUrl);
  });
});

it('registers no client at another origin than the stated one', async () => {
  const stated = { endpointOrigins: ['https://as.example'] };
  const creation = alsoSending(world.control(), {
    oauth2ProviderConfigInput: {
      customOauth2ProviderConfig: { oauthDiscovery: { discoveryUrl: mcp.discoveryUrl }, ...stated },
    },
  });
  const command = new CreateOauth2CredentialProviderCommand(configured('elsewhere', {}));
  await expect(creation.send(command)).rejects.toMatchObject({
    message: expect.stringContaining(
      `endpointOrigins: must contain the origins of all endpoints of ${world.provider.issuer}: ${world.provider.issuer}`,
    ) as string,
  });
  expect(registrations.requests).toEqual([]);
});
