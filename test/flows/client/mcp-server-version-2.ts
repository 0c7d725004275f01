/** MCP servers with version 2 of the official SDK, whose tools need the user's consent. */
import { randomUUID } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { NodeStreamableHTTPServerTransport, toNodeHandler } from '@modelcontextprotocol/node';
import {
  createMcpHandler,
  McpServer,
  type CallToolResult,
  type GetPromptResult,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { AccessTokenRejectedError, fromGate } from '../../../lib/client/index';
import {
  withAccessToken,
  withApiKey,
  type ApiKeyOptions,
  type McpAccessTokenOptions,
} from '../../../lib/client/mcp';

export interface McpServerVersion2 {
  /** Serves clients of both protocol versions. */
  readonly url: string;
  /** Serves sessions, which only protocol version 2025-11-25 has. */
  readonly sessionsUrl: string;
  /** Access tokens that the resource behind the tools rejects. */
  readonly refused: Set<unknown>;
  close(): Promise<void>;
}

/** Options without the members that each request provides. */
type Own<Options> = Omit<Options, 'workloadIdentityToken'>;

export interface ToolOptions {
  /** Of the tool `token`. */
  readonly token: Own<McpAccessTokenOptions>;
  /** Of the wrapper within the tool `two-tokens`. */
  readonly inner: Own<McpAccessTokenOptions>;
  /** Of the tool `key`. */
  readonly key: Own<ApiKeyOptions>;
}

/** @param options of the tools, evaluated at each call */
export async function startMcpServerVersion2(options: () => ToolOptions): Promise<McpServerVersion2> {
  const refused = new Set<unknown>();
  const text = (value: string): CallToolResult => ({ content: [{ type: 'text', text: value }] });

  const token = withAccessToken((ctx: ServerContext) => ({ ...fromGate(ctx), ...options().token }))(({
    accessToken,
  }) => {
    if (refused.has(accessToken)) throw new AccessTokenRejectedError();
    return text(accessToken);
  });
  const inner = withAccessToken((ctx: ServerContext) => ({ ...fromGate(ctx), ...options().inner }))(
    ({ accessToken }) => text(accessToken),
  );
  const prompt = withAccessToken((ctx: ServerContext) => ({ ...fromGate(ctx), ...options().token }))(
    ({ accessToken }): GetPromptResult => ({
      messages: [{ role: 'user', content: { type: 'text', text: accessToken } }],
    }),
  );

  const resource = withAccessToken((_uri: URL, ctx: ServerContext) => ({
    ...fromGate(ctx),
    ...options().token,
  }))(({ accessToken }, uri) => ({ contents: [{ uri: uri.href, text: accessToken }] }));

  function newServer(): McpServer {
    const server = new McpServer({ name: 'calendar', version: '1.0.0' });
    server.registerTool('token', { description: 'The token that the tool has for this user' }, token);
    server.registerTool(
      'two-tokens',
      { description: 'The token of a tool within a tool' },
      withAccessToken((ctx: ServerContext) => ({ ...fromGate(ctx), ...options().token }))(
        (_, ctx: ServerContext) => inner(ctx),
      ),
    );
    server.registerTool(
      'key',
      { description: 'The API key of the tool' },
      withApiKey((ctx: ServerContext) => ({ ...fromGate(ctx), ...options().key }))(({ apiKey }) =>
        text(apiKey),
      ),
    );
    server.registerPrompt('token', { description: 'A prompt with the token' }, prompt);
    server.registerResource('token', 'calendar://token', {}, resource);
    return server;
  }

  const open = new Map<unknown, NodeStreamableHTTPServerTransport>();
  async function newSession(): Promise<NodeStreamableHTTPServerTransport> {
    const transport: NodeStreamableHTTPServerTransport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void open.set(id, transport),
    });
    await newServer().connect(transport);
    return transport;
  }

  const servers = [
    await listening(toNodeHandler(createMcpHandler(newServer)) as RequestListener),
    await listening((request, response) => {
      const transport = open.get(request.headers['mcp-session-id']);
      void (async () => (transport ?? (await newSession())).handleRequest(request, response))();
    }),
  ] as const;
  return {
    url: servers[0].url,
    sessionsUrl: servers[1].url,
    refused,
    close: async () => {
      await Promise.all(servers.map((server) => server.close()));
    },
  };
}

async function listening(handle: RequestListener): Promise<{ url: string; close: () => Promise<void> }> {
  const http = createServer(handle);
  await new Promise<void>((ready) => http.listen(0, '127.0.0.1', ready));
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`,
    close: () =>
      new Promise((closed) => {
        http.closeAllConnections();
        http.close(() => {
          closed();
        });
      }),
  };
}
