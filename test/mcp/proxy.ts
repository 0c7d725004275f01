/** A proxy in front of an endpoint, for a client that has no settings for a token. */
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';

const LOOPBACK = '127.0.0.1';

export interface Proxy {
  readonly url: string;
  close(): Promise<void>;
}

const ignore = (): void => undefined;

/**
 * Starts the proxy. It adds the token, and passes everything else, both ways. Where a request names the proxy's own
 * address as `Host` or `Origin`, the proxy names the endpoint's; other values reach the endpoint as they are.
 *
 * @param token bearer token
 */
export async function startProxy(endpoint: string, token: string): Promise<Proxy> {
  const target = new URL(endpoint);
  const translated = (value: string | undefined, own: string): string | undefined =>
    value?.replace(own, target.host);

  const forward = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const own = `${LOOPBACK}:${(server.address() as AddressInfo).port}`;
    const { host, origin } = incoming.headers;
    const forwarded = request(target, {
      method: incoming.method,
      headers: {
        ...incoming.headersDistinct,
        host: translated(host, own),
        ...(origin !== undefined && { origin: translated(origin, own) }),
        authorization: `Bearer ${token}`,
      },
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
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
