/** Requests at the one URL of a gateway, whose targets are MCP servers. */
import { NO_STORE } from '../api/errors';
import { endedBy } from '../domain/audit';
import { requestOf } from '../domain/gate/json-rpc';
import { RESPONSE_OPERATION } from '../domain/gateway/audit';
import { apiOf } from '../domain/gateway/inbound';
import {
  admitGatewayCall,
  admitMcpRequest,
  noSuchTarget,
  UnknownTool,
  type AdmittedCall,
  type GatewayCall,
} from '../domain/gateway/invoke';
import { callTool, type CalledTool } from '../domain/gateway/mcp/call-tool';
import {
  listTools,
  type GatewayServerDependencies,
  type ServeMcp,
} from '../domain/gateway/mcp/gateway-server';
import { parseQualifiedName } from '../domain/gateway/mcp/qualified-name';
import { watchAccess } from '../domain/gateway/revocation-watch';
import type { Gateway } from '../model/records/gateway';
import type { Invocation } from './invocation';
import type { Plain } from './passed-response';

export interface GatewayMcpDependencies extends GatewayServerDependencies {
  readonly serveMcp: ServeMcp;
}

/** Error of JSON-RPC for a tool that does not exist (MCP, "Tools", error handling). */
const INVALID_PARAMS = -32602;

const unknownTool = (): Error =>
  Object.assign(new Error('Unknown tool. List the tools of this gateway again.'), { code: INVALID_PARAMS });

/** Returns the name in a request to call a tool; undefined for any other request. A batch calls none. */
function calledName(payload: Uint8Array): string | undefined {
  const { method, params } = requestOf(payload) ?? {};
  const isCall = method === 'tools/call' && typeof params === 'object' && params !== null;
  return isCall && 'name' in params && typeof params.name === 'string' ? params.name : undefined;
}

/** @returns undefined for a tool that does not exist */
async function admitCall(
  deps: GatewayMcpDependencies,
  call: GatewayCall,
  name: string,
  signal: AbortSignal,
): Promise<AdmittedCall | undefined> {
  const named = parseQualifiedName(name);
  if (!named) return undefined;
  const { targetName, tool } = named;
  try {
    return await admitGatewayCall(deps, { ...call, targetName, mcp: { tool } }, signal);
  } catch (error) {
    if (error instanceof UnknownTool) return undefined;
    throw error;
  }
}

/**
 * Returns the response to one request.
 *
 * @throws ServiceError; ConsentRequired if the user has to consent to the target of the tool
 */
export async function respondAsMcpServer(
  deps: GatewayMcpDependencies,
  gateway: Gateway,
  call: GatewayCall,
  invocation: Invocation,
): Promise<Plain> {
  if (gateway.authorizerType !== apiOf(call) || call.path !== '') throw noSuchTarget();
  const { signal } = invocation;
  const receivedAt = deps.system.now();
  const name = calledName(call.payload);
  const admitted = name === undefined ? undefined : await admitCall(deps, call, name, signal);
  if (admitted) void watchAccess(deps.pause, admitted, signal, (reason) => invocation.abort(reason));
  else await admitMcpRequest(deps, gateway, call);

  const outcome: { failure?: Error; called?: CalledTool } = {};
  /** The library would send the words of any error to the caller. */
  const keepFailure = (error: unknown): never => {
    outcome.failure = error instanceof Error ? error : new Error('not an error');
    throw outcome.failure;
  };
  const response = await deps.serveMcp(call, {
    name: gateway.name,
    list: (cursor) => listTools(deps, gateway, call, cursor, signal).catch(keepFailure),
    call: async ({ name: requested, arguments: stated }) => {
      const { tool } = parseQualifiedName(requested) ?? {};
      if (!admitted || tool === undefined || requested !== name) throw unknownTool();
      const toolCall = { name: tool, arguments: stated };
      outcome.called = await callTool(deps, admitted, toolCall, signal).catch(keepFailure);
      return outcome.called.result;
    },
  });
  const { failure, called } = outcome;
  if (admitted) {
    const cause = failure ?? called?.failure;
    deps.audit.record({
      ...admitted.entry,
      operation: RESPONSE_OPERATION,
      durationMs: deps.system.now() - receivedAt,
      ...(cause ? endedBy(cause) : { outcome: 'allowed' }),
      ...(!failure && { status: response.status, bytes: Buffer.byteLength(response.body) }),
      ...(called?.echoed && { credentialEchoed: true }),
    });
  }
  if (failure) throw failure;
  return {
    statusCode: response.status,
    headers: { ...NO_STORE, ...response.headers, 'x-content-type-options': 'nosniff' },
    body: response.body,
  };
}
