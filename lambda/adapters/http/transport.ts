/**
 * The HTTP client for authorization servers: https only, addresses checked when the connection is made, no redirects,
 * 5 seconds, 256 KiB. It fails closed.
 */
import type http from 'node:http';
import { endpointFault, type EndpointPolicy } from '../../domain/endpoint';
import { ProviderFailure } from '../../domain/oauth/provider-failure';
import type { Transport } from '../../domain/oauth/transport';
import { unlessAborted } from '../../domain/abort';
import { AddressNotAllowed, guardedRequest, NoResponse } from './guarded-request';

/** Timeout of a whole exchange, in milliseconds. */
const REQUEST_TIMEOUT_MS = 5_000;
/** Maximum bytes of a response body. */
const MAX_RESPONSE_BYTES = 256 * 1024;

function readBody(message: http.IncomingMessage): Promise<Buffer> {
  return new Promise((done, failed) => {
    const chunks: Buffer[] = [];
    let size = 0;
    message.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > MAX_RESPONSE_BYTES)
        message.destroy(
          new ProviderFailure('invalid_response', `response is over ${MAX_RESPONSE_BYTES} bytes`),
        );
      else chunks.push(chunk);
    });
    message.on('end', () => done(Buffer.concat(chunks)));
    message.on('error', failed);
    message.on('close', () => {
      failed(new ProviderFailure('unreachable', 'the connection ended early', { unavailable: true }));
    });
  });
}

const headersOf = (message: http.IncomingMessage): [string, string][] =>
  Object.entries(message.headers).flatMap(([name, value]): [string, string][] =>
    value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
  );

/** Returns the reason for the operator's log. */
function connectionFailure(error: unknown, deadline: AbortSignal): string {
  if (deadline.aborted) return `no response in ${REQUEST_TIMEOUT_MS} ms`;
  return error instanceof NoResponse ? error.message : 'no connection';
}

/**
 * @returns a transport that returns the server's response, whatever its status, and throws {@link ProviderFailure} if
 *   there is no usable response
 */
export function createTransport(policy: EndpointPolicy): Transport {
  async function exchange(url: URL, init: Parameters<Transport>[1], signal: AbortSignal): Promise<Response> {
    const { method, headers } = init;
    const body = init.body?.toString();
    const message = await guardedRequest(url, { method, headers, body, signal }, policy);
    const content = await readBody(message);
    const status = message.statusCode ?? 0;
    const bodiless = status === 204 || status === 205 || status === 304;
    return new Response(bodiless ? null : new Uint8Array(content), { status, headers: headersOf(message) });
  }

  return async (text, init) => {
    const fault = endpointFault(text, policy);
    if (fault) throw new ProviderFailure('address_not_allowed', `endpoint ${fault}`);
    const url = new URL(text);
    const deadline = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    const signal = init.signal ? AbortSignal.any([deadline, init.signal]) : deadline;
    try {
      return await unlessAborted(signal, exchange(url, init, signal));
    } catch (error) {
      if (error instanceof ProviderFailure) throw error;
      if (error instanceof AddressNotAllowed) {
        throw new ProviderFailure('address_not_allowed', error.message, { cause: error });
      }
      throw new ProviderFailure('unreachable', `${url.hostname}: ${connectionFailure(error, deadline)}`, {
        unavailable: true,
        cause: error,
      });
    }
  };
}
