/** An MCP server (the official SDK's, streamable HTTP) whose one tool needs the user's consent. */
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { McpServer, ResourceTemplate } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import type { CallToolResult, ServerNotification, ServerRequest } from '@modelcontextprotocol/sdk/types.js';
import { AccessTokenRejectedError, fromGate } from '../../../lib/client/index';
import { withAccessToken, type McpAccessTokenOptions } from '../../../lib/client/mcp';

/** Information about the request that the SDK passes to a tool. */
type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;

/** A request that the server received. */
export interface Reached {
  readonly method: string | undefined;
  readonly headers: NodeJS.Dict<string | string[]>;
}

export interface TestMcpServer {
  readonly url: string;
  readonly reached: Reached[];
  /** Access tokens that the resource behind the tool rejects. */
  readonly refused: Set<unknown>;
  close(): Promise<void>;
}

/**
 * @param options of the tool, without the members that each request provides; evaluated at each call
 * @param sessions whether the server has MCP sessions; otherwise it is stateless
 */
export async function startMcpServer(
  options: () => Omit<McpAccessTokenOptions, 'workloadIdentityToken'>,
  { sessions = false } = {},
): Promise<TestMcpServer> {
  const reached: Reached[] = [];
  const refused = new Set<unknown>();

  const whoami = withAccessToken((extra: Extra) => ({
    ...fromGate(extra),
    ...options(),
  }))(({ accessToken }): CallToolResult => {
    if (refused.has(accessToken)) throw new AccessTokenRejectedError();
    return { content: [{ type: 'text', text: accessToken }] };
  });

  const of = (extra: Extra) => ({ ...fromGate(extra), ...options() });
  const prompt = withAccessToken(of)(({ accessToken }) => ({
    messages: [{ role: 'user' as const, content: { type: 'text' as const, text: accessToken } }],
  }));
  const resource = withAccessToken((_uri: URL, extra: Extra) => of(extra))(({ accessToken }, uri) => ({
    contents: [{ uri: uri.href, text: accessToken }],
  }));
  const day = withAccessToken((_uri: URL, _variables: unknown, extra: Extra) => of(extra))(
    ({ accessToken }, uri) => ({ contents: [{ uri: uri.href, text: accessToken }] }),
  );

  const open = new Map<unknown, StreamableHTTPServerTransport>();
  async function newTransport(): Promise<StreamableHTTPServerTransport> {
    const server = new McpServer({ name: 'calendar', version: '1.0.0' });
    server.registerTool('token', { description: 'The token that the tool has for this user' }, whoami);
    // The types of version 1 expect arguments in each prompt; without a schema, it passes none.
    server.registerPrompt('token', { description: 'A prompt with the token' }, prompt as () => never);
    server.registerResource('token', 'calendar://token', {}, resource);
    const template = new ResourceTemplate('calendar://days/{day}', { list: undefined });
    server.registerResource('day', template, {}, day);
    const transport: StreamableHTTPServerTransport = new StreamableHTTPServerTransport(
      sessions
        ? { sessionIdGenerator: randomUUID, onsessioninitialized: (id) => void open.set(id, transport) }
        : {},
    );
    await server.connect(transport);
    return transport;
  }

  const http = createServer((request, response) => {
    reached.push({ method: request.method, headers: request.headers });
    const transport = open.get(request.headers['mcp-session-id']);
    void (async () => (transport ?? (await newTransport())).handleRequest(request, response))();
  });
  await new Promise<void>((listening) => http.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`,
    reached,
    refused,
    close: () =>
      new Promise((closed) => {
        http.closeAllConnections();
        http.close(() => {
          closed();
        });
      }),
  };
}
