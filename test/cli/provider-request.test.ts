/** Where the checks of the command send requests. */
import { createServer } from 'node:http';
import { UrlNotAllowed, documentResponse, endpointPolicyOf, statusOf } from '../../lib/cli/provider-request';
import { listenOnLoopback } from '../../lib/local/loopback-server';

const LAPTOP = { loopback: true };
const ACCOUNT = { loopback: false };

let requests = 0;
let content = '{}';
const server = createServer((_request, response) => {
  requests += 1;
  response.end(content);
});
let port: number;
let close: () => Promise<void>;
beforeAll(async () => ({ port, close } = await listenOnLoopback(server, 0)));
afterAll(() => close());
beforeEach(() => {
  requests = 0;
  content = '{}';
});

it('reaches this computer only for a service on this computer', () => {
  expect(endpointPolicyOf({ endpoint: 'http://127.0.0.1:8080' })).toEqual(LAPTOP);
  expect(endpointPolicyOf({ endpoint: 'https://identity.example' })).toEqual(ACCOUNT);
  expect(endpointPolicyOf({ endpoint: 'https://localhost' })).toEqual(ACCOUNT);
});

it('sends a request to this computer if the service is there', async () => {
  await expect(statusOf(`http://127.0.0.1:${port}/`, LAPTOP)).resolves.toBe(200);
  await expect(documentResponse(`http://localhost:${port}/`, LAPTOP)).resolves.toMatchObject({ status: 200 });
  expect(requests).toBe(2);
});

it.each([
  'http://127.0.0.1:PORT/admin',
  'https://127.0.0.1:PORT/admin',
  'https://[::1]:PORT/admin',
  'https://[::ffff:127.0.0.1]:PORT/admin',
  'https://2130706433:PORT/admin',
  'https://localhost:PORT/admin',
  'https://169.254.169.254/latest/meta-data/',
  'https://10.0.0.1/',
  'http://public.example/',
  'file:///etc/passwd',
  'https://user:password@public.example/',
])('sends no request to %s for a service elsewhere', async (address) => {
  let connections = 0;
  const count = () => (connections += 1);
  server.on('connection', count);
  const url = address.replace('PORT', String(port));
  await expect(statusOf(url, ACCOUNT)).rejects.toThrow(UrlNotAllowed);
  await expect(documentResponse(url, ACCOUNT)).rejects.toThrow(UrlNotAllowed);
  server.off('connection', count);
  expect(connections).toBe(0);
});

it('reads up to 256 KiB of a document, and only the status of a page', async () => {
  content = 'x'.repeat(256 * 1024 + 1);
  await expect(documentResponse(`http://127.0.0.1:${port}/`, LAPTOP)).rejects.toThrow(/over 262144 bytes/);
  await expect(statusOf(`http://127.0.0.1:${port}/`, LAPTOP)).resolves.toBe(200);
});
