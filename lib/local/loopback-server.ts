/**
 * HTTP servers of the embedded cloud. They listen on 127.0.0.1 only, reject Host names that are not loopback, and close
 * without waiting for idle connections.
 */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ENVIRONMENT_VARIABLES, type SettingNames } from './setting-names';
import { StartError, systemErrorCode } from './start-error';

export const LOOPBACK = '127.0.0.1';

/** Time for open requests to finish after the server stops listening, in milliseconds. */
const CLOSING_GRACE_MS = 2000;

export interface Listening {
  readonly port: number;
  /** Stops listening. Open requests have 2 seconds to finish. */
  readonly close: () => Promise<void>;
}

/** A port that depends on the port of the service, PORT. */
export interface DerivedPort {
  readonly port: number;
  /** Port of the service; 0 when the system chooses both. */
  readonly servicePort: number;
  /** What listens there, in words for a person. */
  readonly purpose: string;
}

/**
 * Returns the port at an offset from the port of the service.
 *
 * @param servicePort port of the service; 0 for a free port
 * @param offset from the port of the service
 * @param purpose what listens there, in words for a person
 */
export const portBehind = (servicePort: number, offset: number, purpose: string): DerivedPort => ({
  port: servicePort === 0 ? 0 : servicePort + offset,
  servicePort,
  purpose,
});

/**
 * Listens on loopback. Returns the port, and a function that closes the server.
 *
 * @param server that does not listen yet
 * @param wanted the port, or how it depends on the port of the service; 0 for a free port
 * @param names of the settings in messages
 * @param reserved a port that no message proposes
 * @throws StartError when the port is taken or not permitted
 */
export async function listenOnLoopback(
  server: Server,
  wanted: number | DerivedPort,
  names = ENVIRONMENT_VARIABLES,
  reserved?: number,
): Promise<Listening> {
  const port = typeof wanted === 'number' ? wanted : wanted.port;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      const derived = typeof wanted === 'number' ? undefined : wanted;
      void cannotListen(error, port, { derived, names, reserved }).then(reject, reject);
    });
    server.listen(port, LOOPBACK, resolve);
  });
  return { port: (server.address() as AddressInfo).port, close: () => closeServer(server) };
}

/**
 * Checks that a port is free, before anything is created for a service that could not start.
 *
 * @throws StartError when the port is taken or not permitted
 */
export async function checkPort(wanted: number | DerivedPort, names = ENVIRONMENT_VARIABLES): Promise<void> {
  const probe = await listenOnLoopback(createServer(), wanted, names);
  await probe.close();
}

/** The ports that the service, the examples, and the emulators take, from the port of the service on. */
const PORTS_OF_SERVICE = 15;
const PORT_STEP = 100;
const MAX_PORT = 65_535;
const MAX_PROPOSALS = 20;

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => {
      resolve(false);
    });
    probe.listen(port, LOOPBACK, () => {
      probe.close(() => {
        resolve(true);
      });
    });
  });

/** Returns a port for the service that is free with the ports after it; 0, which is any free port, if none is found. */
async function proposedPort(taken: number, reserved: number | undefined): Promise<number> {
  for (let proposal = 1; proposal <= MAX_PROPOSALS; proposal += 1) {
    const first = taken + proposal * PORT_STEP;
    if (first + PORTS_OF_SERVICE > MAX_PORT) break;
    const ports = Array.from({ length: PORTS_OF_SERVICE }, (_, offset) => first + offset);
    if (first !== reserved && (await Promise.all(ports.map(isFree))).every(Boolean)) return first;
  }
  return 0;
}

/** What the message about a port depends on. */
interface Reason {
  readonly derived: DerivedPort | undefined;
  readonly names: SettingNames;
  readonly reserved: number | undefined;
}

async function cannotListen(
  error: Error,
  port: number,
  { derived, names, reserved }: Reason,
): Promise<Error> {
  const code = systemErrorCode(error);
  if (code === 'EADDRINUSE') {
    const named = derived ? `Port ${port}, which ${derived.purpose} needs,` : `Port ${port}`;
    const next = await proposedPort(derived?.servicePort ?? port, reserved);
    return new StartError(
      `${named} is taken. Stop the program that uses it, or set another port: ${names.withValue('PORT', next)}`,
    );
  }
  if (code === 'EACCES') {
    return new StartError(
      `Your user is not permitted to use port ${port}. Set ${names.of('PORT')} to a number above 1023.`,
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
 * Returns whether a request names this server by a loopback name. A page on another origin whose name resolves to
 * 127.0.0.1 (DNS rebinding) still sends the name of its origin.
 *
 * @param port that clients address; by default, the port that received the request
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

/** Returns whether a request names this host, with the port if its URL has one. */
export function isAddressedTo(request: IncomingMessage, host: string): boolean {
  const hosts = request.headersDistinct.host ?? [];
  return hosts.length === 1 && hosts[0]?.toLowerCase() === host;
}
