/**
 * Requests to the servers of providers and issuers. Their metadata names further servers, so the requests go where the
 * service sends its own: to public https addresses, and to this computer only if the service runs there. The address is
 * checked when the connection is made, so that a host name cannot change between check and use. No redirect is followed.
 */
import { lookup as resolve, type LookupAddress } from 'node:dns';
import http from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { isReachable } from '../../lambda/contract/addresses';
import {
  endpointFault,
  isLoopbackHttp,
  type EndpointPolicy,
} from '../../lambda/contract/authorization-server';
import { connectionFault, NoResponse, REQUEST_TIMEOUT_MS, type Service } from './service';

/** Maximum bytes of a document. The service reads up to this size, too. */
const MAX_DOCUMENT_BYTES = 256 * 1024;

/** Returns which addresses the service and this command send requests to. */
export const endpointPolicyOf = ({ endpoint }: Pick<Service, 'endpoint'>): EndpointPolicy => ({
  loopback: isLoopbackHttp(new URL(endpoint)),
});

/** No request is sent to this address, by the service and by the command. */
export class AddressNotAllowed extends Error {}

const internal = (host: string): AddressNotAllowed =>
  new AddressNotAllowed(`${host} leads to an internal address`);

/** Resolves a host name, and fails unless every one of its addresses is allowed. */
const guardedLookup =
  (policy: EndpointPolicy): LookupFunction =>
  (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error) return callback(error, '', 0);
      const [first] = addresses;
      if (!first || !addresses.every(({ address }) => isReachable(address, policy))) {
        return callback(internal(hostname), '', 0);
      }
      if (options.all) return callback(null, addresses);
      return callback(null, first.address, first.family);
    });
  };

/** Returns the response as soon as its headers have arrived. */
async function open(text: string, policy: EndpointPolicy): Promise<http.IncomingMessage> {
  const fault = endpointFault(text, policy);
  if (fault !== undefined) throw new AddressNotAllowed(`the URL ${fault}`);
  const url = new URL(text);
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && !isReachable(host, policy)) throw internal(host);
  const message = await new Promise<http.IncomingMessage>((received, failed) => {
    const request = (url.protocol === 'https:' ? https : http).request(url, {
      headers: { accept: 'application/json' },
      agent: false,
      lookup: guardedLookup(policy),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    request.on('response', received);
    request.on('error', failed);
    request.on('upgrade', (_message, socket) => {
      socket.destroy();
      failed(new Error('the server switched protocols'));
    });
    request.on('close', () => {
      failed(new Error('the connection was closed without a response'));
    });
    request.end();
  }).catch((error: unknown) => {
    throw error instanceof AddressNotAllowed ? error : new NoResponse(url.origin, connectionFault(error));
  });
  // The connection can end later, when nothing is read from it any more.
  message.on('error', () => undefined);
  return message;
}

/**
 * Returns the status with which a server responds.
 *
 * @throws AddressNotAllowed, NoResponse
 */
export async function statusOf(url: string, policy: EndpointPolicy): Promise<number> {
  const message = await open(url, policy);
  message.destroy();
  return message.statusCode ?? 0;
}

async function bodyOf(message: http.IncomingMessage): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_DOCUMENT_BYTES) throw new Error(`the document has over ${MAX_DOCUMENT_BYTES} bytes`);
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

/**
 * Returns the response of a server with its body.
 *
 * @throws AddressNotAllowed, NoResponse
 */
export async function documentResponse(url: string, policy: EndpointPolicy): Promise<Response> {
  const message = await open(url, policy);
  const body = await bodyOf(message).catch((error: unknown) => {
    throw new NoResponse(new URL(url).origin, connectionFault(error));
  });
  const status = message.statusCode ?? 0;
  return new Response(status === 204 || status === 205 || status === 304 ? null : body, { status });
}
