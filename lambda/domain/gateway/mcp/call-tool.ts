/** A call of a tool at the MCP server that has it. */
import { isNestedUpTo } from '../../../model/constraints';
import { ServiceError } from '../../service-error';
import { ExchangeFailure } from '../../streamed-exchange';
import type { HeaderFields } from '../../gate/header-fields';
import type { Forward } from '../exchange';
import type { AdmittedCall } from '../invoke';
import { acceptedTools } from '../manage/target-tools';
import { ConsentRequired, targetFailure } from '../problem';
import {
  connectTo,
  MAX_RESPONSE_BYTES,
  type McpClient,
  type ToolCall,
  type ToolResult,
} from './server-connection';

/** As AWS writes it: the model gets it, so it says nothing about the server. */
const FAILED = 'An internal error occurred. Please retry later.';

export interface CalledTool {
  readonly result: object;
  readonly echoed: boolean;
  /** Why the server gave no result; undefined if it did. */
  readonly failure?: ServiceError;
}

/**
 * Returns the fields of the caller's request that the target allows. Those that mirror arguments are made from the arguments:
 * the caller's could differ from them (MCP 2026-07-28, "Streamable HTTP").
 */
function passingFields({ request, target }: AdmittedCall): HeaderFields {
  const allowed = target.metadataConfiguration?.allowedRequestHeaders ?? [];
  const isAllowed = (name: string) => allowed.some((one) => one.toLowerCase() === name);
  return new Map([...request.headers].filter(([name]) => isAllowed(name) && !name.startsWith('mcp-')));
}

/** Members of `_meta` that MCP defines. They are about the connection with the server, and the gateway has its own. */
const isOfProtocol = (name: string): boolean => name.startsWith('io.modelcontextprotocol/');

/** Levels of a result that can be serialized anywhere. */
const MAX_LEVELS = 500;

/** Returns what of a result passes. @throws ExchangeFailure */
function passingResult({ content, structuredContent, isError, _meta }: ToolResult): ToolResult {
  const result = {
    ...(content !== undefined && { content }),
    ...(structuredContent !== undefined && { structuredContent }),
    ...(isError !== undefined && { isError }),
    ...(_meta && {
      _meta: Object.fromEntries(Object.entries(_meta).filter(([name]) => !isOfProtocol(name))),
    }),
  };
  if (isNestedUpTo(MAX_LEVELS, result)) return result;
  throw new ExchangeFailure(`the result is nested in more than ${MAX_LEVELS} levels`);
}

/** @throws ServiceError for the caller of the gateway; other failures are a result for the model */
export async function callTool(
  { forward, mcpClient }: { readonly forward: Forward; readonly mcpClient: McpClient },
  admitted: AdmittedCall,
  call: ToolCall,
  signal: AbortSignal,
): Promise<CalledTool> {
  const connection = connectTo(forward, admitted, {
    passing: passingFields(admitted),
    maxBytes: MAX_RESPONSE_BYTES,
  });
  try {
    const accepted = acceptedTools(admitted.target).find(({ name }) => name === call.name);
    if (!accepted) throw new Error('the tool of an admitted call is accepted');
    const { inputSchema } = accepted;
    const stated = await mcpClient.callTool(connection, { ...call, inputSchema }, signal);
    const result = connection.clean(passingResult(stated));
    return { result, echoed: connection.echoed() };
  } catch (error) {
    if (signal.aborted && signal.reason instanceof ServiceError) throw signal.reason;
    const cause: unknown = connection.failed.reason ?? error;
    if (cause instanceof ConsentRequired) throw cause;
    const failure = serverFailure(cause);
    const isDebugged = admitted.gateway.exceptionLevel === 'DEBUG';
    const text = isDebugged ? failure.message : FAILED;
    const debug = isDebugged && { _meta: { debug: failure.message } };
    const result = { isError: true, content: [{ type: 'text', text }], ...debug };
    return { result, echoed: connection.echoed(), failure };
  }
}

/** Returns an error without words of the server. */
export function serverFailure(cause: unknown): ServiceError {
  if (cause instanceof ServiceError) return cause;
  const name = cause instanceof Error ? cause.name : 'unknown';
  const detail = cause instanceof ExchangeFailure ? cause.detail : name;
  return targetFailure(
    'The server did not respond as an MCP server does, or not in time.',
    `target: no MCP response (${detail})`,
    cause,
  );
}
