/** Validates the agent's response and returns the part for the caller. */
import { ServiceError } from '../service-error';
import type { StreamedResponse } from '../streamed-exchange';
import { SESSION_HEADER, type AgentRequest } from './agent-request';
import type { AgentEndpointConfiguration } from './agent-endpoint';
import { forwardedChallenge } from './challenge';
import { checkFields, type Server } from './response-fields';

/** Invokes the agent, by URL or as a Lambda function. */
export interface Agent {
  /**
   * Sends the request once and returns when the response starts. An invocation can have effects before it fails, so a
   * request is never repeated.
   *
   * @param signal ends the invocation, before or during the response
   * @throws {@link ExchangeFailure}
   */
  invoke(request: AgentRequest, signal: AbortSignal): Promise<StreamedResponse>;
}

/** The agent's headers that are returned: those that describe the body or its streaming, and those of MCP and tracing. */
const RETURNED = [
  'content-type',
  'content-encoding',
  'mcp-session-id',
  'mcp-protocol-version',
  'traceparent',
  'tracestate',
  'baggage',
  'allow',
  'x-accel-buffering',
] as const;

/**
 * Returns a 424: the caller is not at fault, and an SDK that attributed the error to the gate would repeat a request that
 * the agent might have acted on.
 */
export const runtimeClientError = (message: string, detail: string, cause?: unknown): ServiceError =>
  new ServiceError('RuntimeClientError', message, { detail, cause });

export const AGENT: Server = { name: 'agent', failure: runtimeClientError };

/**
 * Some statuses have a meaning in MCP's streamable HTTP (202, 400, 404), so every status that is not a server error is
 * returned. In the AWS HTTP contract, every status that is not a success is an error.
 */
const isForwardedStatus = (protocol: AgentEndpointConfiguration['protocol'], status: number): boolean =>
  (status >= 200 && status < 300) || (protocol === 'MCP' && status >= 400 && status < 500);

/** The response is private. Without `no-transform`, a proxy can compress a stream, and hold back its events. */
const cacheControl = (headers: StreamedResponse['headers']): string =>
  /(^|[,\s])no-transform([,\s]|$)/i.test(headers['cache-control'] ?? '')
    ? 'no-store, no-transform'
    : 'no-store';

/** What responds: an endpoint, or an agent behind a gateway, whose challenges are those of the gateway. */
export type RespondingAgent =
  | Pick<AgentEndpointConfiguration, 'protocol' | 'baseUrl' | 'inbound'>
  | { readonly protocol: 'HTTP'; readonly inbound?: never };

/**
 * Returns the response with the headers for the caller.
 *
 * @throws RuntimeClientError that names the status or the invalid header, without the body
 */
export function validatedResponse(
  endpoint: RespondingAgent,
  { status, headers, body }: StreamedResponse,
  sessionId: string,
): StreamedResponse {
  if (!isForwardedStatus(endpoint.protocol, status)) {
    throw runtimeClientError(
      `The agent responded with status ${status}. See the agent's log for the reason.`,
      `agent: status ${status}`,
    );
  }
  const challenge = endpoint.inbound && forwardedChallenge(endpoint, status, headers['www-authenticate']);
  const returned = RETURNED.flatMap((name): [string, string][] => {
    const value = headers[name];
    return value === undefined ? [] : [[name, value]];
  });
  if (challenge !== undefined) returned.push(['www-authenticate', challenge]);
  checkFields(returned, AGENT);
  return {
    status,
    headers: {
      'content-type': 'application/octet-stream',
      ...Object.fromEntries(returned),
      [SESSION_HEADER]: sessionId,
      'cache-control': cacheControl(headers),
      // The media type is as declared.
      'x-content-type-options': 'nosniff',
    },
    body,
  };
}
