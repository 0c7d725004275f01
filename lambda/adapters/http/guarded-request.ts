/**
 * A request to someone else's server, whose address is checked when the connection is made, so that a name cannot lead
 * inside, nor change its mind. It follows no redirect and has a connection of its own: one that was kept open may have
 * died while the function was frozen, and the request with it, which cannot be sent a second time to find out.
 */
import { lookup as resolve, type LookupAddress } from 'node:dns';
import http from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { EndpointPolicy } from '../../domain/endpoint';
import { within } from '../../domain/within';
import { isReachable } from './addresses';

/** The host leads to an address that must not be reached. */
export class AddressNotAllowed extends Error {
  constructor(host: string) {
    super(`${host} leads to an address that must not be reached`);
    this.name = 'AddressNotAllowed';
  }
}

/** The connection ended in a way that leaves no answer and that `node:http` does not call an error. */
export class Unanswered extends Error {
  constructor(what: string) {
    super(what);
    this.name = 'Unanswered';
  }
}

/** Resolves a name and lets it through only if every address that it has may be reached. */
const guardedLookup =
  (policy: EndpointPolicy): LookupFunction =>
  (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error) return callback(error, '', 0);
      const [first] = addresses;
      if (!first || !addresses.every(({ address }) => isReachable(address, policy))) {
        return callback(new AddressNotAllowed(hostname), '', 0);
      }
      if (options.all) return callback(null, addresses);
      return callback(null, first.address, first.family);
    });
  };

export interface GuardedRequest {
  readonly method: string;
  readonly headers: http.OutgoingHttpHeaders;
  readonly body?: string | Uint8Array | undefined;
  /** Ends the exchange, in the answer too. */
  readonly signal: AbortSignal;
}

/**
 * @param url https, or http where the caller has let it in
 * @returns the answer, of which the headers have come
 * @throws AddressNotAllowed, Unanswered, the signal's reason, or what `node:http` says of a connection
 */
export async function guardedRequest(
  url: URL,
  { method, headers, body, signal }: GuardedRequest,
  policy: EndpointPolicy,
): Promise<http.IncomingMessage> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && !isReachable(host, policy)) throw new AddressNotAllowed(host);
  signal.throwIfAborted();
  const answer = new Promise<http.IncomingMessage>((answered, failed) => {
    const request = (url.protocol === 'https:' ? https : http).request(url, {
      method,
      headers: { ...headers, ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }) },
      agent: false,
      lookup: guardedLookup(policy),
      signal,
    });
    request.on('response', answered);
    request.on('error', failed);
    // Without this listener `node:http` drops the connection after a 101, and emits neither an answer nor an error.
    request.on('upgrade', (_message, socket) => {
      socket.destroy();
      failed(new Unanswered('the server switched protocols'));
    });
    // The last event of every request. It changes nothing after an answer or an error.
    request.on('close', () => {
      failed(new Unanswered('the connection was closed without an answer'));
    });
    request.end(body);
  });
  return within(signal, answer);
}
