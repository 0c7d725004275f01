/** A server behind a gateway, which responds as a test specifies and records its requests. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

type Run = (response: ServerResponse, asked: Asked) => unknown;

/** Responds with what it got. */
const echo: Run = (response, asked) =>
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(asked));

export class TargetServer {
  readonly asked: Asked[] = [];
  /** Handles the next requests. */
  run: Run = echo;
  /** Resolves when the connection of the last request is closed. */
  gone: Promise<void> = Promise.resolve();

  private readonly server = createServer((request, response) => {
    void this.serve(request, response);
  });

  /** The server of all tests of a file. Each test finds it as it was at the start. */
  static ofFile(): TargetServer {
    const target = new TargetServer();
    target.server.on('upgrade', (request: IncomingMessage, socket) => {
      target.asked.push({ method: request.method, url: request.url, headers: request.headers, body: '' });
      socket.end('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: other\r\n\r\n');
    });
    beforeAll(() => new Promise<void>((listening) => target.server.listen(0, '127.0.0.1', listening)));
    beforeEach(() => {
      target.asked.length = 0;
      target.run = echo;
    });
    afterAll(async () => {
      target.server.closeAllConnections();
      await new Promise((closed) => target.server.close(closed));
    });
    return target;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.gone = new Promise((gone) => response.on('close', gone));
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const { method, url, headers } = request;
    const asked = { method, url, headers, body: Buffer.concat(chunks).toString('utf8') };
    this.asked.push(asked);
    this.run(response, asked);
  }
}
