/** The configuration of a provider by the URL of an MCP server: what its documents and its discovery URL must be. */
import { CreateOauth2CredentialProviderCommand } from '@aws-sdk/client-bedrock-agentcore-control';
import type { ProtectedMcpServer } from './support/mcp-server';
import { McpWorld } from './support/mcp-world';
import type { World } from './support/world';

let started: McpWorld;
let world: World;
let mcp: ProtectedMcpServer;
beforeAll(async () => {
  started = await McpWorld.start();
  ({ world, mcp } = started);
});
afterEach(() => started.restore());
afterAll(() => started.close());

const configured = (name: string, discoveryUrl?: string) => started.configured(name, discoveryUrl);
const stating = (members: object) => started.stating(members);

const create = (discoveryUrl?: string) =>
  world.control().createOauth2CredentialProvider(configured('rejected', discoveryUrl));

it('rejects a stated authorization server that the resource does not name', async () => {
  const command = new CreateOauth2CredentialProviderCommand(configured('rejected'));
  const stated = stating({ authorizationServer: `${world.provider.issuer}/` });
  await expect(stated.send(command)).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringContaining(
      `authorizationServer: is not named by the protected resource, which names ${world.provider.issuer}. They differ only by the slash at the end`,
    ) as string,
  });
});

it.each([
  ['appended to its path', '/.well-known/openid-configuration', '(ISSUER), not the URL of its metadata'],
  [
    'of a path that differs',
    '/tenant/.well-known/openid-configuration',
    '(ISSUER/tenant), not the URL of its metadata',
  ],
  ['of the resource', '/.well-known/oauth-protected-resource/mcp', 'not the URL of metadata'],
  ['with a query', '/.well-known/openid-configuration?url=/tenant', 'not the URL of metadata'],
])('names the issuer for a metadata URL that is stated as one: %s', async (_what, path, expected) => {
  const { issuer } = world.provider;
  const stated = stating({ authorizationServer: issuer + path });
  const command = new CreateOauth2CredentialProviderCommand(configured('rejected'));
  const error = await stated.send(command).catch((reason: unknown) => reason);
  expect(error).toMatchObject({
    name: 'ValidationException',
    message: expect.stringContaining('authorizationServer: must be the identifier of the issuer') as string,
  });
  expect((error as Error).message).toContain(expected.replace('ISSUER', issuer));
});

it('takes the stated authorization server if the resource names several', async () => {
  mcp.metadata = {
    resource: mcp.resource,
    authorization_servers: ['https://a.example', 'https://b.example', world.provider.issuer],
  };
  const command = new CreateOauth2CredentialProviderCommand(configured('chosen'));
  const stated = stating({ authorizationServer: world.provider.issuer });
  await expect(stated.send(command)).resolves.toMatchObject({ name: 'chosen' });
});

it('rejects an authorization server that is stated for another discovery URL', async () => {
  const discoveryUrl = 'https://as.example/.well-known/openid-configuration';
  const command = new CreateOauth2CredentialProviderCommand(configured('rejected'));
  const stated = stating({
    authorizationServer: 'https://as.example',
    clientSecret: 'secret',
    oauthDiscovery: { discoveryUrl },
  });
  await expect(stated.send(command)).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringContaining('authorizationServer: must be omitted unless') as string,
  });
});

it.each<[string, () => unknown, RegExp]>([
  [
    'with a line break in the issuer',
    () => ({ authorization_servers: [`${world.provider.issuer}/\n`] }),
    /not an acceptable issuer/,
  ],
  ['of another resource', () => ({ resource: 'https://victim.example/mcp' }), /resource does not match/],
  ['of the resource with a slash', () => ({ resource: `${mcp.resource}/` }), /resource does not match/],
  ['of the resource above', () => ({ resource: mcp.origin }), /resource does not match/],
  ['without an authorization server', () => ({ authorization_servers: [] }), /authorization_servers/],
  [
    'with too many authorization servers',
    () => ({ authorization_servers: Array(21).fill('https://a.example') }),
    /authorization_servers/,
  ],
  [
    'with an internal authorization server',
    () => ({ authorization_servers: ['https://169.254.169.254'] }),
    /address_not_allowed/,
  ],
  [
    'with a plain http authorization server',
    () => ({ authorization_servers: ['http://as.example'] }),
    /not an acceptable issuer/,
  ],
  [
    'with a script as the authorization server',
    () => ({ authorization_servers: ['javascript:alert(1)'] }),
    /not an acceptable issuer/,
  ],
  [
    'with credentials in the issuer',
    () => ({ authorization_servers: ['https://a:b@as.example'] }),
    /not an acceptable issuer/,
  ],
  [
    'with a query in the issuer',
    () => ({ authorization_servers: ['https://as.example/?x'] }),
    /not an acceptable issuer/,
  ],
  [
    'with the issuer and a slash',
    () => ({ authorization_servers: [`${world.provider.issuer}/`] }),
    /issuer is not the one/,
  ],
  [
    'with a long issuer',
    () => ({ authorization_servers: [`https://as.example/${'a'.repeat(2048)}`] }),
    /authorization_servers/,
  ],
])('rejects metadata %s', async (_what, change, reason) => {
  mcp.metadata = {
    resource: mcp.resource,
    authorization_servers: [world.provider.issuer],
    ...(change() as object),
  };
  await expect(create()).rejects.toMatchObject({
    name: 'ValidationException',
    message: expect.stringMatching(reason) as string,
  });
});

it.each<[string, NonNullable<ProtectedMcpServer['instead']>, string, RegExp]>([
  [
    'a redirect',
    (_request, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    'ValidationException',
    /responded with 302/,
  ],
  [
    'status 503',
    (_request, response) => response.writeHead(503).end(),
    'InternalServerException',
    /unavailable/,
  ],
])('rejects a server that answers with %s', async (_what, instead, name, reason) => {
  mcp.instead = instead;
  await expect(create()).rejects.toMatchObject({ name, message: expect.stringMatching(reason) as string });
});

it.each([
  ['of an internal address', 'https://169.254.169.254/.well-known/oauth-protected-resource'],
  ['that is plain http', 'http://mcp.example/.well-known/oauth-protected-resource'],
  ['with a path before the well-known part', 'https://mcp.example/a/.well-known/oauth-protected-resource'],
  ['with a query', 'https://mcp.example/.well-known/oauth-protected-resource?x=1'],
])('rejects a discovery URL %s', async (_what, discoveryUrl) => {
  await expect(create(discoveryUrl)).rejects.toMatchObject({ name: 'ValidationException' });
});
