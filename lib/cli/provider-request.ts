/**
 * Requests to the servers of providers and issuers. Their metadata names further servers, so the requests go where the
 * service sends its own: to public https addresses, and to this computer only if the service runs there. The address is
 * checked when the connection is made, so that a host name cannot change between check and use. No redirect is followed.
 */
import type { IncomingMessage } from 'node:http';
import { endpointFault, isLoopbackHttp, type EndpointPolicy } from '../../lambda/model/endpoint';
import {
  AddressNotAllowed,
  guardedRequest,
  headersOf,
  type GuardedRequest,
} from '../../lambda/adapters/http/guarded-request';
import type { Transport } from '../../lambda/domain/oauth/transport';
import { connectionFault, NoResponse, type Service } from './service';
import { CLIENT_TIMEOUT_MS } from '../../lambda/model/time-limits';

/** Maximum bytes of a document. The service reads up to this size, too. */
const MAX_DOCUMENT_BYTES = 256 * 1024;

/** Returns which addresses the service and this command send requests to. */
export const endpointPolicyOf = ({ endpoint }: Pick<Service, 'endpoint'>): EndpointPolicy => ({
  loopback: isLoopbackHttp(new URL(endpoint)),
});

/** No request is sent to this URL, by the service and by the command. */
export class UrlNotAllowed extends Error {}

/** No request is sent to this URL by the command. The service sends one if its operator allows the private address. */
export class InternalAddress extends UrlNotAllowed {}

/** What a request sends, if it does not only read a document. */
type Sent = Pick<GuardedRequest, 'method' | 'headers' | 'body'>;

const READ: Sent = { method: 'GET', headers: { accept: 'application/json' } };

/** Returns the response as soon as its headers have arrived. */
async function open(text: string, policy: EndpointPolicy, sent = READ): Promise<IncomingMessage> {
  const fault = endpointFault(text, policy);
  if (fault !== undefined) throw new UrlNotAllowed(`the URL ${fault}`);
  const url = new URL(text);
  const request = { ...sent, signal: AbortSignal.timeout(CLIENT_TIMEOUT_MS) };
  const message = await guardedRequest(url, request, policy).catch((error: unknown) => {
    if (error instanceof AddressNotAllowed) throw new InternalAddress(error.message);
    throw new NoResponse(url.origin, connectionFault(error));
  });
  // The connection can end later, when nothing is read from it any more.
  message.on('error', () => undefined);
  return message;
}

/**
 * Returns the status with which a server responds.
 *
 * @throws UrlNotAllowed, NoResponse
 */
export async function statusOf(url: string, policy: EndpointPolicy): Promise<number> {
  const message = await open(url, policy);
  message.destroy();
  return message.statusCode ?? 0;
}

async function bodyOf(message: IncomingMessage): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_DOCUMENT_BYTES) throw new Error(`the document has over ${MAX_DOCUMENT_BYTES} bytes`);
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

const completeBody = (url: string, message: IncomingMessage): Promise<Uint8Array<ArrayBuffer>> =>
  bodyOf(message).catch((error: unknown) => {
    throw new NoResponse(new URL(url).origin, connectionFault(error));
  });

/** Returns what sends requests of the service's own code. They throw UrlNotAllowed and NoResponse. */
export const transportBy =
  (policy: EndpointPolicy): Transport =>
  async (url, { method, headers, body }) => {
    const message = await open(url, policy, { method, headers, body: body?.toString() });
    const bytes = await completeBody(url, message);
    return {
      status: message.statusCode ?? 0,
      headers: headersOf(message),
      text: () => Promise.resolve(Buffer.from(bytes).toString('utf8')),
      arrayBuffer: () => Promise.resolve(bytes.buffer),
    };
  };

/**
 * Returns the response of a server with its body.
 *
 * @throws UrlNotAllowed, NoResponse
 */
export async function documentResponse(url: string, policy: EndpointPolicy): Promise<Response> {
  const message = await open(url, policy);
  const body = await completeBody(url, message);
  const status = message.statusCode ?? 0;
  const { location } = message.headers;
  return new Response(status === 204 || status === 205 || status === 304 ? null : body, {
    status,
    headers: location === undefined ? {} : { location },
  });
}
