/** `agent-identity provider test` after an authorization server has moved its metadata to another location. */
import { createServer } from 'node:http';
import { listenOnLoopback } from '../../lib/local/loopback-server';
import { ServiceForCommands } from './command-under-test';

const INSERTED = '/.well-known/oauth-authorization-server/tenant';
const APPENDED = '/tenant/.well-known/openid-configuration';

const local = ServiceForCommands.ofFile();
let documents: Record<string, unknown> = {};
const server = createServer((request, response) => {
  const document = documents[request.url ?? ''];
  response.writeHead(document ? 200 : 404, { 'content-type': 'application/json' });
  response.end(JSON.stringify(document ?? {}));
});
let origin: string;
let closeServer: () => Promise<void>;

beforeAll(async () => {
  const { port, close } = await listenOnLoopback(server, 0);
  closeServer = close;
  origin = `http://127.0.0.1:${port}`;
});

afterAll(async () => {
  await closeServer();
});

it('reads the metadata where the service reads them, and says how the service finds them again', async () => {
  const issuer = `${origin}/tenant`;
  const resource = {
    '/.well-known/oauth-protected-resource/mcp': {
      resource: `${origin}/mcp`,
      authorization_servers: [issuer],
    },
  };
  const metadata = {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    code_challenge_methods_supported: ['S256'],
  };
  documents = { ...resource, [INSERTED]: metadata };
  const added = ['provider', 'add', 'moved', '--mcp', `${origin}/mcp`, '--client-id', 'client', '--public'];
  expect(await local.run(added)).toMatchObject({ status: 0 });
  expect(await local.run(['provider', 'test', 'moved'])).toMatchObject({
    stdout: expect.stringMatching(/^ok +discovery /m) as string,
  });

  documents = { ...resource, [APPENDED]: metadata };
  const update = `agent-identity provider update moved --mcp ${origin}/mcp --authorization-server ${issuer}`;
  const moved = await local.run(['provider', 'test', 'moved']);
  expect(moved.status).toBe(1);
  expect(moved.stdout).toMatch(new RegExp(`^fail +discovery +${origin}${INSERTED}: `, 'm'));
  expect(moved.stdout).toContain(`but at ${origin}${APPENDED}`);
  expect(moved.stdout).toContain(`Run ${update}, so that`);

  expect(await local.run(update.split(' ').slice(1))).toMatchObject({ status: 0 });
  expect(await local.run(['provider', 'test', 'moved'])).toMatchObject({
    stdout: expect.stringMatching(/^ok +discovery /m) as string,
  });

  documents = resource;
  const gone = await local.run(['provider', 'test', 'moved']);
  expect(gone.status).toBe(1);
  expect(gone.stdout).toContain(`${origin}${APPENDED}: the authorization server has no metadata\n`);
  expect(gone.stdout).toContain('Ask the operator of the MCP server to correct its authorization_servers');
});
