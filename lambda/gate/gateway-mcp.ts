/** Requests at the one URL of a gateway, whose targets are MCP servers. */
import { isDeepStrictEqual } from 'node:util';
import { NO_STORE } from '../api/errors';
import { unlessAborted } from '../domain/abort';
import { endedBy, type AuditEntry } from '../domain/audit';
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
import { acceptedTools } from '../domain/gateway/manage/target-tools';
import { callTool, type CalledTool } from '../domain/gateway/mcp/call-tool';
import {
  listTools,
  type GatewayServerDependencies,
  type ServeMcp,
} from '../domain/gateway/mcp/gateway-server';
import { HEADER_MISMATCH, hasMismatch } from '../domain/gateway/mcp/mirrored-arguments';
import { parseQualifiedName } from '../domain/gateway/mcp/qualified-name';
import { PolicyDenied } from '../domain/gateway/policy-decision';
import type { PolicyCaller } from '../domain/gateway/policy-request';
import { watchAccess } from '../domain/gateway/revocation-watch';
import type { LimitedGateway } from '../domain/gateway/gateway-reader';
import type { OpenResponse } from '../domain/gateway/open-responses';
import type { Invocation } from './invocation';
import type { Plain } from './passed-response';

export interface GatewayMcpDependencies extends GatewayServerDependencies {
  readonly serveMcp: ServeMcp;
}

/** JSON-RPC 2.0 section 5.1. */
const INVALID_REQUEST = -32600;

/** Error of JSON-RPC for a tool that does not exist (MCP, "Tools", error handling). */
const INVALID_PARAMS = -32602;

const unknownTool = (): Error =>
  Object.assign(new Error('Unknown tool. List the tools of this gateway again.'), { code: INVALID_PARAMS });

