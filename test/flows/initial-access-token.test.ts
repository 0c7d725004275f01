/** An authorization server that registers clients only with an initial access token (RFC 7591 section 3). */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type Provider from 'oidc-provider';
import { Browser } from './support/browser';
import { CloudFormation, OAUTH2 } from './support/cloudformation';
import { forAnyResource, startMcpServer, type ProtectedMcpServer } from './support/mcp-server';
import { alsoSending } from './support/members-beyond-aws';
import { startProvider, type TestProvider } from './support/provider';
import { putSecret } from './support/secrets';
import { TestAgent } from './support/world';

const TOKEN = 'initial-access-token-of-the-owner';
const SCOPES = ['openid', 'notes'];

/** `Authorization` of the requests to the registration endpoint. */
const registrations: (string | undefined)[] = [];

function recordRegistrations(provider: Provider): void {
  provider.use(async (ctx, next) => {
    if (ctx.path === '/reg') registrations.push(ctx.get('authorization'));
    await next();
  });
}

const cloudFormation = CloudFormation.ofFile();
const { world } = cloudFormation;
let server: TestProvider;
let mcp: ProtectedMcpServer;
beforeAll(async () => {
  server = await startProvider(
    {
      scopes: SCOPES,
      features: {
        ...forAnyResource(),
        registration: { enabled: true, initialAccessToken: TOKEN },
        registrationManagement: { enabled: true },
      },
    },
    { prepare: recordRegistrations },
  );
  mcp = await startMcpServer(server.issuer);
});
beforeEach(() => registrations.splice(0));
afterAll(async () => {
  await mcp.close();
  await server.close();
});

const configOf = (members: object = {}) => ({
  oauthDiscovery: { discoveryUrl: mcp.discoveryUrl },
  ...members,
});

/** Creates a credential provider; returns its callback URL. */
async function create(name: string, members: object): Promise<string> {
  const control = alsoSending(world.control(), {
    oauth2ProviderConfigInput: { customOauth2ProviderConfig: configOf(members) },
  });
  const { callbackUrl = '' } = await control.createOauth2CredentialProvider({
    name,
    credentialProviderVendor: 'CustomOauth2',
    oauth2ProviderConfigInput: {} as never,
  });
  return callbackUrl;
}

const rejection = (message: RegExp) => ({
  name: 'ValidationException',
  message: expect.stringMatching(message) as string,
});

it('registers the client with the token, which is sent once and stored nowhere', async () => {
  const callbackUrl = await create('notes', { initialAccessToken: TOKEN });
  server.allowRedirect(callbackUrl);
  const { name, client } = await world.agent();
  const agent = new TestAgent(client, name, 'notes', callbackUrl);
  const token = await agent.token({ userId: 'ana' });
  const { authorizationUrl } = await agent.ask(token, { scopes: SCOPES });
  await agent.complete(await agent.consent(authorizationUrl, 'ana', new Browser()), { userId: 'ana' });
  const { accessToken = '' } = await agent.ask(token, { scopes: SCOPES });
  expect(await mcp.call(accessToken)).toBe(200);
  expect(registrations).toEqual([`Bearer ${TOKEN}`]);

  const entries = await readdir(world.dataDir, { recursive: true, withFileTypes: true });
  const files = entries.filter((file) => file.isFile());
  const stored = await Promise.all(files.map((file) => readFile(join(file.parentPath, file.name), 'latin1')));
  expect(stored.join('\n')).toContain(agent.name);
  for (const form of [TOKEN, Buffer.from(TOKEN).toString('base64').replace(/=+$/, '')]) {
    expect(stored.join('\n').includes(form)).toBe(false);
  }
});

const fromIssuer = (iss: string): string =>
  ['{}', JSON.stringify({ iss }), '{}'].map((part) => Buffer.from(part).toString('base64url')).join('.');

it('says what to do without a token, and with one that the server does not accept', async () => {
  await expect(create('without', {})).rejects.toMatchObject(
    rejection(/\): the server does not register clients without .* \(40\d\); set initialAccessToken, or/),
  );
  const wrong = fromIssuer(server.issuer);
  const refused = create('wrong', { initialAccessToken: wrong });
  await expect(refused).rejects.toMatchObject(
    rejection(/does not accept the initial access token.* set another initialAccessToken, or/),
  );
  await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining(wrong) as string });
  expect(registrations).toHaveLength(2);
});

it('sends no token to a server that did not issue it', async () => {
  const initialAccessToken = fromIssuer('https://another.example/realms/people');
  await expect(create('elsewhere', { initialAccessToken })).rejects.toMatchObject(
    rejection(/\(invalid_token\): .*from another issuer/),
  );
  expect(registrations).toEqual([]);
});

it.each<[string, () => object]>([
  ['with a client of the owner', () => ({ clientId: 'agents' })],
  ['with an authentication method', () => ({ clientAuthenticationMethod: 'AWS_IAM_ID_TOKEN_JWT' })],
  [
    'for a server that is not that of a protected resource',
    () => ({ clientId: 'agents', clientSecret: 's', oauthDiscovery: { discoveryUrl: server.discoveryUrl } }),
  ],
])('is rejected %s', async (_what, members) => {
  const created = create('superfluous', { initialAccessToken: TOKEN, ...members() });
  await expect(created).rejects.toMatchObject(rejection(/initialAccessToken: must be omitted unless/));
});

it.each(['', 'a b', 'a\r\nx: y', 'a'.repeat(4097)])('is rejected if it is no bearer token', async (token) => {
  await expect(create('malformed', { initialAccessToken: token })).rejects.toMatchObject(
    rejection(/initialAccessToken/),
  );
});

it('comes from the secret of a stack, at creation, and an update keeps the client', async () => {
  const { arn: secretId } = await putSecret(TOKEN, null);
  const properties = {
    name: 'of-a-stack',
    configuration: JSON.stringify({
      credentialProviderVendor: 'CustomOauth2',
      member: 'customOauth2ProviderConfig',
      config: configOf({ authorizationServer: server.issuer }),
      secretMember: 'initialAccessToken',
    }),
    secret: { source: 'MANAGED', secretId },
    policy: '',
  };
  expect(await cloudFormation.ask('Create', OAUTH2, { properties })).toMatchObject({ Status: 'SUCCESS' });
  const updated = await cloudFormation.ask('Update', OAUTH2, { properties, physicalId: 'of-a-stack' });
  expect(updated).toMatchObject({ Status: 'SUCCESS' });
  expect(registrations).toEqual([`Bearer ${TOKEN}`]);
});
