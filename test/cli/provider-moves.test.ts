/** `provider update` for an MCP server whose authorization server has endpoints at several origins. */
import { createServer } from 'node:http';
import { listenOnLoopback } from '../../lib/local/loopback-server';
import { ServiceForCommands } from './command-under-test';

const local = ServiceForCommands.ofFile();

it('prints the origins that the owner confirms, if the MCP server moved to such an authorization server', async () => {
  let documents: Record<string, unknown> = {};
  const server = createServer((request, response) => {
    const document = documents[request.url ?? ''];
    response.writeHead(document ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(document ?? {}));
  });
  const { port, close } = await listenOnLoopback(server, 0);
  const origin = `http://127.0.0.1:${port}`;
  const metadata = (issuer: string) => ({
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
  });
  const resource = (issuer: string) => ({
    '/.well-known/oauth-protected-resource/mcp': {
      resource: `${origin}/mcp`,
      authorization_servers: [issuer],
    },
  });
  const before = `${origin}/before`;
  documents = { ...resource(before), '/.well-known/oauth-authorization-server/before': metadata(before) };
  const client = ['--client-id', 'client', '--public'];
  const added = await local.run(['provider', 'add', 'moving', '--mcp', `${origin}/mcp`, ...client]);
  expect(added).toMatchObject({ status: 0 });

  const after = `${origin}/after`;
  const moved = { ...metadata(after), token_endpoint: 'https://tokens.example/token' };
  documents = { ...resource(after), '/.well-known/oauth-authorization-server/after': moved };
  // The command that `provider test` prints: it has requested nothing from the new server.
  const confirm = ['provider', 'update', 'moving', '--mcp', `${origin}/mcp`, '--authorization-server', after];
  const refused = await local.run(confirm);
  expect(refused).toMatchObject({ status: 1, stdout: '' });
  const options = `--endpoint-origin ${origin} --endpoint-origin https://tokens.example`;
  expect(refused.stderr).toMatch(
    new RegExp(`^--endpoint-origin is required: .* If so, repeat the command with ${options}\\n$`),
  );
  expect(await local.run([...confirm, ...options.split(' ')])).toMatchObject({ status: 0 });
  await close();
});
