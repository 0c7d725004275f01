/** An MCP server that requires access tokens of the world's provider, and more scopes for its second tool. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import type { World } from '../support/world';

export interface ProtectedMcpServer {
  readonly url: string;
  /** The `Authorization` of each request, in order. */
  readonly seen: (string | undefined)[];
  /** Access tokens that the server rejects. */
  readonly refused: Set<unknown>;
  /** Responds in place of the server while it is set. */
  intercept: ((response: ServerResponse) => void) | undefined;
  close(): Promise<void>;
}

/** The scopes of a token, as the provider issued it. */
const scopesOf = (world: World, token: string | undefined): string[] | undefined =>
  world.provider.exchanges
    .find(({ answer }) => answer.access_token === token)
    ?.answer.scope?.toString()
    .split(' ');

export async function startProtectedMcpServer(world: World): Promise<ProtectedMcpServer> {
  const seen: (string | undefined)[] = [];
  const refused = new Set<unknown>();
  const handle: (request: never, response: ServerResponse, body?: unknown) => Promise<void> = toNodeHandler(
    createMcpHandler(() => {
      const server = new McpServer({ name: 'tickets', version: '1.0.0' });
      for (const name of ['read', 'write']) {
        server.registerTool(name, { description: name }, () => ({ content: [{ type: 'text', text: name }] }));
      }
      return server;
    }),
  );

  const challenge = (response: ServerResponse, status: number, value: string) => {
    response.writeHead(status, { 'www-authenticate': value }).end();
  };
  const http = createServer((request, response) => {
    const { authorization } = request.headers;
    seen.push(authorization);
    if (started.intercept) {
      started.intercept(response);
      return;
    }
    const token = authorization?.replace('Bearer ', '');
    const scopes = scopesOf(world, token);
    if (!scopes || refused.has(token)) {
      challenge(response, 401, 'Bearer error="invalid_token", scope="a"');
      return;
    }
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      // The challenge names only the scope of this tool, as many servers do.
      if (body.includes('"name":"write"') && !scopes.includes('b')) {
        challenge(
          response,
          403,
          'Bearer realm="x", error="insufficient_scope", scope="b", error_description="no"',
        );
        return;
      }
      void handle(request as never, response, body === '' ? undefined : (JSON.parse(body) as unknown));
    });
  });
  await new Promise<void>((ready) => http.listen(0, '127.0.0.1', ready));
  const started: ProtectedMcpServer = {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`,
    seen,
    refused,
    intercept: undefined,
    close: () =>
      new Promise((closed) => {
        http.closeAllConnections();
        http.close(() => {
          closed();
        });
      }),
  };
  return started;
}
