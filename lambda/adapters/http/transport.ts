/**
 * The one HTTP client for everything that leaves: https only, addresses checked when the connection is made
 * (so that a name cannot lead inside, nor change its mind), no redirects, five seconds, 256 KiB. Closed on doubt.
 */
import { lookup as resolve, type LookupAddress } from 'node:dns';
import http from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { endpointFault, type EndpointPolicy } from '../../domain/provider/endpoint';
import { ProviderFailure } from '../../domain/grants/provider-failure';
import type { Transport } from '../../domain/grants/transport';
import { isReachable } from './addresses';

/** Milliseconds for a whole exchange. */
const DEADLINE = 5_000;
/** Bytes of an answer's body. */
const MOST = 256 * 1024;

const notAllowed = (host: string): ProviderFailure =>
  new ProviderFailure('address_not_allowed', `${host} leads to an address that must not be reached`);

/** Resolves a name and lets it through only if every address that it has may be reached. */
const guardedLookup =
  (policy: EndpointPolicy): LookupFunction =>
  (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error) return callback(error, '', 0);
      const [first] = addresses;
      if (!first || !addresses.every(({ address }) => isReachable(address, policy))) {
        return callback(notAllowed(hostname), '', 0);
      }
      if (options.all) return callback(null, addresses);
      return callback(null, first.address, first.family);
    });
  };

function readBody(message: http.IncomingMessage): Promise<Buffer> {
  return new Promise((done, failed) => {
    const chunks: Buffer[] = [];
    let size = 0;
    message.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > MOST)
        message.destroy(new ProviderFailure('invalid_response', `answer is over ${MOST} bytes`));
      else chunks.push(chunk);
    });
    message.on('end', () => done(Buffer.concat(chunks)));
    message.on('error', failed);
    message.on('close', () => {
      if (!message.complete) failed(new ProviderFailure('unreachable', 'the connection ended early', true));
    });
  });
}

const headersOf = (message: http.IncomingMessage): [string, string][] =>
  Object.entries(message.headers).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
  );

/**
 * @returns a transport that answers with the server's response, whatever its status
 *   and throws {@link ProviderFailure} when there is none that may be used
 */
export function createTransport(policy: EndpointPolicy): Transport {
  const lookup = guardedLookup(policy);

  async function exchange(url: URL, init: Parameters<Transport>[1], signal: AbortSignal): Promise<Response> {
    const secure = url.protocol === 'https:';
    const body = init.body?.toString();
    const message = await new Promise<http.IncomingMessage>((answered, failed) => {
      const request = (secure ? https : http).request(url, {
        method: init.method,
        headers: {
          ...init.headers,
          ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }),
        },
        // A connection of its own: one that was kept open may have died while the function was frozen, and the request
        // with it; a code or refresh token cannot be sent a second time to find out.
        agent: false,
        lookup,
        signal,
      });
      request.on('response', answered);
      request.on('error', failed);
      request.end(body);
    });
    const content = await readBody(message);
    const status = message.statusCode ?? 0;
    const bodiless = status === 204 || status === 205 || status === 304;
    return new Response(bodiless ? null : new Uint8Array(content), { status, headers: headersOf(message) });
  }

  return async (text, init) => {
    const fault = endpointFault(text, policy);
    if (fault) throw new ProviderFailure('address_not_allowed', `endpoint ${fault}`);
    const url = new URL(text);
    const host = url.hostname.replace(/^\[|\]$/g, '');
    if (isIP(host) !== 0 && !isReachable(host, policy)) throw notAllowed(host);
    const deadline = AbortSignal.timeout(DEADLINE);
    try {
      return await exchange(url, init, init.signal ? AbortSignal.any([deadline, init.signal]) : deadline);
    } catch (error) {
      if (error instanceof ProviderFailure) throw error;
      const why = deadline.aborted ? `no answer in ${DEADLINE} ms` : 'no connection';
      throw new ProviderFailure('unreachable', `${url.hostname}: ${why}`, true, error);
    }
  };
}
