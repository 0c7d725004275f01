/** The MCP server behind a target, as the client of the gateway reaches it: each request has the credential of the target. */
import { ExchangeFailure, type StreamedResponse } from '../../streamed-exchange';
import type { HeaderFields } from '../../gate/header-fields';
import { exchange, type AdmittedRequest, type Forward } from '../exchange';
import { GatewayProblem } from '../problem';

/** A request of the client. */
export interface ClientRequest {
  readonly method: 'POST' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
}

export interface ServerConnection {
  /** @throws ServiceError, ExchangeFailure */
  send(request: ClientRequest): Promise<StreamedResponse>;
  /** Returns why a request had no response, which the client replaces by an error of its own; undefined if each had one. */
  readonly failure: () => unknown;
  /** Whether the server has shown the credential. */
  readonly echoed: () => boolean;
}

export interface ToolCall {
  readonly name: string;
  readonly arguments?: Readonly<Record<string, unknown>> | undefined;
}

/** The client of one request to a server. It refuses all requests of the server: sampling, elicitation, and roots. */
export interface McpClient {
  /** Returns the tools as the server states them. */
  listTools(connection: ServerConnection, signal: AbortSignal): Promise<readonly unknown[]>;
  /** Returns the result as the server states it. */
  callTool(connection: ServerConnection, call: ToolCall, signal: AbortSignal): Promise<object>;
}

/** Bytes of all responses for one request, as AWS limits a call and a list: they are in memory. */
export const MAX_RESPONSE_BYTES = 6 * 1024 * 1024;

const isRenewed = (error: unknown): boolean =>
  error instanceof GatewayProblem && error.kind === 'credential-renewed';

/**
 * @param admitted with the credential
 * @param passing fields of the caller's request that pass to the server
 */
export function connectTo(
  forward: Forward,
  admitted: Omit<AdmittedRequest, 'request'>,
  passing: HeaderFields = new Map(),
): ServerConnection {
  let { credential } = admitted;
  let bytes = 0;
  let failure: unknown;
  const responses: { readonly echoed: () => boolean }[] = [];

  async function* limited(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of body) {
      bytes += chunk.length;
      if (bytes > MAX_RESPONSE_BYTES) {
        failure = new ExchangeFailure(`the responses have more than ${MAX_RESPONSE_BYTES} bytes`);
        throw failure;
      }
      yield chunk;
    }
  }

  async function sendOnce({ method, headers, body, signal }: ClientRequest): Promise<StreamedResponse> {
    const own = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), [value]] as const);
    const request = { method, headers: new Map([...passing, ...own]), query: {}, payload: Buffer.from(body) };
    const response = await exchange(forward, { ...admitted, credential, request }, signal);
    responses.push(response);
    // The credential goes to the endpoint of the target, and nowhere else.
    if (response.status >= 300 && response.status < 400) throw new ExchangeFailure('the server redirects');
    return { ...response, body: limited(response.body) };
  }

  return {
    async send(request) {
      try {
        return await sendOnce(request).catch(async (error: unknown) => {
          if (!isRenewed(error)) throw error;
          // The server did not accept the request, so it can be repeated.
          credential = await admitted.source.retrieve();
          return sendOnce(request);
        });
      } catch (error) {
        failure = error;
        throw error;
      }
    },
    failure: () => failure,
    echoed: () => responses.some((response) => response.echoed()),
  };
}
