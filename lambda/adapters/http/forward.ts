/**
 * One exchange with a server whose response is passed on as it arrives. A slow reader slows the server down, so that no
 * more than a few chunks are in memory. It follows no redirect and switches no protocol, and `node:http` bounds the headers
 * of the response to 16 KiB.
 */
import type http from 'node:http';
import { ExchangeFailure, type StreamedResponse } from '../../domain/streamed-exchange';
import type { ConnectionPolicy } from './connection-policy';
import {
  AddressNotAllowed,
  guardedRequest,
  headersOf,
  NoResponse,
  type GuardedRequest,
} from './guarded-request';

/** The error's code (`ECONNREFUSED`, `ENOTFOUND`, `CERT_HAS_EXPIRED`, …), which contains nothing that the server sent. */
function reasonOf(error: unknown): string {
  if (error instanceof AddressNotAllowed) return error.message;
  if (error instanceof NoResponse) return `no response (${error.message})`;
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? `no response (${code})` : 'no response';
}

async function* bodyOf(message: http.IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of message as AsyncIterable<Buffer>) yield chunk;
  } catch (error) {
    throw new ExchangeFailure('the response ended early', error);
  }
}

/**
 * Sends a request once, and returns when the response starts.
 *
 * @throws ExchangeFailure
 */
export async function forward(
  url: URL,
  request: GuardedRequest,
  policy: ConnectionPolicy,
): Promise<StreamedResponse> {
  try {
    const message = await guardedRequest(url, request, policy);
    return {
      status: message.statusCode ?? 0,
      headers: Object.fromEntries(headersOf(message)),
      body: bodyOf(message),
    };
  } catch (error) {
    throw new ExchangeFailure(reasonOf(error), error);
  }
}
