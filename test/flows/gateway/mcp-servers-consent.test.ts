/** Several MCP servers at the one URL of a gateway, each of which needs the user's consent. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { gatewayFetch } from '../../../lib/client/index';
import { World, type TestAgent } from '../support/world';
import { oauth, openGateway, type TestGateway } from './gateways';
import { TestMcpServer, tool } from './mcp-server';

const world = World.ofFile();
const notes = TestMcpServer.ofFile('list');
const mail = TestMcpServer.ofFile('send');
let agent: TestAgent;
let other: TestAgent;
let gateway: TestGateway;

const stated = (...names: string[]) => ({
  mcpToolSchema: { inlinePayload: JSON.stringify({ tools: names.map((name) => tool(name)) }) },
});

beforeAll(async () => {
  [agent, other] = [await world.agent(), await world.agent()];
  gateway = await openGateway(world, 'AWS_IAM', { protocolType: 'MCP' });
  await gateway.mcpServer('notes', notes.endpoint, {
    ...stated('list'),
    credential: oauth(agent.providerName),
  });
  await gateway.mcpServer('mail', mail.endpoint, {
    ...stated('send'),
    credential: oauth(other.providerName),
  });
});

type Version = '2025-11-25' | '2026-07-28';
let users = 0;

/** A client of the agent for a user who has not consented yet. */
async function newClient(
  version: Version,
  onUrl: (url: string, userId: string) => Promise<void>,
  { url: address } = gateway,
) {
  const userId = `user-${(users += 1)}`;
  const workloadIdentityToken = await agent.token({ userId });
  const mode = version === '2026-07-28' ? ({ pin: version } as const) : 'legacy';
  const client = new Client(
    { name: 'test', version: '1' },
    { capabilities: { elicitation: { url: {} } }, versionNegotiation: { mode } },
  );
  client.setRequestHandler('elicitation/create', async ({ params }) => {
    await onUrl('url' in params ? params.url : '', userId);
    return { action: 'accept' };
  });
  const send = gatewayFetch(address, { identity: agent.client, workloadIdentityToken });
  await client.connect(new StreamableHTTPClientTransport(new URL(address), { fetch: send }));
  return { client, userId };
}

async function consent(url: string, userId: string): Promise<void> {
  await agent.complete(await agent.consent(url, userId), { userId });
}

it('a client of version 2025-11-25 lists all tools without a consent, and gets a URL for each server that it calls', async () => {
  const { client, userId } = await newClient('2025-11-25', () => Promise.reject(new Error('not asked')));
  expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['mail___send', 'notes___list']);
  for (const name of ['notes___list', 'mail___send']) {
    const error = (await client.callTool({ name }).catch((caught: unknown) => caught)) as {
      code: number;
      data: { elicitations: readonly [{ url: string }] };
    };
    expect(error.code).toBe(-32042);
    await consent(error.data.elicitations[0].url, userId);
    expect(await client.callTool({ name })).toMatchObject({ content: [{ type: 'text' }] });
  }
  const [[forNotes], [forMail]] = [notes.authorizations, mail.authorizations];
  expect(forNotes).toMatch(/^Bearer /);
  expect(forMail).toMatch(/^Bearer /);
  expect(forMail).not.toBe(forNotes);
});

it('a client of version 2026-07-28 continues its call after the consent', async () => {
  const { client } = await newClient('2026-07-28', (url, userId) => {
    void consent(url, userId);
    return Promise.resolve();
  });
  expect(await client.callTool({ name: 'notes___list' })).toMatchObject({ content: [{ text: 'list done' }] });
});

it('a call that waits for the consent is not sent if its target has changed', async () => {
  const own = await openGateway(world, 'AWS_IAM', { protocolType: 'MCP' });
  await own.mcpServer('notes', notes.endpoint, {
    ...stated('list'),
    credential: oauth(agent.providerName),
  });
  const requests = async () =>
    (await world.audit()).filter(({ operation }) => operation === 'GetResourceOauth2Token').length;
  const removeWhileWaiting = async (url: string, userId: string) => {
    const before = await requests();
    while ((await requests()) === before) await new Promise((resolve) => setTimeout(resolve, 50));
    await own.remove('notes');
    await consent(url, userId);
  };
  let removed: Promise<void> | undefined;
  const { client } = await newClient(
    '2026-07-28',
    (url, userId) => {
      removed = removeWhileWaiting(url, userId);
      return Promise.resolve();
    },
    own,
  );
  notes.requests.length = 0;
  await expect(client.callTool({ name: 'notes___list' })).rejects.toThrow('no longer has access');
  await removed;
  expect(notes.requests).toEqual([]);
});

describe('after the consent', () => {
  let client: Client;
  let userId: string;
  beforeEach(async () => {
    ({ client, userId } = await newClient('2026-07-28', (url, user) => consent(url, user)));
    await client.callTool({ name: 'notes___list' });
    notes.requests.length = 0;
  });

  it('a call that the server rejects is repeated with a renewed token', async () => {
    const rejected = new Set<string | undefined>();
    notes.before = ({ headers: { authorization } }, response) => {
      if (rejected.size === 0) rejected.add(authorization);
      return rejected.has(authorization) && Boolean(response.writeHead(401).end());
    };
    expect(await client.callTool({ name: 'notes___list' })).toMatchObject({
      content: [{ text: 'list done' }],
    });
    expect(notes.authorizations).toHaveLength(2);
  });

  it('a call ends when the grant is revoked', async () => {
    const started = new Promise<void>((resolve) => {
      notes.run = () => {
        resolve();
        return new Promise(() => undefined);
      };
    });
    const called = client.callTool({ name: 'notes___list' });
    await started;
    await world.operate('RevokeGrants', { user: { userId } });
    await expect(called).rejects.toThrow(/access-ended|no longer has access/);
  });
});

it.each(['AUTHORIZATION_CODE', 'TOKEN_EXCHANGE'] as const)(
  'a target with %s must state its tools, because no user is there when they are fetched',
  async (grantType) => {
    const defaultReturnUrl = grantType === 'AUTHORIZATION_CODE' ? {} : { defaultReturnUrl: undefined };
    const credential = oauth(agent.providerName, { grantType, ...defaultReturnUrl });
    const created = gateway.mcpServer('another', notes.endpoint, { credential });
    await expect(created).rejects.toThrow(`mcpToolSchema: is required with the grantType ${grantType}`);
    expect(notes.requests).toEqual([]);
  },
);
