/** An agent at an https address. Sends one request, and passes the response on as it arrives. */
import type http from 'node:http';
import { AgentFailure, type Agent } from '../../domain/gate/agent-response';
import type { ConnectionPolicy } from './connection-policy';
import { AddressNotAllowed, guardedRequest, NoResponse } from './guarded-request';

/** The error's code (`ECONNREFUSED`, `ENOTFOUND`, `CERT_HAS_EXPIRED`, …), which contains nothing that the agent sent. */
function reasonOf(error: unknown): string {
  if (error instanceof AddressNotAllowed) return error.message;
  if (error instanceof NoResponse) return `no response (${error.message})`;
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? `no response (${code})` : 'no response';
}

/** Combines repeated headers into a list (RFC 9110 section 5.3). */
const headersOf = (message: http.IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(message.headers).map(([name, value]) => [name, [value ?? []].flat().join(', ')]),
  );

async function* bodyOf(message: http.IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of message as AsyncIterable<Buffer>) yield chunk;
  } catch (error) {
    throw new AgentFailure('the response ended early', error);
  }
}

/** @param address URL of every request */
export const createHttpAgent = (address: string, policy: ConnectionPolicy): Agent => ({
  async invoke({ method, headers, payload }, signal) {
    const body = method === 'POST' ? payload : undefined;
    const request = { method, headers: { ...headers }, body, signal };
    try {
      const message = await guardedRequest(new URL(address), request, policy);
      return { status: message.statusCode ?? 0, headers: headersOf(message), body: bodyOf(message) };
    } catch (error) {
      throw new AgentFailure(reasonOf(error), error);
    }
  },
});
