/**
 * The provider of an MCP server in a stack: the client secret for one authorization server goes to no other one, neither by
 * a rollback nor after the provider was deleted outside the stack.
 */
import { CloudFormation, OAUTH2 } from './support/cloudformation';
import { forAnyResource, startMcpServer, type ProtectedMcpServer } from './support/mcp-server';
import { startProvider, type TestProvider } from './support/provider';
import { putSecret } from './support/secrets';

const cloudformation = CloudFormation.ofFile();
let first: TestProvider;
let next: TestProvider;
let mcp: ProtectedMcpServer;
let secretId: string;
beforeAll(async () => {
  [first, next] = await Promise.all([
    startProvider({ features: forAnyResource() }),
    startProvider({ features: forAnyResource() }),
  ]);
  mcp = await startMcpServer(first.issuer);
  ({ arn: secretId } = await putSecret('the secret at the first server', null));
});
beforeEach(() => {
  names(first);
});
afterAll(() => Promise.all([first.close(), next.close(), mcp.close()]));

/** Has the MCP server name these authorization servers. */
function names(...servers: readonly TestProvider[]): void {
  mcp.metadata = { resource: mcp.resource, authorization_servers: servers.map(({ issuer }) => issuer) };
}

const properties = (name: string, config: object = {}) => ({
  name,
  configuration: JSON.stringify({
    credentialProviderVendor: 'CustomOauth2',
    member: 'customOauth2ProviderConfig',
    config: { oauthDiscovery: { discoveryUrl: mcp.discoveryUrl }, clientId: 'stack-client', ...config },
  }),
  secret: { source: 'MANAGED' as const, secretId },
  policy: '',
});

/** Creates the provider at the first authorization server, which the template states by default. */
const create = (name: string, config: object = { authorizationServer: first.issuer }) =>
  cloudformation.ask('Create', OAUTH2, { properties: properties(name, config) });

/**
 * Deploys the provider, with these members in addition to those of its creation.
 *
 * @param physicalId its earlier name
 */
const deploy = (name: string, config?: object, physicalId = name) =>
  cloudformation.ask('Update', OAUTH2, {
    properties: properties(name, config),
    old: properties(physicalId),
    physicalId,
  });

async function serverOf(name: string): Promise<unknown> {
  const { body } = await cloudformation.world.post('GetOauth2CredentialProvider', { name }, 'operator');
  const { protectedResource } = JSON.parse(body) as { protectedResource?: { authorizationServer: string } };
  return protectedResource?.authorizationServer;
}

it('creates a provider with a secret only at a stated authorization server', async () => {
  expect(await create('unstated', {})).toMatchObject({
    Status: 'FAILED',
    Reason: expect.stringContaining('Set authorizationServer of OAuth2Vendor.mcp') as string,
  });
  expect(await create('other', { authorizationServer: next.issuer })).toMatchObject({ Status: 'FAILED' });
  expect(await serverOf('unstated')).toBeUndefined();
  expect(await create('stated')).toMatchObject({ Status: 'SUCCESS' });
});

it('fails a rollback to a configuration from before a move to another authorization server', async () => {
  await create('moved');
  names(first, next);
  expect(await deploy('moved', { authorizationServer: next.issuer })).toMatchObject({ Status: 'SUCCESS' });
  expect(await deploy('moved')).toMatchObject({
    Status: 'FAILED',
    Reason: expect.stringContaining('Set authorizationServer of OAuth2Vendor.mcp') as string,
  });
  expect(await serverOf('moved')).toBe(next.issuer);
  // The template must state the server of its client, and then it can return.
  expect(await deploy('moved', { authorizationServer: first.issuer })).toMatchObject({ Status: 'SUCCESS' });
  expect(await serverOf('moved')).toBe(first.issuer);
});

const remove = (name: string) =>
  cloudformation.world.control('operator').deleteOauth2CredentialProvider({ name });

const UNKNOWN_SERVER = {
  Status: 'FAILED',
  Reason: expect.stringContaining(
    'Set authorizationServer and endpointOrigins of OAuth2Vendor.mcp',
  ) as string,
};

it('gives another name, and the earlier name in a rollback, to a provider at the stated server only', async () => {
  await create('before');
  names(next);
  expect(await deploy('after', {}, 'before')).toMatchObject(UNKNOWN_SERVER);
  names(first);
  const stated = { authorizationServer: first.issuer, endpointOrigins: [first.issuer] };
  expect(await deploy('after', stated, 'before')).toMatchObject({ Status: 'SUCCESS' });
  await remove('before');
  names(next);
  expect(await deploy('before', {}, 'after')).toMatchObject(UNKNOWN_SERVER);
  expect(await serverOf('before')).toBeUndefined();
});

describe('after the provider was deleted outside the stack', () => {
  it.each([
    ['no authorization server', () => ({})],
    ['no origins of its endpoints', () => ({ authorizationServer: first.issuer })],
  ])('it is not created again by a template with %s', async (_what, config) => {
    await create('deleted');
    await remove('deleted');
    names(next);
    expect(await deploy('deleted', config())).toMatchObject(UNKNOWN_SERVER);
    expect(await serverOf('deleted')).toBeUndefined();
  });

  it('it is created again by a template without a secret, which no server could get', async () => {
    const withoutSecret = { ...properties('public'), secret: undefined };
    const ask = { properties: withoutSecret, old: withoutSecret, physicalId: 'public' };
    expect(await cloudformation.ask('Update', OAUTH2, ask)).toMatchObject({ Status: 'SUCCESS' });
  });

  it('it is created again at the stated server only', async () => {
    await create('again');
    await remove('again');
    const stated = { authorizationServer: first.issuer, endpointOrigins: [first.issuer] };
    names(next);
    expect(await deploy('again', stated)).toMatchObject({ Status: 'FAILED' });
    names(first);
    expect(await deploy('again', stated)).toMatchObject({ Status: 'SUCCESS' });
    expect(await serverOf('again')).toBe(first.issuer);
  });
});
