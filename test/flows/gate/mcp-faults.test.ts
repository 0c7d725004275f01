/**
 * The official SDKs' clients, versions 1 and 2, in front of a server that fails behind the gate: they report the failure
 * when it happens, and none of them falls back to an earlier revision of the protocol.
 */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { Client as ClientVersion1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as TransportVersion1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { createMcpHandler, fromJsonSchema, McpServer } from '@modelcontextprotocol/server';
import { listenOnLoopback } from '../../../lib/local/loopback-server';
import { World } from '../support/world';
import { openEndpoint, type Opened } from './endpoints';

const NAME = { name: 'test', version: '1.0.0' };
const MODERN = '2026-07-28';

let endpoint: Opened;
let close: () => Promise<void>;
const received: IncomingMessage[] = [];
/** Handles a request in place of the server, by its method. */
const faults = new Map<string, (response: ServerResponse) => unknown>();

/** The SDK's type of schemas does not have the extension of MCP. */
const INPUT = {
  type: 'object',
  properties: { region: { type: 'string', 'x-mcp-header': 'Region' } },
  required: ['region'],
} as Parameters<typeof fromJsonSchema>[0];

function newServer(): McpServer {
  const server = new McpServer({ name: 'travel', version: '1.0.0' });
  server.registerTool(
    'book',
    {
      description: 'Books a trip',
      inputSchema: fromJsonSchema<{ region: string }>(INPUT),
    },
    ({ region }) => ({ content: [{ type: 'text', text: region }] }),
  );
  return server;
}

async function bodyOf(request: IncomingMessage): Promise<{ readonly method?: string }> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}') as { method?: string };
}

const world = World.ofFile();
beforeAll(async () => {
  const handler = toNodeHandler(createMcpHandler(newServer)) as (
    ...exchange: [IncomingMessage, ServerResponse, body: unknown]
  ) => Promise<void>;
  const listener: RequestListener = (request, response) => {
    received.push(request);
    void (async () => {
      const body = await bodyOf(request);
      const fault = faults.get(body.method ?? '');
      if (fault) fault(response);
      else await handler(request, response, body);
    })();
  };
  const listening = await listenOnLoopback(createServer(listener), 0);
  close = listening.close;
  endpoint = await openEndpoint(world, {
    inbound: {
      kind: 'JWT',
      discoveryUrl: world.issuer.discoveryUrl,
      allowedAudience: [world.issuer.audience],
    },
    target: { kind: 'url', url: `http://127.0.0.1:${listening.port}/mcp` },
    protocol: 'MCP',
  });
});
afterAll(async () => {
  await endpoint.close();
  await close();
});
beforeEach(() => {
  faults.clear();
});

const requestInit = async () => ({
  headers: { authorization: `Bearer ${await world.issuer.token('ana')}` },
});

async function connectVersion1(): Promise<ClientVersion1> {
  const client = new ClientVersion1(NAME);
  await client.connect(
    new TransportVersion1(new URL(endpoint.invocationUrl), { requestInit: await requestInit() }),
  );
  return client;
}

async function connectVersion2(): Promise<Client> {
  const client = new Client(NAME, { versionNegotiation: { mode: 'auto' } });
  await client.connect(
    new StreamableHTTPClientTransport(new URL(endpoint.invocationUrl), { requestInit: await requestInit() }),
  );
  return client;
}

const BOOKING = { name: 'book', arguments: { region: 'eu' } };

const breaksOff = (response: ServerResponse) =>
  response
    .writeHead(200, { 'content-type': 'text/event-stream' })
    .write(': working\n\nevent: message\ndata: {"jsonrpc"', () => response.destroy());

it.each([
  ['version 1', connectVersion1],
  ['version 2', connectVersion2],
])(
  'a client of %s reports a broken stream as the error of its call, without a timeout',
  async (_which, connect) => {
    const client = await connect();
    faults.set('tools/call', breaksOff);
    await expect(client.callTool(BOOKING)).rejects.toMatchObject({
      code: -32603,
      message: expect.stringContaining('closed its response early') as string,
    });
    faults.clear();
    expect(await client.callTool(BOOKING)).toMatchObject({ content: [{ text: 'eu' }] });
    await client.close();
  },
);

it("a client of version 2 sends a tool's argument in a header, and the server gets it through the gate", async () => {
  const client = await connectVersion2();
  expect(client.getNegotiatedProtocolVersion()).toBe(MODERN);
  await client.listTools();
  expect(await client.callTool(BOOKING)).toMatchObject({ content: [{ text: 'eu' }] });
  expect(received.at(-1)?.headers).toMatchObject({
    'mcp-protocol-version': MODERN,
    'mcp-method': 'tools/call',
    'mcp-param-region': 'eu',
  });
  await client.close();
});

it.each([
  ['disconnects', (response: ServerResponse) => response.destroy()],
  ['returns a server error', (response: ServerResponse) => response.writeHead(503).end()],
])(
  'a client that finds out the revision does not fall back to an earlier one if the server %s',
  async (_what, fault) => {
    faults.set('server/discover', fault);
    received.length = 0;
    await expect(connectVersion2()).rejects.toMatchObject({
      message: expect.stringContaining('HTTP 502') as string,
    });
    // An earlier revision begins with initialize.
    expect(received).toHaveLength(1);
    faults.clear();
    const client = await connectVersion2();
    expect(client.getNegotiatedProtocolVersion()).toBe(MODERN);
    await client.close();
  },
);
