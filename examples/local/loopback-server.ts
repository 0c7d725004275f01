/** The HTTP server of every example: loopback only, and bound before other parties need its address. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

export interface LoopbackServer {
  /** `http://127.0.0.1:{port}`, without a trailing slash. */
  readonly origin: string;
  readonly port: number;
  /** Passes requests to `handler` from now on. Before this call, the server returns 503. */
  serve(handler: RequestHandler): void;
  close(): Promise<void>;
}

const sendText = (response: ServerResponse, status: number, text: string): void => {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
  response.end(`${text}\n`);
};

const notYet: RequestHandler = (_request, response) => {
  sendText(response, 503, 'The server is starting. Try again in a moment.');
};

/**
 * Binds a server to 127.0.0.1.
 *
 * @param port TCP port; 0 lets the system choose one.
 * @throws the system's error, with `code` `EADDRINUSE` and the `port`, when the port is taken.
 */
export async function bindLoopback(port: number): Promise<LoopbackServer> {
  let handler = notYet;

  const server = createServer((request, response) => {
    const bound = request.socket.localPort ?? port;
    const authority = `127.0.0.1:${bound}`;
    const origin = `http://${authority}`;
    const { host } = request.headers;
    const target = request.url ?? '/';
    // Only proxies get a whole URL (RFC 9112, section 3.2.2). A handler would take its host for that of this server.
    if (!target.startsWith('/')) {
      sendText(response, 400, 'The request target must be a path.');
      return;
    }
    // Cookies and registered redirect URIs belong to 127.0.0.1, so redirect a user who typed `localhost`.
    if (host === `localhost:${bound}` && request.method === 'GET') {
      response.writeHead(302, { location: `${origin}${target}` }).end();
      return;
    }
    // Any other name means that a page elsewhere made its host name resolve to this machine (DNS rebinding).
    if (host !== authority) {
      sendText(response, 421, `The host name is not valid. Use ${origin} instead.`);
      return;
    }
    // Handlers parse the target. `//` is no URL, and `//other.example` names another server.
    if (!URL.canParse(target, origin) || new URL(target, origin).origin !== origin) {
      sendText(response, 404, 'The path was not found.');
      return;
    }
    Promise.resolve(handler(request, response)).catch((error: unknown) => {
      const cause = error instanceof Error ? `${error.name}: ${error.message}` : 'unknown error';
      process.stderr.write(`${authority} could not answer ${request.method ?? ''}: ${cause}\n`);
      if (response.headersSent) response.destroy();
      else sendText(response, 500, 'An internal error occurred. Please try again.');
    });
  });

  const address = await new Promise<AddressInfo>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      resolve(server.address() as AddressInfo);
    });
  });

  return {
    origin: `http://127.0.0.1:${address.port}`,
    port: address.port,
    serve: (next) => {
      handler = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
