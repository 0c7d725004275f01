/**
 * The client of MCP servers behind gateways, for servers of all versions. It reaches a server only through the connection
 * that it gets. The library loads with the first call.
 */
import type { FetchLike, jsonSchemaValidator, Transport } from '@modelcontextprotocol/client';
import { unlessAborted } from '../../domain/abort';
import { MAX_PAGES, type McpClient, type ServerConnection } from '../../domain/gateway/mcp/server-connection';
import { ExchangeFailure } from '../../domain/streamed-exchange';
import { hasUpTo } from './values';

const load = () => import('@modelcontextprotocol/client');
type Client = InstanceType<Awaited<ReturnType<typeof load>>['Client']>;

/** Nothing connects to it: the connection knows the address. */
const PLACEHOLDER = new URL('https://server.invalid/mcp');

/** Milliseconds: the caller's limits abort before. */
const TIMEOUT = 900_000;

/** Milliseconds to end the session of a server that has sessions, whose result does not matter. */
const SESSION_END_TIMEOUT = 1_000;

/** Milliseconds that the client has to take a complete response, and to send its next message. */
const SILENCE = 1_000;

/** Schemas are the server's, so nothing is compiled from them. Clients of the gateway validate results themselves. */
const UNVALIDATED: jsonSchemaValidator = {
  getValidator: () => (input) => ({ valid: true, data: input as never, errorMessage: undefined }),
};

const isBodiless = (status: number): boolean => [204, 205, 304].includes(status);

/** Sends messages through the connection, and calls `silent` when no response is open any more that could answer the client. */
function through(connection: ServerConnection, signal: AbortSignal, silent: () => void): FetchLike {
  let open = 0;
  let silence: NodeJS.Timeout | undefined;
  const closed = (): void => {
    open -= 1;
    if (open === 0) silence = setTimeout(silent, SILENCE).unref();
  };
  async function* untilClosed(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* body;
    } finally {
      closed();
    }
  }
  return async (_url, init = {}) => {
    const { method } = init;
    // A server that gets no stream sends its requests, which are all refused, with its responses only.
    if (method !== 'POST' && method !== 'DELETE') return new Response(null, { status: 405 });
    clearTimeout(silence);
    open += 1;
    try {
      const { status, headers, body } = await connection.send({
        method,
        headers: Object.fromEntries(new Headers(init.headers)),
        body: typeof init.body === 'string' ? init.body : '',
        signal: init.signal ? AbortSignal.any([signal, init.signal]) : signal,
      });
      if (!isBodiless(status)) {
        return new Response(ReadableStream.from(untilClosed(body)), { status, headers });
      }
      closed();
      return new Response(null, { status, headers });
    } catch (error) {
      closed();
      throw error;
    }
  };
}

/** Values of a message outside of structured content, of which the library validates none. A list of tools has fewer. */
const MAX_VALUES = 30_000;

/** Items of the content of a result. The library describes an invalid one once for each type of content. */
const MAX_ITEMS = 5_000;

function isSmall(message: object): boolean {
  const { result } = message as { readonly result?: { readonly content?: unknown } };
  if (Array.isArray(result?.content) && result.content.length > MAX_ITEMS) return false;
  return hasUpTo(MAX_VALUES, { ...message, result: { ...result, structuredContent: undefined } });
}

/** Has the library get only small messages of the server, and calls `refuse` for another one. */
function bounded(transport: Transport, refuse: () => void): void {
  let take: Transport['onmessage'];
  Object.defineProperty(transport, 'onmessage', {
    get: () => take,
    set: (receive: Transport['onmessage']) => {
      take =
        receive &&
        ((message, extra) => {
          if (isSmall(message)) receive(message, extra);
          else refuse();
        });
    },
  });
}

async function withClient<Result>(
  connection: ServerConnection,
  outer: AbortSignal,
  work: (client: Client, signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const { Client, StreamableHTTPClientTransport } = await load();
  const unanswered = new AbortController();
  const signal = AbortSignal.any([outer, connection.failed, unanswered.signal]);
  const transport = new StreamableHTTPClientTransport(PLACEHOLDER, {
    fetch: through(connection, outer, () =>
      unanswered.abort(new ExchangeFailure('the server ended its response without an answer')),
    ),
    reconnectionOptions: {
      maxRetries: 0,
      initialReconnectionDelay: 1,
      maxReconnectionDelay: 1,
      reconnectionDelayGrowFactor: 1,
    },
  });
  bounded(transport, () => unanswered.abort(new ExchangeFailure('a message has too many values')));
  const client = new Client(
    { name: 'agent-identity', version: '1' },
    {
      versionNegotiation: { mode: 'auto' },
      inputRequired: { autoFulfill: false },
      jsonSchemaValidator: UNVALIDATED,
    },
  );
  const worked = async (): Promise<Result> => {
    await client.connect(transport, { signal, timeout: TIMEOUT });
    return work(client, signal);
  };
  try {
    return await unlessAborted(signal, worked());
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

/** The library's own function would write the names of some tools, which are the server's, to the log. */
async function allTools(client: Client, signal: AbortSignal): Promise<readonly unknown[]> {
  const tools: unknown[] = [];
  if (!client.getServerCapabilities()?.tools) return tools;
  let cursor: string | undefined;
  for (let pages = 0; pages < MAX_PAGES; pages += 1) {
    const params = { ...(cursor !== undefined && { cursor }) };
    const page = await client.request({ method: 'tools/list', params }, { signal, timeout: TIMEOUT });
    tools.push(...page.tools);
    cursor = page.nextCursor;
    if (cursor === undefined) return tools;
  }
  throw new ExchangeFailure(`the list has more than ${MAX_PAGES} pages`);
}

export const mcpClient: McpClient = {
  listTools: (connection, signal) => withClient(connection, signal, allTools),
  callTool: (connection, { name, arguments: stated, inputSchema }, signal) =>
    withClient(connection, signal, (client, either) =>
      client.callTool(
        { name, ...(stated && { arguments: stated }) },
        // With it, the library does not ask the server for another definition.
        { signal: either, timeout: TIMEOUT, toolDefinition: { name, inputSchema } },
      ),
    ),
};
