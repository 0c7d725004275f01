/**
 * The MCP server of the example calendar, with the official MCP client: its tokens are for it alone, as those of the API are
 * for the API.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { startCalendarApi } from '../../examples/local/calendar-api';
import { startCalendarProvider, type CalendarProvider } from '../../examples/local/calendar-provider';
import { bindLoopback, type LoopbackServer } from '../../examples/local/loopback-server';

let folder: string;
let servers: LoopbackServer[];
let calendar: CalendarProvider;
let api: string;
let mcpUrl: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-identity-calendar-mcp-'));
  const [provider, resources] = [await bindLoopback(0), await bindLoopback(0)];
  servers = [provider, resources];
  api = resources.origin;
  mcpUrl = `${api}/mcp`;
  calendar = startCalendarProvider(provider, join(folder, 'provider.sealed'), api, mcpUrl);
  await calendar.registerAgentClient('http://127.0.0.1:9/callback');
  const { issuer, jwksUri } = calendar;
  startCalendarApi(resources, { issuer, jwksUri, audience: api, mcpUrl });
});

afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()));
  await rm(folder, { recursive: true });
});

/** A token of the client itself, for the resource. */
async function tokenFor(resource: string, scope = 'calendar.read'): Promise<string> {
  const { clientId, clientSecret, issuer } = calendar;
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope, resource }),
  });
  return ((await response.json()) as { access_token: string }).access_token;
}

const request = (url: string, token?: string): Promise<Response> =>
  fetch(url, {
    method: url === mcpUrl ? 'POST' : 'GET',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    ...(url === mcpUrl && { body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}' }),
  });

it('lists its tool to a client with a token for it', async () => {
  const client = new Client({ name: 'test', version: '1.0.0' });
  const token = await tokenFor(mcpUrl);
  await client.connect(
    new StreamableHTTPClientTransport(new URL(mcpUrl), {
      requestInit: { headers: { authorization: `Bearer ${token}` } },
    }),
  );
  expect((await client.listTools()).tools).toMatchObject([{ name: 'list_events' }]);
  await client.close();
});

it('names its authorization server to a client without a token', async () => {
  const { status, headers } = await request(mcpUrl);
  const metadataUrl = `${api}/.well-known/oauth-protected-resource/mcp`;
  expect([status, headers.get('www-authenticate')]).toEqual([
    401,
    `Bearer resource_metadata="${metadataUrl}"`,
  ]);
  expect(await (await fetch(metadataUrl)).json()).toEqual({
    resource: mcpUrl,
    authorization_servers: [calendar.issuer],
    scopes_supported: ['calendar.read'],
  });
});

it('rejects tokens for the API, and the API rejects tokens for the MCP server', async () => {
  const [forApi, forMcp] = [await tokenFor(api), await tokenFor(mcpUrl)];
  expect((await request(`${api}/events`, forApi)).status).toBe(200);
  expect((await request(`${api}/events`, forMcp)).status).toBe(401);
  const rejected = await request(mcpUrl, forApi);
  expect([rejected.status, rejected.headers.get('www-authenticate')]).toEqual([
    401,
    `Bearer error="invalid_token", resource_metadata="${api}/.well-known/oauth-protected-resource/mcp"`,
  ]);
});

it('asks for its scope', async () => {
  const { status, headers } = await request(mcpUrl, await tokenFor(mcpUrl, 'calendar.write'));
  expect(status).toBe(403);
  expect(headers.get('www-authenticate')).toContain('error="insufficient_scope", scope="calendar.read"');
});
