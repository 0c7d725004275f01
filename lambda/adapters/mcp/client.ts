/**
 * The client of MCP servers behind gateways, for servers of all versions. It reaches a server only through the connection
 * that it gets. The library loads with the first call.
 */
import type { FetchLike, jsonSchemaValidator } from '@modelcontextprotocol/client';
import type { McpClient, ServerConnection } from '../../domain/gateway/mcp/server-connection';

const load = () => import('@modelcontextprotocol/client');
type Client = InstanceType<Awaited<ReturnType<typeof load>>['Client']>;

/** Nothing connects to it: the connection knows the address. */
const PLACEHOLDER = new URL('https://server.invalid/mcp');

/** Milliseconds: the caller's limits abort before. */
const TIMEOUT = 900_000;

/** Milliseconds to end the session of a server that has sessions, whose result does not matter. */
const SESSION_END_TIMEOUT = 1_000;

/** More lists of one request would exceed the bytes of all responses. */
const MAX_PAGES = 100;

/** Schemas are the server's, so nothing is compiled from them. Clients of the gateway validate results themselves. */
const UNVALIDATED: jsonSchemaValidator = {
  getValidator: () => (input) => ({ valid: true, data: input as never, errorMessage: undefined }),
};

const isBodiless = (status: number): boolean => [204, 205, 304].includes(status);

const through =
  (connection: ServerConnection, signal: AbortSignal): FetchLike =>
  async (_url, init = {}) => {
    const { method } = init;
    // A server that gets no stream sends its requests, which are all refused, with its responses only.
    if (method !== 'POST' && method !== 'DELETE') return new Response(null, { status: 405 });
    const { status, headers, body } = await connection.send({
      method,
      headers: Object.fromEntries(new Headers(init.headers)),
      body: typeof init.body === 'string' ? init.body : '',
      signal: init.signal ? AbortSignal.any([signal, init.signal]) : signal,
    });
    return new Response(isBodiless(status) ? null : ReadableStream.from(body), { status, headers });
  };

async function withClient<Result>(
  connection: ServerConnection,
  signal: AbortSignal,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const { Client, StreamableHTTPClientTransport } = await load();
  const transport = new StreamableHTTPClientTransport(PLACEHOLDER, {
    fetch: through(connection, signal),
    reconnectionOptions: {
      maxRetries: 0,
      initialReconnectionDelay: 1,
      maxReconnectionDelay: 1,
      reconnectionDelayGrowFactor: 1,
    },
  });
  const client = new Client(
    { name: 'agent-identity', version: '1' },
    {
      versionNegotiation: { mode: 'auto' },
      inputRequired: { autoFulfill: false },
      jsonSchemaValidator: UNVALIDATED,
      listMaxPages: MAX_PAGES,
    },
  );
  try {
    await client.connect(transport, { signal, timeout: TIMEOUT });
    return await work(client);
  } finally {
    if (transport.sessionId !== undefined && !signal.aborted) {
      await Promise.race([
        transport.terminateSession().catch(() => undefined),
        new Promise((resolve) => setTimeout(resolve, SESSION_END_TIMEOUT).unref()),
      ]);
    }
    await client.close().catch(() => undefined);
  }
}

export const mcpClient: McpClient = {
  listTools: (connection, signal) =>
    withClient(connection, signal, async (client) => {
      const { tools } = await client.listTools(undefined, { signal, timeout: TIMEOUT });
      return tools;
    }),
  callTool: (connection, { name, arguments: stated }, signal) =>
    withClient(connection, signal, (client) =>
      client.callTool({ name, ...(stated && { arguments: stated }) }, { signal, timeout: TIMEOUT }),
    ),
};
