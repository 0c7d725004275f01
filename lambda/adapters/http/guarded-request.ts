/**
 * A request to a third party's server. The address is checked when the connection is made, so that a host name cannot
 * resolve to an internal address, and cannot change between check and use. A request follows no redirects and uses a new
 * connection: a kept-alive one might have closed while the function was frozen, and the request cannot be sent twice. So
 * neither a connection nor a TLS session passes the trust of one request on to another.
 */
import http from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { unlessAborted } from '../../domain/abort';
import type { ConnectionRoute } from '../../domain/private-endpoint';
import { isReachable, type ConnectionPolicy } from './connection-policy';
import { addressesOf } from './name-resolution';

/** The host is, or resolves to, an address that must not be reached. */
export class AddressNotAllowed extends Error {
  constructor(host: string, port: number) {
    super(`${host} leads to an internal address that is not allowed with port ${port}`);
    this.name = 'AddressNotAllowed';
  }
}

/** The connection ended without a response, in a way that `node:http` does not report as an error. */
export class NoResponse extends Error {
  constructor(what: string) {
    super(what);
    this.name = 'NoResponse';
  }
}

/**
 * Resolves the host of the route, or that of the URL without one. Fails unless each address is allowed for both names, so a
 * route opens no other server or virtual host.
 */
const guardedLookup =
  (port: number, { host: routedTo, family }: ConnectionRoute, policy: ConnectionPolicy): LookupFunction =>
  (hostname, options, callback) => {
    const name = routedTo ?? hostname;
    addressesOf(name, { ...options, ...(family && { family }) }, policy).then(
      (addresses) => {
        const [first] = addresses;
        const isAllowed = (host: string) =>
          addresses.every(({ address }) =>
            isReachable({ host, port, address, routed: routedTo !== undefined }, policy),
          );
        const refused = first ? [name, hostname].find((host) => !isAllowed(host)) : name;
        if (!first || refused !== undefined) callback(new AddressNotAllowed(refused ?? name, port), '', 0);
        else if (options.all) callback(null, addresses);
        else callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => {
        callback(error, '', 0);
      },
    );
  };

export interface GuardedRequest {
  readonly method: string;
  readonly headers: http.OutgoingHttpHeaders;
  readonly body?: string | Uint8Array | undefined;
  /**
   * PEM form of the certificates of the authorities that are trusted.
   * @default - the public authorities
   */
  readonly certificates?: string | undefined;
  /**
   * How the host is reached. The TLS server name, the name in the certificate, and the field `Host` stay those of the URL.
   * @default - by the addresses of its name
   */
  readonly route?: ConnectionRoute | undefined;
  /** Aborts the exchange, also during the response. */
  readonly signal: AbortSignal;
}

/**
 * Sends a request, and returns the response as soon as its headers have arrived.
 *
 * @param url https, or http if the caller allows it
 * @throws AddressNotAllowed, NoResponse, the signal's reason, or a connection error of `node:http`
 */
export async function guardedRequest(
  url: URL,
  { method, headers, body, certificates, route = {}, signal }: GuardedRequest,
  policy: ConnectionPolicy,
): Promise<http.IncomingMessage> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
  // An address is not resolved, so it cannot be routed.
  if (isIP(host) !== 0 && (route.host !== undefined || !isReachable({ host, port, address: host }, policy)))
    throw new AddressNotAllowed(host, port);
  signal.throwIfAborted();
  const response = new Promise<http.IncomingMessage>((received, failed) => {
    const request = (url.protocol === 'https:' ? https : http).request(url, {
      method,
      headers: { ...headers, ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }) },
      agent: false,
      // An intermediate authority can be trusted without its root.
      ...(certificates !== undefined && { ca: certificates, allowPartialTrustChain: true }),
      // Even if the environment says otherwise (NODE_TLS_REJECT_UNAUTHORIZED).
      rejectUnauthorized: true,
      lookup: guardedLookup(port, route, policy),
      signal,
    });
    request.on('response', received);
    request.on('error', failed);
    // Without this listener `node:http` drops the connection after a 101, and emits neither a response nor an error.
    request.on('upgrade', (_message, socket) => {
      socket.destroy();
      failed(new NoResponse('the server switched protocols'));
    });
    // The last event of every request. It has no effect after a response or an error.
    request.on('close', () => {
      failed(new NoResponse('the connection was closed without a response'));
    });
    request.end(body);
  });
  return unlessAborted(signal, response);
}

/** Returns the headers of a response, with repeated ones combined into a list (RFC 9110 section 5.3). */
export const headersOf = (message: http.IncomingMessage): ReadonlyMap<string, string> =>
  new Map(Object.entries(message.headers).map(([name, value]) => [name, [value ?? []].flat().join(', ')]));
