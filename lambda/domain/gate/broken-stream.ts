/** The last event of an event stream that started and cannot complete. */
import type { ServiceError } from '../service-error';
import type { AgentEndpointConfiguration } from './agent-endpoint';
import type { AgentCall } from './invoke';
import { errorMessage, requestIdOf } from './json-rpc';

/** A stream that the gate ends, and why. */
export interface BrokenStream {
  readonly call: Pick<AgentCall, 'headers' | 'payload'> & { readonly method: string };
  /** The error that the caller gets. */
  readonly error: Pick<ServiceError, 'type' | 'message'>;
  /** The body of the service's response for this error, as JSON on one line. */
  readonly body: string;
  /** Whether the client can resume the stream after an event that it received. */
  readonly resumable: boolean;
  /** Whether a limit of the gate ends the stream, in place of a failure of the agent. */
  readonly limited: boolean;
}

/**
 * Returns the last event; undefined if the stream ends without one.
 *
 * With MCP, it is the JSON-RPC response to the request. Without an event, the client reopens the stream by itself: that of
 * its session, which GET opened, and one that the gate ended by a limit and the client can resume. An error would end the
 * request, and a server that still works could not respond to it any more. After a failure of the server, there is
 * probably nothing to resume.
 */
export function lastEventOf(
  { protocol }: Pick<AgentEndpointConfiguration, 'protocol'>,
  { call: { method, headers, payload }, error, body, resumable, limited }: BrokenStream,
): string | undefined {
  const isMcp = protocol === 'MCP';
  if (isMcp && (method === 'GET' || (resumable && limited && headers.has('mcp-session-id'))))
    return undefined;
  const id = isMcp ? requestIdOf(payload) : undefined;
  return id === undefined
    ? `event: error\ndata: ${body}\n\n`
    : `event: message\ndata: ${errorMessage(id, error)}\n\n`;
}
