/**
 * An MCP server with the tools, prompts, and resources that the conformance suite's scenarios name. It serves both
 * protocol eras at one URL: 2026-07-28 without sessions, and 2025-11-25 with sessions.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text as textOf } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import {
  localhostHostValidation,
  localhostOriginValidation,
  NodeStreamableHTTPServerTransport,
  toNodeHandler,
  toWebRequest,
} from '@modelcontextprotocol/node';
import {
  createMcpHandler,
  isInitializeRequest,
  isLegacyRequest,
  McpServer,
} from '@modelcontextprotocol/server';
import { LOOPBACK } from '../../clients/background-process.mjs';
import { registerClientRequestTools } from './client-requests.mjs';
import { registerContentTools, registerPrompts, registerResources, NO_ARGUMENTS, text } from './content.mjs';
import { EventStore } from './event-store.mjs';
import { registerInputRequiredTools, verifyState } from './input-required.mjs';

/** Until a client reconnects to a stream that the server closed (`retry` of server-sent events). */
const RETRY_MILLISECONDS = 500;
const UNTIL_RESULT_MILLISECONDS = 100;

const CAPABILITIES = {
  tools: { listChanged: true },
  resources: { subscribe: true, listChanged: true },
  prompts: { listChanged: true },
  logging: {},
  completions: {},
};

/** What the suite's clients request of every server, and of which they check only that it succeeds. */
function registerAcknowledged({ server }) {
  for (const method of ['resources/subscribe', 'resources/unsubscribe', 'logging/setLevel']) {
    server.setRequestHandler(method, () => ({}));
  }
  server.setRequestHandler('completion/complete', () => ({
    completion: { values: [], total: 0, hasMore: false },
  }));
}

class EverythingServer {
  /** Transports of the open sessions, by session ID. */
  sessions = new Map();

  validations = [localhostHostValidation(), localhostOriginValidation()];
  modern = createMcpHandler(() => this.newServer());
  serveModern = toNodeHandler(this.modern);

  newServer() {
    const server = new McpServer(
      { name: 'everything', version: '1.0.0' },
      { capabilities: CAPABILITIES, requestState: { verify: verifyState } },
    );
    registerContentTools(server);
    registerPrompts(server);
    registerResources(server);
    registerClientRequestTools(server);
    registerInputRequiredTools(server);
    registerAcknowledged(server);
    this.registerTransportTools(server);
    return server;
  }

  registerTransportTools(server) {
    server.registerTool('test_trigger_tool_change', { description: 'Reports new tools' }, () => {
      this.modern.notify.toolsChanged();
      return { content: [text('Reported')] };
    });
    server.registerTool('test_trigger_prompt_change', { description: 'Reports new prompts' }, () => {
      this.modern.notify.promptsChanged();
      return { content: [text('Reported')] };
    });
    server.registerTool(
      'test_reconnection',
      { description: 'Closes the stream before its result', inputSchema: NO_ARGUMENTS },
      async (_arguments, { sessionId, mcpReq }) => {
        this.sessions.get(sessionId)?.closeSSEStream(mcpReq.id);
        await pause(UNTIL_RESULT_MILLISECONDS);
        return { content: [text('Reconnection test completed successfully')] };
      },
    );
  }

  /** Connects a new server with its own session. */
  async newSession() {
    const transport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      eventStore: new EventStore(),
      retryInterval: RETRY_MILLISECONDS,
      onsessioninitialized: (id) => {
        this.sessions.set(id, transport);
      },
      onsessionclosed: (id) => {
        this.sessions.delete(id);
      },
    });
    await this.newServer().connect(transport);
    return transport;
  }

  async serve(request, response) {
    if (!this.validations.every((isValid) => isValid(request, response))) return;
    const sent = await textOf(request);
    const body = sent === '' ? undefined : parsed(sent);
    const { method, headers } = request;
    if (method === 'POST' && !(await isLegacyRequest(await toWebRequest(request, body), body))) {
      await this.serveModern(request, response, body);
      return;
    }
    const { 'mcp-session-id': id } = headers;
    const transport =
      id === undefined && isInitializeRequest(body) ? await this.newSession() : this.sessions.get(id);
    if (transport) {
      await transport.handleRequest(request, response, body);
      return;
    }
    // 2025-11-25, "Session Management": 404 for a session that is over, 400 without a session.
    const [status, message] = id === undefined ? [400, 'Session ID required'] : [404, 'Session not found'];
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32_000, message } }));
  }

  async close() {
    await Promise.all([...this.sessions.values()].map((transport) => transport.close()));
    await this.modern.close();
  }
}

function parsed(sent) {
  try {
    return JSON.parse(sent);
  } catch {
    return undefined;
  }
}

/** @returns the URL of the server, and a function that stops it */
export async function startEverythingServer() {
  const everything = new EverythingServer();
  const http = createServer((request, response) => {
    everything.serve(request, response).catch((error) => {
      process.stderr.write(`The MCP server failed: ${error.stack}\n`);
      response.destroy();
    });
  });
  http.listen(0, LOOPBACK);
  await once(http, 'listening');
  return {
    url: `http://${LOOPBACK}:${http.address().port}/mcp`,
    stop: async () => {
      await everything.close();
      http.closeAllConnections();
      http.close();
      await once(http, 'close');
    },
  };
}
