/** The wrapper for MCP servers, under the official SDK's server and client. */
import { spawnSync } from 'node:child_process';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { UrlElicitationRequiredError } from '@modelcontextprotocol/sdk/types.js';
import { World, type TestAgent } from '../support/world';
import { federated } from './agent-code';
import { startMcpServer, type TestMcpServer } from './mcp-server';

let agent: TestAgent;
let server: TestMcpServer;
const clients: Client[] = [];
const world = World.ofFile();
beforeAll(async () => {
  agent = await world.agent();
  server = await startMcpServer(() => federated(world, agent));
});
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await server.close();
});

/** A client whose requests look like those that the gate forwards. */
async function clientOf(headers: Record<string, string>, { url } = server): Promise<Client> {
  const client = new Client(
    { name: 'test', version: '1.0.0' },
    { capabilities: { elicitation: { url: {} } } },
  );
  const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } });
  await client.connect(transport);
  clients.push(client);
  return client;
}

const forUser = async (userId: string) => clientOf({ WorkloadAccessToken: await agent.token({ userId }) });

const call = (client: Client) => client.callTool({ name: 'token' });
const text = (value: unknown) => ({ content: [{ type: 'text', text: value }] });

async function elicitationOf(client: Client) {
  const failure: unknown = await call(client).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(UrlElicitationRequiredError);
  const { code, elicitations } = failure as UrlElicitationRequiredError;
  expect(code).toBe(-32042);
  expect(elicitations).toHaveLength(1);
  return elicitations[0]!;
}

const issued = (): unknown => world.provider.exchanges.at(-1)?.answer.access_token;

it("returns the link as an elicitation, and the tool's result after the user has consented", async () => {
  const client = await forUser('ana');
  const { url, elicitationId, mode, message } = await elicitationOf(client);
  expect([mode, message]).toEqual(['url', expect.stringContaining(agent.providerName)]);
  // A second request before the consent returns the same link.
  expect(await elicitationOf(client)).toMatchObject({ url, elicitationId });
  const back = await agent.consent(url, 'ana');
  await agent.complete(back, { userId: 'ana' });
  expect(await call(client)).toMatchObject(text(issued()));
});

it.each<[string, (client: Client) => Promise<unknown>]>([
  ['a prompt', (client) => client.getPrompt({ name: 'token' })],
  ['a resource', (client) => client.readResource({ uri: 'calendar://token' })],
  ['a resource of a template', (client) => client.readResource({ uri: 'calendar://days/today' })],
])('returns the link as an elicitation of %s', async (title, read) => {
  const userId = `gus-${title}`;
  const client = await forUser(userId);
  const failure: unknown = await read(client).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(UrlElicitationRequiredError);
  const [elicitation] = (failure as UrlElicitationRequiredError).elicitations;
  await agent.complete(await agent.consent(elicitation?.url, userId), { userId });
  expect(JSON.stringify(await read(client))).toContain(String(issued()));
});

it('asks each user for their own consent', async () => {
  const first = await elicitationOf(await forUser('ben'));
  const second = await elicitationOf(await forUser('cleo'));
  expect(second.url).not.toBe(first.url);
});

it('asks for consent again when the resource rejects the token and it cannot be renewed', async () => {
  const old = await agent.connect('dora');
  const client = await forUser('dora');
  expect(await call(client)).toMatchObject(text(old));
  server.refused.add(old);
  const { url } = await elicitationOf(client);
  await agent.complete(await agent.consent(url, 'dora'), { userId: 'dora' });
  expect(await call(client)).toMatchObject(text(issued()));
  expect(issued()).not.toBe(old);
});

it('neither waits nor forces authentication, even with options for another wrapper', async () => {
  const links: string[] = [];
  const waiting = {
    ...federated(world, agent),
    forceAuthentication: true,
    onAuthUrl: (link: string) => void links.push(link),
  };
  const other = await startMcpServer(() => waiting);
  try {
    const client = await clientOf({ WorkloadAccessToken: await agent.token({ userId: 'fay' }) }, other);
    const { url } = await elicitationOf(client);
    await agent.complete(await agent.consent(url, 'fay'), { userId: 'fay' });
    expect(await call(client)).toMatchObject(text(issued()));
    expect(links).toEqual([]);
  } finally {
    await other.close();
  }
});

it('reports other errors as tool errors, without the token', async () => {
  const answer = await call(await clientOf({}));
  expect(answer).toMatchObject({ isError: true });
  expect(JSON.stringify(answer)).toContain('WorkloadAccessToken header');
  const forged = (await agent.token({ userId: 'eve' })).slice(0, -4);
  const refused = await call(await clientOf({ WorkloadAccessToken: forged }));
  expect(refused).toMatchObject({ isError: true });
  expect(JSON.stringify(refused)).not.toContain(forged);
});

it.each([
  ['an ES module', 'module', 'mcp.mts', (name: string, from: string) => `import ${name} from '${from}';`],
  [
    'a CommonJS module',
    'commonjs',
    'mcp.ts',
    (name: string, from: string) => `const ${name} = require('${from}');`,
  ],
])('throws an error of the SDK instance that the server has loaded as %s', (_, type, file, load) => {
  const program = `
    ${load('{ UrlElicitationRequiredError }', '@modelcontextprotocol/sdk/types.js')}
    ${load('{ withAccessToken }', `./lib/client/${file}`)}
    const identity = { send: () => Promise.resolve({ authorizationUrl: 'https://example.com', sessionUri: 'urn:x' }) };
    withAccessToken({ identity, providerName: 'p', scopes: [], authFlow: 'M2M', workloadIdentityToken: 't' })(() => 0)()
      .catch((error) => { process.exitCode = error instanceof UrlElicitationRequiredError ? 42 : 1; });`;
  const { status } = spawnSync(
    process.execPath,
    ['--import', 'tsx', `--input-type=${type}`, '--eval', program],
    {
      cwd: `${__dirname}/../../..`,
    },
  );
  expect(status).toBe(42);
});
