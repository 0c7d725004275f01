/**
 * Clients that the service registered are deleted at the real authorization server (RFC 7592) when no provider has them:
 * after the revocations that they authenticate, and again after a failure.
 */
import { randomUUID } from 'node:crypto';
import type { InvokedHandler } from '../../lib/local/lambda';
import { localFunctionName } from '../../lib/local/gateway-event';
import { Browser } from './support/browser';
import { moveClock } from './support/clock';
import { customProvider } from './support/custom-provider';
import { outrunWrites } from './support/interference';
import { forAnyResource, startMcpServer, type ProtectedMcpServer } from './support/mcp-server';
import { Registrations } from './support/registrations';
import { TestAgent, World } from './support/world';

const SCOPES = ['openid', 'offline_access', 'notes'];
const MINUTE = 61;
const DAY = 24 * 3600 + 2 * MINUTE;

const registrations = new Registrations();
let mcp: ProtectedMcpServer;
const world = World.ofFile(
  {
    scopes: SCOPES,
    features: {
      ...forAnyResource(),
      registration: { enabled: true },
      registrationManagement: { enabled: true },
      revocation: { enabled: true },
    },
  },
  undefined,
  { prepare: registrations.prepare },
);
beforeAll(async () => {
  mcp = await startMcpServer(world.provider.issuer);
});
beforeEach(() => {
  registrations.reset();
});
afterAll(async () => {
  await mcp.close();
});

const configured = (name: string, clientId?: string, members: object = {}) => ({
  name,
  ...customProvider(mcp.discoveryUrl, { ...(clientId !== undefined && { clientId }), ...members }),
});

const create = (name: string) => world.control().createOauth2CredentialProvider(configured(name));
const remove = (name: string) => world.control().deleteOauth2CredentialProvider({ name });

/** Sweeps the outbox, as the schedule does, after this many seconds. */
async function sweep(after = 0): Promise<void> {
  if (after > 0) moveClock(after);
  const name = localFunctionName('revocation');
  const handler = world.local.functions.get(name) as InvokedHandler;
  await handler({ sweep: true }, { awsRequestId: randomUUID(), invokedFunctionArn: name });
}

/** Sweeps until the server has answered this many requests. */
async function swept(requests: number, after = 0): Promise<void> {
  await sweep(after);
  for (let tries = 0; tries < 100 && registrations.requests.length < requests; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    await sweep();
  }
}

