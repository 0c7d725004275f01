/**
 * The public hosts of a tutorial, as one TLS server on loopback: API Gateway, whose requests it passes to the emulator, and
 * the example identity provider and calendar. Clients verify certificates for the public names.
 */
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { createSecureContext, type SecureContext } from 'node:tls';
import { listenOnLoopback } from '../../../lib/local/loopback-server';
import type { LoopbackServer, RequestHandler } from '../../../examples/local/loopback-server';
import { createAuthority } from '../../flows/support/certificates';

const API_HOST = /^\w+\.execute-api\.[\w-]+\.amazonaws\.com$/;

/** All hosts, as a pattern. */
export const HOSTS = String.raw`^\w+\.execute-api\.[\w-]+\.amazonaws\.com$|^[\w.]+\.example$`;

export interface Front {
  readonly port: number;
  /** Certificate of the authority, in PEM form. */
  readonly authority: string;
  /** A host that the test serves itself. */
  readonly host: (name: string) => LoopbackServer;
  /** Passes requests for API Gateway to this emulator from now on. */
  emulator: string;
  readonly close: () => Promise<void>;
}

/** Passes a request for API Gateway to the emulator as it is, because the signature includes the host and the path. */
function pass(emulator: string, request: IncomingMessage, response: ServerResponse): void {
  const { method, headers, url: path } = request;
  const upstream = httpRequest(emulator, { method, headers, path }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  upstream.on('error', () => response.destroy());
  request.pipe(upstream);
}

export async function openFront(): Promise<Front> {
  const authority = createAuthority();
  const contexts = new Map<string, SecureContext>();
  const handlers = new Map<string, RequestHandler>();
  const contextOf = (host: string): SecureContext => {
    const context = contexts.get(host) ?? createSecureContext(authority.server(host));
    contexts.set(host, context);
    return context;
  };
  const front = { emulator: '' };
  const server = createServer(
    { SNICallback: (host, done) => done(null, contextOf(host)) },
    (request, response) => {
      const host = request.headers.host ?? '';
      const handler = handlers.get(host);
      if (API_HOST.test(host)) pass(front.emulator, request, response);
      else if (handler) void Promise.resolve(handler(request, response));
      else response.writeHead(421).end();
    },
  );
  const { port, close } = await listenOnLoopback(server, 0);
  return Object.assign(front, {
    port,
    authority: authority.cert,
    close,
    host: (name: string): LoopbackServer => ({
      origin: `https://${name}`,
      port,
      serve: (handler) => handlers.set(name, handler),
      close: () => Promise.resolve(),
    }),
  });
}
