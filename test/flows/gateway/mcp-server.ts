/** A real MCP server behind a gateway, which records its requests. Its tools can change. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, Server, type CallToolResult, type Tool } from '@modelcontextprotocol/server';

export interface Requested {
  readonly method: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

export const tool = (name: string, description = `Does ${name}`): Tool => ({
  name,
  description,
  inputSchema: { type: 'object', properties: { text: { type: 'string' } } },
});

export class TestMcpServer {
  readonly requests: Requested[] = [];
  tools: Tool[];
  /** Handles calls of tools. */
  run: (name: string, args: unknown, request: Requested) => CallToolResult | Promise<CallToolResult>;
  /** Responds before the server does, if it returns true. */
  before: (request: IncomingMessage, response: ServerResponse) => boolean = () => false;

  private readonly http = createServer();

  private constructor(private readonly initial: readonly Tool[]) {
    this.tools = [...initial];
    this.run = TestMcpServer.greet;
  }

  /** A server that does not keep the process running. */
  static async start(...names: string[]): Promise<TestMcpServer> {
    const server = new TestMcpServer(names.map((name) => tool(name)));
    await server.listen();
    server.http.unref();
    return server;
  }

  /** A server of all tests of a file, which each test finds as it was at the start. */
  static ofFile(...names: string[]): TestMcpServer {
    const server = new TestMcpServer(names.map((name) => tool(name)));
    beforeAll(() => server.listen());
    beforeEach(() => server.reset());
    afterAll(() => server.close());
    return server;
  }

  private static greet(this: void, name: string): CallToolResult {
    return { content: [{ type: 'text', text: `${name} done` }] };
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}/mcp`;
  }

  /** The credentials that it received. */
  get authorizations(): (string | undefined)[] {
    return [...new Set(this.requests.map(({ headers }) => headers.authorization))];
  }

  private reset(): void {
    this.requests.length = 0;
    this.tools = [...this.initial];
    this.run = TestMcpServer.greet;
    this.before = () => false;
  }

  private async listen(): Promise<void> {
    const handle = toNodeHandler(
      createMcpHandler(() => {
        const server = new Server({ name: 'test', version: '1' }, { capabilities: { tools: {} } });
        server.setRequestHandler('tools/list', () => ({ tools: this.tools }));
        server.setRequestHandler('tools/call', ({ params }) =>
          this.run(params.name, params, this.requests.at(-1)!),
        );
        return server;
      }),
    ) as (request: IncomingMessage, response: ServerResponse) => Promise<void>;
    this.http.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.requests.push({ method: request.method, headers: request.headers });
      if (!this.before(request, response)) void handle(request, response);
    });
    await new Promise<void>((listening) => this.http.listen(0, '127.0.0.1', listening));
  }

  private async close(): Promise<void> {
    this.http.closeAllConnections();
    await new Promise((closed) => this.http.close(closed));
  }
}
