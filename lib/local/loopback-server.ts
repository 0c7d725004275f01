/**
 * HTTP servers of the embedded cloud: on 127.0.0.1 only, deaf to names that are not loopback, and closed
 * without waiting for clients that keep their connections.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StartError, systemErrorCode } from './start-error';

export const LOOPBACK = '127.0.0.1';

/** How long answers under way may take to finish once the server stops, in milliseconds. */
const CLOSING_GRACE_MS = 2000;

export interface Listening {
  readonly port: number;
  /** Stops listening; what is under way may finish within two seconds. */
  readonly close: () => Promise<void>;
}

/** A port that follows from the service's own, PORT. */
export interface DerivedPort {
  readonly port: number;
  /** The service's own port; 0 when the system chooses both. */
  readonly servicePort: number;
  /** What listens there, for a person. */
  readonly purpose: string;
}

/**
 * @param servicePort the service's own port; 0 for one that is free
 * @param offset how far behind it the port is
 * @param purpose what listens there, for a person
 */
export const portBehind = (servicePort: number, offset: number, purpose: string): DerivedPort => ({
  port: servicePort === 0 ? 0 : servicePort + offset,
  servicePort,
  purpose,
});

/**
 * @param server not listening yet
 * @param wanted the port, or how it follows from the service's own; 0 for one that is free
 * @throws StartError when the port is taken or may not be used
 */
export async function listenOnLoopback(server: Server, wanted: number | DerivedPort): Promise<Listening> {
  const port = typeof wanted === 'number' ? wanted : wanted.port;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      reject(cannotListen(error, port, typeof wanted === 'number' ? undefined : wanted));
    });
    server.listen(port, LOOPBACK, resolve);
  });
  return { port: (server.address() as AddressInfo).port, close: () => closeServer(server) };
}

function cannotListen(error: Error, port: number, derived: DerivedPort | undefined): Error {
  const code = systemErrorCode(error);
  if (code === 'EADDRINUSE') {
    const named = derived ? `Port ${port}, which ${derived.purpose} needs,` : `Port ${port}`;
    const next = (derived?.servicePort ?? port) + 100;
    return new StartError(
      `${named} is taken. Stop the program that uses it, or set PORT to another port: PORT=${next}`,
    );
  }
  if (code === 'EACCES') {
    return new StartError(
      `Port ${port} needs rights that this user does not have. Set PORT to one above 1023.`,
    );
  }
  return error;
}

async function closeServer(server: Server): Promise<void> {
  const impatience = setTimeout(() => {
    server.closeAllConnections();
  }, CLOSING_GRACE_MS);
  try {
    await new Promise<void>((resolve, reject) => {
      server.close((error) => {
        if (error) reject(error);
        else resolve();
      });
      server.closeIdleConnections();
    });
  } finally {
    clearTimeout(impatience);
  }
}

/**
 * Whether a request names this server by a loopback name. A page on another origin whose name was made to
 * resolve to 127.0.0.1 (DNS rebinding) still sends its own name.
 *
 * @param port that clients address; by default the one that the request came in by
 */
export function isAddressedToLoopback(
  request: IncomingMessage,
  port: number | undefined = request.socket.localPort,
): boolean {
  const suffix = port === 80 ? '' : `:${port}`;
  const hosts = request.headersDistinct.host ?? [];
  return (
    hosts.length === 1 &&
    [LOOPBACK, 'localhost', '[::1]'].some((name) => hosts[0]?.toLowerCase() === name + suffix)
  );
}
