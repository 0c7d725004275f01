/** A proxy in front of an endpoint, for a client that has no settings for a token. */
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';

const LOOPBACK = '127.0.0.1';

export interface Proxy {
  /** URL for the client. */
  readonly url: string;
  /** Sets the endpoint, whose settings can contain the proxy's own URL. */
  forwardTo(endpoint: string): void;
  close(): Promise<void>;
}

const ignore = (): void => undefined;

/**
 * Starts the proxy. It adds the token, and passes everything else, both ways, also `Origin`. `Host` is always the
 * endpoint's: it is the name by which a client finds the endpoint.
 *
 * @param token bearer token
 */
export async function startProxy(token: string): Promise<Proxy> {
  let target: URL | undefined;
  const forward = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    if (!target) throw new Error('The proxy has no endpoint yet.');
    const forwarded = request(target, {
      method: incoming.method,
      headers: { ...incoming.headersDistinct, host: target.host, authorization: `Bearer ${token}` },
    });
    forwarded.on('response', (response) => {
      outgoing.writeHead(response.statusCode ?? 502, response.headersDistinct);
      outgoing.flushHeaders();
      pipeline(response, outgoing, ignore);
    });
    forwarded.on('error', () => outgoing.destroy());
    // A client that disconnects from a stream disconnects from the endpoint too.
    outgoing.on('close', () => forwarded.destroy());
    pipeline(incoming, forwarded, ignore);
  };

  const server = createServer(forward);
  server.listen(0, LOOPBACK);
  await once(server, 'listening');
  return {
    url: `http://${LOOPBACK}:${(server.address() as AddressInfo).port}/mcp`,
    forwardTo(endpoint) {
      target = new URL(endpoint);
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
