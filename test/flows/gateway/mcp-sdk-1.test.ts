/** The MCP SDK of earlier versions on both sides of a gateway: a server with sessions, and a client. */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { World } from '../support/world';
import { openGateway } from './gateways';

const world = World.ofFile();

/** By ID. */
const sessions = new Map<string, StreamableHTTPServerTransport>();

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const present = sessions.get(String(request.headers['mcp-session-id']));
  if (present) return present.handleRequest(request, response);
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (id) => {
      sessions.set(id, transport);
    },
    onsessionclosed: (id) => {
      sessions.delete(id);
    },
  });
  const server = new McpServer({ name: 'notes', version: '1' });
  server.registerTool('list', { description: 'Lists notes' }, () => ({
    content: [{ type: 'text', text: 'Buy milk' }],
  }));
  await server.connect(transport);
  await transport.handleRequest(request, response);
}

const http = createServer((request, response) => void handle(request, response));
beforeAll(() => new Promise<void>((listening) => http.listen(0, '127.0.0.1', listening)));
afterAll(async () => {
  http.closeAllConnections();
  await new Promise((closed) => http.close(closed));
});

it('works, and leaves no session at the server', async () => {
  const gateway = await openGateway(world, 'CUSTOM_JWT', { protocolType: 'MCP' });
  await gateway.mcpServer('notes', `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`);
  const client = new Client({ name: 'test', version: '1' });
  const transport = new StreamableHTTPClientTransport(new URL(gateway.url), {
    requestInit: { headers: { authorization: `Bearer ${await world.issuer.token('ana')}` } },
  });
  await client.connect(transport);
  expect(transport.sessionId).toBeUndefined();
  expect((await client.listTools()).tools).toMatchObject([
    { name: 'notes___list', description: 'Lists notes' },
  ]);
  expect(await client.callTool({ name: 'notes___list' })).toMatchObject({ content: [{ text: 'Buy milk' }] });
  expect(sessions.size).toBe(0);
});
