/**
 * A server that violates HTTP as a test specifies: it writes bytes, and closes the connection or stays silent. Its address
 * stays the same when it is repaired.
 */
import { createServer, type AddressInfo, type Socket } from 'node:net';

/** The server's behavior after it has read a request's header. */
export type RawBehavior = (connection: Socket, request: string) => unknown;

const SWITCHING_HEAD = 'HTTP/1.1 101 Switching Protocols\r\n';
const SWITCHING = `${SWITCHING_HEAD}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;

export const switchProtocols: RawBehavior = (connection) => connection.write(SWITCHING);

/** Responses that are not valid: each of them ended, or blocked, a client that waits only for a response or an error. */
export const NO_RESPONSE: readonly [what: string, behavior: RawBehavior][] = [
  ['switches protocols, and stays', switchProtocols],
  ['switches protocols, and closes', (connection) => connection.end(SWITCHING)],
  ['switches protocols without saying to which', (connection) => connection.write(`${SWITCHING_HEAD}\r\n`)],
  ['says to continue, and nothing more', (connection) => connection.write('HTTP/1.1 100 Continue\r\n\r\n')],
  ['is processing forever', (connection) => connection.write('HTTP/1.1 102 Processing\r\n\r\n')],
  ['gives hints, and closes', (connection) => connection.end('HTTP/1.1 103 Early Hints\r\n\r\n')],
  ['closes', (connection) => connection.end()],
  ['resets the connection', (connection) => connection.resetAndDestroy()],
  ['says nothing', () => undefined],
];

/** A response with one JSON document. */
export const documentResponse =
  (document: object): RawBehavior =>
  (connection) => {
    const body = JSON.stringify(document);
    connection.end(
      `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
  };

export interface RawServer {
  /** `http://127.0.0.1:{port}` */
  readonly url: string;
  /** First lines of the requests, in order. */
  readonly requests: string[];
  /** Resolves when no connection is open any more. */
  readonly released: () => Promise<void>;
  behavior: RawBehavior;
  readonly close: () => Promise<void>;
}

export async function startRawServer(behavior: RawBehavior = () => undefined): Promise<RawServer> {
  const open = new Set<Socket>();
  const requests: string[] = [];
  const server = createServer({ allowHalfOpen: true }, (connection) => {
    open.add(connection);
    connection.on('close', () => open.delete(connection));
    // The client can reset a connection that it has given up.
    connection.on('error', () => undefined);
    connection.on('end', () => connection.end());
    let head = '';
    connection.on('data', (chunk) => {
      const begun = head.includes('\r\n\r\n');
      head += chunk.toString('latin1');
      if (begun || !head.includes('\r\n\r\n')) return;
      requests.push(head.slice(0, head.indexOf('\r\n')));
      raw.behavior(connection, head);
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const raw: RawServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async released() {
      for (const connection of open) await new Promise((closed) => connection.once('close', closed));
    },
    behavior,
    close: () =>
      new Promise((closed) => {
        for (const connection of open) connection.destroy();
        server.close(() => {
          closed();
        });
      }),
  };
  return raw;
}
