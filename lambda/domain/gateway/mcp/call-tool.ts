/** A call of a tool at the MCP server that has it. */
import { ServiceError } from '../../service-error';
import type { HeaderFields } from '../../gate/header-fields';
import type { Forward } from '../exchange';
import type { AdmittedCall } from '../invoke';
import { ConsentRequired, targetFailure } from '../problem';
import { connectTo, type McpClient, type ToolCall } from './server-connection';

/** As AWS writes it: the model gets it, so it says nothing about the server. */
const FAILED = 'An internal error occurred. Please retry later.';

export interface CalledTool {
  readonly result: object;
  readonly echoed: boolean;
  /** Why the server gave no result; undefined if it did. */
  readonly failure?: ServiceError;
}

/** What mirrors arguments, which only a client with the tool's definition can send (MCP 2026-07-28, "Streamable HTTP"). */
const isMirrored = (name: string): boolean => name.startsWith('mcp-param-');

/** Returns the fields of the caller's request that pass: those of arguments, and those that the target allows. */
function passingFields({ request, target }: AdmittedCall): HeaderFields {
  const allowed = target.metadataConfiguration?.allowedRequestHeaders ?? [];
  const isAllowed = (name: string) => allowed.some((one) => one.toLowerCase() === name);
  return new Map([...request.headers].filter(([name]) => isMirrored(name) || isAllowed(name)));
}

/** @throws ServiceError for the caller of the gateway; other failures are a result for the model */
export async function callTool(
  { forward, mcpClient }: { readonly forward: Forward; readonly mcpClient: McpClient },
  admitted: AdmittedCall,
  call: ToolCall,
  signal: AbortSignal,
): Promise<CalledTool> {
  const connection = connectTo(forward, admitted, passingFields(admitted));
  try {
    const result = await mcpClient.callTool(connection, call, signal);
    return { result, echoed: connection.echoed() };
  } catch (error) {
    if (signal.aborted && signal.reason instanceof ServiceError) throw signal.reason;
    const cause = connection.failure() ?? error;
    if (cause instanceof ConsentRequired) throw cause;
    const failure = serverFailure(cause);
    const isDebugged = admitted.gateway.exceptionLevel === 'DEBUG';
    const text = isDebugged ? failure.message : FAILED;
    const debug = isDebugged && { _meta: { debug: failure.detail ?? failure.message } };
    const result = { isError: true, content: [{ type: 'text', text }], ...debug };
    return { result, echoed: connection.echoed(), failure };
  }
}

/** Returns an error without words of the server. */
export function serverFailure(cause: unknown): ServiceError {
  if (cause instanceof ServiceError) return cause;
  const detail = cause instanceof Error ? cause.name : 'unknown';
  return targetFailure(
    'The server did not respond as an MCP server does, or not in time.',
    `target: no MCP response (${detail})`,
    cause,
  );
}