/** The audit entries of the deletion of this provider's client. Waits for the first one. */
async function deletions(name: string): Promise<Record<string, unknown>[]> {
  for (let tries = 0; ; tries += 1) {
    const entries = (await world.audit()).filter(
      ({ operation, credentialProvider }) =>
        operation === 'UnregisterClient' && String(credentialProvider).endsWith(`/${name}`),
    );
    if (entries.length > 0 || tries === 100) return entries;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

it('deletes the client of a deleted provider, and records it', async () => {
  await create('unused');
  await remove('unused');
  await swept(2);
  expect(registrations.summary).toEqual([
    ['POST', 201],
    ['DELETE', 204],
  ]);
  expect(await deletions('unused')).toEqual([expect.objectContaining({ outcome: 'allowed' })]);
  await sweep(DAY);
  expect(registrations.requests).toHaveLength(2);
});

it('deletes the client after the revocations that it authenticates', async () => {
  const { callbackUrl = '' } = await create('used');
  world.provider.allowRedirect(callbackUrl);
  const { name, client } = await world.agent();
  const agent = new TestAgent(client, name, 'used', callbackUrl);
  const token = await agent.token({ userId: 'ana' });
  const { authorizationUrl } = await agent.ask(token, { scopes: SCOPES });
  await agent.complete(await agent.consent(authorizationUrl, 'ana', new Browser()), { userId: 'ana' });
  await remove('used');
  await swept(3);
  const methods = () => registrations.requests.map(({ method }) => method);
  expect(methods()).not.toContain('DELETE');
  await swept(methods().length + 1, MINUTE);
  expect(registrations.summary.at(-1)).toEqual(['DELETE', 204]);
  expect(registrations.summary).toContainEqual(['REVOKE', 200]);
  expect((await world.audit()).filter(({ operation }) => operation === 'RevokeAtProvider')).toEqual([
    expect.objectContaining({ provider: 'used', result: 'CONFIRMED' }),
  ]);
});

it('tries again while the server is unavailable, and not before it asks for it', async () => {
  await create('down');
  const body = {};
  registrations.instead = [
    { status: 503, body, headers: { 'retry-after': '600' } },
    { status: 429, body },
  ];
  await remove('down');
  await swept(2);
  await sweep(300);
  expect(registrations.summary.slice(1)).toEqual([['DELETE', 503]]);
  await swept(3, 301);
  await swept(4, MINUTE);
  expect(registrations.summary.slice(1)).toEqual([
    ['DELETE', 503],
    ['DELETE', 429],
    ['DELETE', 204],
  ]);
  expect(await deletions('down')).toEqual([expect.objectContaining({ outcome: 'allowed' })]);
});

it('gives up after a day, and says so', async () => {
  await create('gone');
  registrations.instead = [500, 500].map((status) => ({ status, body: {} }));
  await remove('gone');
  await swept(2);
  await swept(3, DAY);
  const failed = {
    outcome: 'failed',
    reason: expect.stringMatching(/still registered.*registration_failed/) as string,
  };
  expect(await deletions('gone')).toEqual([expect.objectContaining(failed)]);
  await sweep(DAY);
  expect(registrations.requests).toHaveLength(3);
});

it('does not try again if the server refuses', async () => {
  const [name, status] = ['refused', 403];
  await create(name);
  registrations.instead = [{ status, body: {} }];
  await remove(name);
  await swept(2);
  await sweep(DAY);
  expect(registrations.summary.slice(1)).toEqual([['DELETE', status]]);
  expect(await deletions(name)).toEqual([expect.objectContaining({ outcome: 'failed' })]);
});

it('keeps the client of a stored provider', async () => {
  await create('kept');
  await world.control().updateOauth2CredentialProvider(configured('kept'));
  await sweep(MINUTE);
  await sweep(DAY);
  expect(registrations.summary).toEqual([['POST', 201]]);
});

it('deletes the client that an update replaces, when no revocation is left that it authenticates', async () => {
  await create('replaced');
  await world.control().updateOauth2CredentialProvider(configured('replaced', 'my-client'));
  await sweep(MINUTE);
  expect(registrations.summary).toEqual([['POST', 201]]);
  await swept(2, DAY);
  expect(registrations.summary.slice(1)).toEqual([['DELETE', 204]]);
  expect(await deletions('replaced')).toEqual([expect.objectContaining({ outcome: 'allowed' })]);
});

it('deletes the client of a creation that failed in any way after the registration', async () => {
  // The AWS SDK client repeats the request, which then succeeds with another client.
  outrunWrites('Directory', () => Promise.reject(new Error('the table is unavailable')));
  await create('repeated');
  jest.restoreAllMocks();
  expect(registrations.summary).toEqual([
    ['POST', 201],
    ['POST', 201],
  ]);
  await swept(3, MINUTE);
  expect(registrations.summary.slice(2)).toEqual([['DELETE', 204]]);
  const { oauth2ProviderConfigOutput: output } = await world
    .control()
    .getOauth2CredentialProvider({ name: 'repeated' });
  expect(output?.customOauth2ProviderConfig?.clientId).toEqual(expect.any(String));
  expect(registrations.deleted).not.toContain(output?.customOauth2ProviderConfig?.clientId);
});

it('deletes a client that the server gave to several providers with the last of them', async () => {
  let client: Record<string, unknown> = {};
  registrations.change = (response) => (client = response);
  await create('first');
  const { registration_client_uri, registration_access_token } = client;
  registrations.change = { registration_client_uri, registration_access_token };
  await create('second');
  await remove('first');
  await sweep(MINUTE);
  await sweep(DAY);
  expect(registrations.summary.map(([method]) => method)).toEqual(['POST', 'POST']);
  await remove('second');
  await swept(3);
  expect(registrations.summary.slice(2)).toEqual([['DELETE', 204]]);
  expect(registrations.deleted).toEqual([client.client_id]);
});

it.each([
  ['at the MCP server', 'restored', () => ({})],
  [
    'at its authorization server',
    'restored-there',
    () => ({ oauthDiscovery: { discoveryUrl: world.provider.discoveryUrl }, clientSecret: 'a-secret' }),
  ],
])('keeps a client that its owner has configured again by hand %s', async (_where, name, members) => {
  await create(name);
  const { oauth2ProviderConfigOutput: output } = await world.control().getOauth2CredentialProvider({ name });
  const { clientId } = output?.customOauth2ProviderConfig ?? {};
  await world.control().updateOauth2CredentialProvider(configured(name, 'my-client'));
  await world.control().updateOauth2CredentialProvider(configured(name, clientId, members()));
  await sweep(DAY);
  await sweep(DAY);
  expect(registrations.summary).toEqual([['POST', 201]]);
});

it('keeps a client that the server also gave to another provider, at another address', async () => {
  let client: Record<string, unknown> = {};
  registrations.change = (response) => (client = response);
  await create('one');
  const { client_id, registration_access_token, registration_client_uri } = client;
  registrations.change = {
    client_id,
    registration_access_token,
    registration_client_uri: `${String(registration_client_uri)}?again`,
  };
  await create('other');
  await remove('one');
  await sweep(MINUTE);
  await sweep(DAY);
  expect(registrations.summary.map(([method]) => method)).toEqual(['POST', 'POST']);
  await remove('other');
  await swept(3);
  expect(registrations.deleted).toEqual([client.client_id]);
});

it('sends the registration access token to no other server, and stores and logs it nowhere in clear text', async () => {
  registrations.change = {
    registration_client_uri: `${mcp.origin}/reg/victim`,
    registration_access_token: 'a-registration-access-token',
  };
  await create('elsewhere');
  const before = mcp.requests.length;
  await remove('elsewhere');
  await sweep(MINUTE);
  expect(mcp.requests).toHaveLength(before);
  expect(registrations.summary).toEqual([['POST', 201]]);
  expect(JSON.stringify(await world.audit())).not.toContain('a-registration-access-token');
});
