/** `agent-identity gateway call` through gateways of a service on this computer to a real target. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startIssuer, type TestIssuer } from '../flows/support/issuer';
import { startProvider, type TestProvider } from '../flows/support/provider';
import { ServiceForCommands } from './command-under-test';

let local: ServiceForCommands;
let idp: TestProvider;
let issuer: TestIssuer;
let server: Server;
let targetUrl: string;

interface Received extends Pick<IncomingMessage, 'method' | 'url' | 'headers'> {
  readonly body: string;
}

const received: Received[] = [];

/** Starts a server whose responses have two lines, and a character that a terminal interprets. */
function startTarget(): Promise<void> {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method, url, headers } = request;
      received.push({ method, url, headers, body: Buffer.concat(chunks).toString('utf8') });
      const isMissing = url?.endsWith('/missing') === true;
      response.writeHead(isMissing ? 404 : 200, { 'content-type': 'text/plain' });
      response.write('first line\n');
      response.end(`\u001b[31m${isMissing ? 'nothing here' : 'second line'}`);
    });
  });
  return new Promise((listening) => server.listen(0, '127.0.0.1', listening));
}

beforeAll(async () => {
  await startTarget();
  targetUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`;
  [idp, issuer] = await Promise.all([startProvider(), startIssuer()]);
  const { audience } = issuer;
  local = await ServiceForCommands.start({
    TRUSTED_ISSUERS: JSON.stringify([{ discoveryUrl: issuer.discoveryUrl, allowedAudience: [audience] }]),
  });
  await local.json(['agent', 'add', 'travel', '--return-url', 'http://127.0.0.1:8400/done']);
  await local.json(['provider', 'add', 'weather', '--api-key'], { input: 'the-key' });
  const client = ['--client-id', idp.clientId, '--discovery-url', idp.discoveryUrl];
  await local.json(['provider', 'add', 'calendar', '--vendor', 'custom', ...client], {
    input: idp.clientSecret,
  });
  await local.json(['gateway', 'add', 'tools']);
  const restricted = ['--issuer', issuer.discoveryUrl, '--allowed-audience', audience];
  await local.json(['gateway', 'add', 'for-users', ...restricted]);
  const add = (name: string, gateway: string, ...options: string[]) =>
    local.json(['gateway', 'target', 'add', name, '--gateway', gateway, '--url', targetUrl, ...options]);
  for (const gateway of ['tools', 'for-users'])
    await add('weather', gateway, '--api-key-provider', 'weather');
  await add(
    ...(['calendar', 'tools', '--provider', 'calendar', '--scope', 'openid'] as const),
    ...['--grant-type', 'authorization-code', '--return-url', 'http://127.0.0.1:8400/done'],
  );
});

afterAll(async () => {
  server.close();
  await Promise.all([local.close(), idp.close(), issuer.close()]);
});

const call = (args: readonly string[], input?: string) =>
  local.run(['gateway', 'call', ...args, '--agent', 'travel'], { ...(input !== undefined && { input }) });

it('prints the response of a target, to which the gateway attaches the credential', async () => {
  expect(await call(['tools', 'weather', '/today', '--user-id', 'ann'])).toEqual({
    status: 0,
    stdout: 'first line\n?[31msecond line\n',
    stderr: 'HTTP status 200\n',
  });
  expect(received.at(-1)).toMatchObject({
    ...{ method: 'GET', url: '/api/today' },
    headers: { authorization: 'Bearer the-key' },
  });
});

it('sends a body with its method and headers, for the agent itself', async () => {
  const options = ['--method', 'put', '--data', '{"a":1}', '--header', 'Accept: text/plain'];
  expect((await call(['tools', 'weather', 'today', ...options])).status).toBe(0);
  expect(received.at(-1)).toMatchObject({
    ...{ method: 'PUT', body: '{"a":1}' },
    headers: { accept: 'text/plain', 'content-type': 'application/json' },
  });
});

it('calls by URL, and prints JSON for programs', async () => {
  const { gatewayUrl } = await local.json<{ gatewayUrl: string }>(['gateway', 'get', 'tools']);
  const { status, stdout } = await call([`${gatewayUrl}/weather/today`, '--user-id', 'ann', '--json']);
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    ...{ status: 200, headers: { 'content-type': 'text/plain' } },
    body: 'first line\n\u001b[31msecond line',
  });
});

it('authenticates with the user token at a gateway that requires one', async () => {
  const token = await issuer.token('ann');
  expect(await call(['for-users', 'weather', '/today', '--user-token'], token)).toMatchObject({ status: 0 });
  expect(received.at(-1)?.headers.authorization).toBe('Bearer the-key');
});

it('prints the response of a target that reports an error, and fails', async () => {
  expect(await call(['tools', 'weather', '/missing', '--user-id', 'ann'])).toMatchObject({
    status: 1,
    stdout: 'first line\n?[31mnothing here\n',
    stderr: 'The target responded with HTTP status 404.\n',
  });
});

it('prints the authorization URL if the user must consent', async () => {
  const args = ['tools', 'calendar', '/today', '--user-id', 'ann'];
  const { status, stdout, stderr } = await call(args);
  expect([status, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(
    /^The user must allow access\. If no application waits .* token get --agent travel --user-id ann .*\. Otherwise, open this URL in the browser of the user, and then run the command again: http:\/\/127\.0\.0\.1:\d+\/\S+\n$/,
  );
  const inJson = await call([...args, '--json']);
  expect(JSON.parse(inJson.stdout)).toMatchObject({
    ...{ status: 403, body: { authorizationUrl: expect.any(String) as string } },
  });
});

it('prints what the gateway says about a request that it rejects', async () => {
  const { status, stderr } = await call(['tools', 'weather', '/today?day=1', '--user-id', 'ann']);
  expect([status, stderr]).toEqual([1, expect.stringContaining('"day"')]);
});