/** Returns whether a payload is an array: only MCP 2025-03-26 has batches, which would multiply the requests to servers. */
const isBatch = (payload: Uint8Array): boolean => /^\s*\[/.test(Buffer.from(payload).toString('utf8'));

/** Returns the call of a tool in a request; undefined for any other request. */
function toolCallOf(payload: Uint8Array) {
  const { id, method, params } = requestOf(payload) ?? {};
  const isCall = method === 'tools/call' && typeof params === 'object' && params !== null;
  if (!isCall || !('name' in params) || typeof params.name !== 'string') return undefined;
  return { id, name: params.name, arguments: 'arguments' in params ? params.arguments : undefined };
}

/** How a request was admitted. One that calls no tool, or one that does not exist, has neither a call nor a denial. */
interface Admission {
  readonly open?: OpenResponse;
  readonly caller?: PolicyCaller;
  readonly call?: AdmittedCall;
  readonly denial?: PolicyDenied;
}

async function admit(
  deps: GatewayMcpDependencies,
  gateway: LimitedGateway,
  call: GatewayCall,
  signal: AbortSignal,
): Promise<Admission> {
  const called = toolCallOf(call.payload);
  if (!called) return admitMcpRequest(deps, gateway, call);
  const { targetName = '', tool } = parseQualifiedName(called.name) ?? {};
  const mcp = { ...(tool !== undefined && { tool, arguments: called.arguments }) };
  try {
    const admitted = await admitGatewayCall(deps, { ...call, targetName, mcp }, signal);
    return { call: admitted, open: admitted.open };
  } catch (error) {
    if (error instanceof UnknownTool) return {};
    if (error instanceof PolicyDenied) return { denial: error };
    throw error;
  }
}

/** Returns how an admitted call ended. The library refuses what is no valid request of its version. */
function endOf(called: CalledTool | undefined): Pick<AuditEntry, 'outcome'> & Partial<AuditEntry> {
  if (!called) return { outcome: 'denied', reason: 'not a valid request, nothing was sent' };
  return {
    ...(called.failure ? endedBy(called.failure) : { outcome: 'allowed' }),
    ...(called.echoed && { credentialEchoed: true }),
  };
}

/** @returns undefined unless the fields of the request differ from the arguments that they mirror */
function mismatchResponse(
  { target, entry, request }: AdmittedCall,
  { payload }: GatewayCall,
): Plain | undefined {
  const called = toolCallOf(payload);
  const tool = acceptedTools(target).find(({ name }) => name === entry.tool);
  if (!called || !tool || !hasMismatch(request.headers, tool, called.arguments)) return undefined;
  const message = 'An Mcp-Param header is missing or differs from its argument. List the tools again.';
  const body = JSON.stringify({ jsonrpc: '2.0', id: called.id, error: { code: HEADER_MISMATCH, message } });
  return plain(400, { 'content-type': 'application/json' }, body);
}

const plain = (statusCode: number, headers: Readonly<Record<string, string>>, body: string): Plain => ({
  statusCode,
  headers: { ...NO_STORE, ...headers, 'x-content-type-options': 'nosniff' },
  body,
});

/**
 * Returns the response to one request.
 *
 * @throws ServiceError; ConsentRequired if the user has to consent to the target of the tool
 */
export async function respondAsMcpServer(
  deps: GatewayMcpDependencies,
  gateway: LimitedGateway,
  call: GatewayCall,
  invocation: Invocation,
): Promise<Plain> {
  if (gateway.authorizerType !== apiOf(call) || call.path !== '') throw noSuchTarget();
  const receivedAt = deps.system.now();
  const admission = await admit(deps, gateway, call, invocation.signal);
  try {
    return await respond(deps, gateway, call, { admission, receivedAt, invocation });
  } finally {
    await admission.open?.release();
  }
}

/** Returns the response to a request that was admitted. */
async function respond(
  deps: GatewayMcpDependencies,
  gateway: LimitedGateway,
  call: GatewayCall,
  {
    admission: { caller, call: admitted, denial },
    receivedAt,
    invocation,
  }: { readonly admission: Admission; readonly receivedAt: number; readonly invocation: Invocation },
): Promise<Plain> {
  const { signal } = invocation;
  if (isBatch(call.payload)) {
    const error = { code: INVALID_REQUEST, message: 'Send one message, not a batch.' };
    const body = JSON.stringify({ jsonrpc: '2.0', id: null, error });
    return plain(400, { 'content-type': 'application/json' }, body);
  }
  const record = (end: Omit<AuditEntry, 'operation'>): void => {
    const ended = { operation: RESPONSE_OPERATION, durationMs: deps.system.now() - receivedAt };
    if (admitted) deps.audit.record({ ...admitted.entry, ...ended, ...end });
  };
  const mismatch = admitted && mismatchResponse(admitted, call);
  if (mismatch) {
    record({
      outcome: 'denied',
      reason: 'the headers differ from the arguments',
      status: mismatch.statusCode,
    });
    return mismatch;
  }
  if (admitted) void watchAccess(deps.pause, admitted, signal, (reason) => invocation.abort(reason));

  const outcome: { failure?: Error; called?: CalledTool } = {};
  /** The library would send the words of any error to the caller. */
  const keepFailure = (error: unknown): never => {
    outcome.failure = error instanceof Error ? error : new Error('not an error');
    throw outcome.failure;
  };
  const served = deps.serveMcp(call, {
    name: gateway.name,
    list: async (cursor) => {
      if (!caller) throw new Error('a request that lists tools was admitted as such');
      return listTools(deps, gateway, { call, caller }, cursor, signal).catch(keepFailure);
    },
    call: async ({ name, arguments: stated }) => {
      if (denial) return { isError: true, content: [{ type: 'text', text: denial.toolText }] };
      const { targetName, tool } = parseQualifiedName(name) ?? {};
      if (tool === undefined || targetName !== admitted?.target.name || tool !== admitted?.entry.tool) {
        throw unknownTool();
      }
      // The policies have decided on the arguments that the gateway read.
      if (!isDeepStrictEqual(stated, admitted.toolArguments)) {
        return keepFailure(new Error('the library read other arguments'));
      }
      const toolCall = { name: tool, arguments: stated };
      outcome.called = await callTool(deps, admitted, toolCall, signal).catch(keepFailure);
      return outcome.called.result;
    },
  });
  try {
    const { status, headers, body } = await unlessAborted(signal, served);
    if (outcome.failure) throw outcome.failure;
    if (admitted && body === '') throw new Error('the library did not respond to a call');
    record({ ...endOf(outcome.called), status, bytes: Buffer.byteLength(body) });
    return plain(status, headers, body);
  } catch (error) {
    record(endedBy(error));
    throw error;
  }
}
