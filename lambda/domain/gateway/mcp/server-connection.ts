/** The MCP server behind a target, as the client of the gateway reaches it: each request has the credential of the target. */
import type { McpTool } from '../../../model/gateway/mcp-tools';
import { ExchangeFailure, type StreamedResponse } from '../../streamed-exchange';
import type { HeaderFields } from '../../gate/header-fields';
import { requestIdOf } from '../../gate/json-rpc';
import type { CredentialSource } from '../credential';
import { EchoRemover } from '../echo-remover';
import { exchange, type AdmittedRequest, type Forward } from '../exchange';
import { GatewayProblem } from '../problem';
import { credentialRejected } from '../target-response';

/** A message of the client, or the end of its session. */
export interface ClientRequest {
  readonly method: 'POST' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
}

export interface ServerConnection {
  /** @throws ServiceError, ExchangeFailure */
  send(request: ClientRequest): Promise<StreamedResponse>;
  /** Aborts when a message has no complete response, with the reason. Nothing is sent then. */
  readonly failed: AbortSignal;
  /**
   * Returns what the server has stated without any credential that it got. A response that was open before a credential was
   * renewed was not searched for the new one, and parsing undoes one encoding.
   *
   * @throws ExchangeFailure
   */
  readonly clean: <Stated>(stated: Stated) => Stated;
  /** Whether the server has shown the credential. */
  readonly echoed: () => boolean;
}

export interface ToolCall {
  readonly name: string;
  readonly arguments?: Readonly<Record<string, unknown>> | undefined;
}

/** A call of a tool as it was accepted, of which the schema says which arguments are mirrored in headers. */
export interface AcceptedCall extends ToolCall {
  readonly inputSchema: McpTool['inputSchema'];
}

/** Its members are the server's. */
export interface ToolResult {
  readonly content?: unknown;
  readonly structuredContent?: unknown;
  readonly isError?: unknown;
  readonly _meta?: Readonly<Record<string, unknown>> | undefined;
}

/** The client of one request to a server. It refuses all requests of the server: sampling, elicitation, and roots. */
export interface McpClient {
  /** Returns the tools as the server states them. */
  listTools(connection: ServerConnection, signal: AbortSignal): Promise<readonly unknown[]>;
  /** Returns the result as the server states it. */
  callTool(connection: ServerConnection, call: AcceptedCall, signal: AbortSignal): Promise<ToolResult>;
}

/** Bytes of all responses for one request, as AWS limits a call and a list: they are in memory. */
export const MAX_RESPONSE_BYTES = 6 * 1024 * 1024;

/** The same for a list of tools. A target keeps fewer bytes of them, and many servers are asked for theirs at the same time. */
export const MAX_LIST_BYTES = 1024 * 1024;

/** More lists of one request would exceed the bytes of all responses. */
export const MAX_PAGES = 100;

/** The pages of a list, after the negotiation of the version. */
const MAX_REQUESTS = MAX_PAGES + 10;

/** Messages that are no requests: a few of the client, and an answer to each request of the server. */
const MAX_ANSWERS = 10;

const isRenewed = (error: unknown): boolean =>
  error instanceof GatewayProblem && error.kind === 'credential-renewed';

/**
 * @param admitted with the credential
 * @param passing fields of the caller's request that pass to the server
 * @param maxBytes of all responses
 */
export function connectTo(
  forward: Forward,
  admitted: Omit<AdmittedRequest, 'request'>,
  { passing = new Map(), maxBytes }: { readonly passing?: HeaderFields; readonly maxBytes: number },
): ServerConnection {
  let { credential, source } = admitted;
  let bytes = 0;
  let requests = 0;
  let answers = 0;
  /** The end of the last answer: they are sent one after the other. */
  let answered: Promise<unknown> = Promise.resolve();
  const failed = new AbortController();
  const responses: { readonly echoed: () => boolean }[] = [];
  const secrets: string[] = [];
  let isShown = false;

  function fail(error: unknown): never {
    failed.abort(error);
    throw error;
  }

  /** A server could have any number of tokens made, if it rejected each of its answers or its requests were renewed again. */
  const refuse = () => Promise.reject(credentialRejected(credential));
  const withoutRenewal: CredentialSource = { ...admitted.source, retrieve: refuse, renew: refuse };

  async function* limited(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of body) {
        bytes += chunk.length;
        if (bytes > maxBytes) {
          throw new ExchangeFailure(`the responses have more than ${maxBytes} bytes`);
        }
        yield chunk;
      }
    } catch (error) {
      fail(error);
    }
  }

  async function sendWith(
    present: CredentialSource,
    { method, headers, body, signal }: ClientRequest,
  ): Promise<StreamedResponse> {
    failed.signal.throwIfAborted();
    const own = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), [value]] as const);
    const request = { method, headers: new Map([...passing, ...own]), query: {}, payload: Buffer.from(body) };
    const either = AbortSignal.any([signal, failed.signal]);
    const sent = { ...admitted, credential, source: present, request };
    const response = await exchange(forward, sent, either, secrets);
    responses.push(response);
    // The credential goes to the endpoint of the target, and nowhere else.
    if (response.status >= 300 && response.status < 400) throw new ExchangeFailure('the server redirects');
    return { ...response, body: limited(response.body) };
  }

  async function sendRequest(request: ClientRequest): Promise<StreamedResponse> {
    requests += 1;
    if (requests > MAX_REQUESTS)
      throw new ExchangeFailure(`the server needs more than ${MAX_REQUESTS} requests`);
    try {
      return await sendWith(source, request);
    } catch (error) {
      if (!isRenewed(error)) throw error;
      // The server did not accept the request, so it can be repeated.
      credential = await source.retrieve();
      source = withoutRenewal;
      return sendWith(source, request);
    }
  }

  function sendAnswer(answer: ClientRequest): Promise<StreamedResponse> {
    answers += 1;
    if (answers > MAX_ANSWERS)
      throw new ExchangeFailure(`the server sends more than ${MAX_ANSWERS} requests`);
    const sent = answered.then(() => sendWith(withoutRenewal, answer));
    answered = sent.catch(() => undefined);
    return sent;
  }

  return {
    async send(request) {
      failed.signal.throwIfAborted();
      try {
        const isRequest = requestIdOf(Buffer.from(request.body)) !== undefined;
        return await (isRequest ? sendRequest(request) : sendAnswer(request));
      } catch (error) {
        return fail(error);
      }
    },
    failed: failed.signal,
    clean(stated) {
      const text = JSON.stringify(stated);
      const cleaned = new EchoRemover(secrets).ofText(text);
      if (cleaned === text) return stated;
      isShown = true;
      try {
        return JSON.parse(cleaned) as typeof stated;
      } catch (error) {
        throw new ExchangeFailure('the response contains the credential between its members', error);
      }
    },
    echoed: () => isShown || responses.some((response) => response.echoed()),
  };
}
