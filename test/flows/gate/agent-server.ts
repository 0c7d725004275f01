/** An agent as a plain HTTP server, which responds as a test specifies and records its requests. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export class AgentServer {
  readonly asked: Asked[] = [];
  /** Resolves when the connection of the invocation is closed. */
  gone: Promise<void> = Promise.resolve();
  /** Handles the next invocations; by default, it echoes the payload. */
  run: (response: ServerResponse, asked: Asked) => unknown = echo;

  private readonly server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    this.gone = new Promise((gone) => response.on('close', gone));
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method, url, headers } = request;
      const asked = { method, url, headers, body: Buffer.concat(chunks) };
      this.asked.push(asked);
      this.run(response, asked);
    });
  });

  static async start(): Promise<AgentServer> {
    const agent = new AgentServer();
    await agent.begin();
    return agent;
  }

  /** The server of all tests of a file. Each test finds it as it was at the start. */
  static ofFile(): AgentServer {
    const agent = new AgentServer();
    beforeAll(() => agent.begin());
    beforeEach(() => {
      agent.reset();
    });
    afterAll(() => agent.stop());
    return agent;
  }

  private async begin(): Promise<void> {
    await new Promise<void>((listening) => this.server.listen(0, '127.0.0.1', listening));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/invocations`;
  }

  reset(): void {
    this.asked.length = 0;
    this.run = echo;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }
}

function echo(response: ServerResponse, { body }: Asked): void {
  response
    .writeHead(200, { 'content-type': 'application/json' })
    .end(JSON.stringify({ echo: body.toString('utf8') }));
}
