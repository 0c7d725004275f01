/** The MCP server that a gateway is for its callers: the tools of all targets, with the name of the target before each. */
import * as v from 'valibot';
import { ToolSchema, type McpTool } from '../../../model/gateway/mcp-tools';
import type { Gateway, GatewayTarget } from '../../../model/records/gateway';
import { DYNAMIC_LIST_TIMEOUT_MS } from '../../../model/time-limits';
import { endedBy } from '../../audit';
import type { HeaderFields } from '../../gate/header-fields';
import { RESPONSE_OPERATION } from '../audit';
import type { Forward } from '../exchange';
import { admitGatewayCall, type AdmittedCall, type GatewayCall, type InvokeDependencies } from '../invoke';
import type { GatewayTargetStore } from '../manage/gateway';
import { acceptedTools, isSameTool } from '../manage/target-tools';
import { permittedTools } from '../policy-decision';
import type { PolicyCaller } from '../policy-request';
import { watchAccess } from '../revocation-watch';
import { serverFailure } from './call-tool';
import { qualifiedName } from './qualified-name';
import {
  connectTo,
  MAX_LIST_BYTES,
  type McpClient,
  type ServerConnection,
  type ToolCall,
} from './server-connection';

export interface ToolList {
  readonly tools: readonly McpTool[];
  readonly nextCursor?: string;
}

export interface ServedTools {
  /** Of the gateway. */
  readonly name: string;
  readonly list: (cursor: string | undefined) => Promise<ToolList>;
  /** An error with an integer as `code` is one of JSON-RPC. */
  readonly call: (call: ToolCall) => Promise<object>;
}

/** Serves one request of MCP, in the version of the client. */
export type ServeMcp = (
  request: { readonly method: string; readonly headers: HeaderFields; readonly payload: Uint8Array },
  tools: ServedTools,
) => Promise<{
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}>;

export interface GatewayServerDependencies extends InvokeDependencies {
  readonly targets: Pick<GatewayTargetStore, 'list'>;
  readonly forward: Forward;
  readonly mcpClient: McpClient;
}

/** Returns the accepted tools that the server still lists as they were accepted. */
function unchanged(accepted: readonly McpTool[], listed: readonly unknown[]): McpTool[] {
  const parsed = listed.flatMap((tool) => {
    const result = v.safeParse(ToolSchema, tool);
    return result.success ? [[result.output.name, result.output] as const] : [];
  });
  const current = new Map<string, McpTool>(parsed);
  return accepted.filter((tool) => {
    const now = current.get(tool.name);
    return now !== undefined && isSameTool(now, tool);
  });
}

/** Asks the server of a target whose `listingMode` is `DYNAMIC`. A server that does not respond has no tools in the list. */
async function currentTools(
  deps: GatewayServerDependencies,
  call: GatewayCall,
  target: GatewayTarget,
  signal: AbortSignal,
): Promise<readonly McpTool[]> {
  let admitted: AdmittedCall | undefined;
  let connection: ServerConnection | undefined;
  const ended = new AbortController();
  const limits = [signal, ended.signal, AbortSignal.timeout(DYNAMIC_LIST_TIMEOUT_MS)];
  const limited = AbortSignal.any(limits);
  try {
    admitted = await admitGatewayCall(deps, { ...call, targetName: target.name, mcp: {} }, limited);
    void watchAccess(deps.pause, { ...admitted, open: undefined }, limited, (reason) => ended.abort(reason));
    connection = connectTo(deps.forward, admitted, { maxBytes: MAX_LIST_BYTES });
    const accepted = acceptedTools(admitted.target);
    const tools = unchanged(accepted, await deps.mcpClient.listTools(connection, limited));
    const left = accepted.filter((tool) => !tools.includes(tool)).map(({ name }) => name);
    deps.audit.record({
      ...admitted.entry,
      operation: RESPONSE_OPERATION,
      ...(left.length === 0
        ? { outcome: 'allowed' }
        : { outcome: 'denied', reason: `not listed, because the definition changed: ${left.join(', ')}` }),
    });
    return tools;
  } catch (error) {
    // A request that was not admitted has its entry.
    if (admitted) {
      const failure = serverFailure(connection?.failed.reason ?? error);
      deps.audit.record({ ...admitted.entry, operation: RESPONSE_OPERATION, ...endedBy(failure) });
    }
    return [];
  } finally {
    ended.abort();
    await admitted?.open.release();
  }
}

/** Bytes of the tools after which a page ends with the target. */
const PAGE_BYTES = 262_144;

/**
 * Returns a page of the tools, whole targets each, without those that the policies of the gateway never permit the caller.
 *
 * @param call with which the caller was admitted
 * @param caller as it was admitted
 * @param cursor name of the last target of the page before
 */
export async function listTools(
  deps: GatewayServerDependencies,
  gateway: Gateway,
  { call, caller }: { readonly call: GatewayCall; readonly caller: PolicyCaller },
  cursor: string | undefined,
  signal: AbortSignal,
): Promise<ToolList> {
  const targets = (await deps.targets.list(gateway)).filter(({ name }) => name > (cursor ?? ''));
  let bytes = 0;
  const last = targets.findIndex((target) => {
    bytes += JSON.stringify(acceptedTools(target)).length;
    return bytes >= PAGE_BYTES;
  });
  const page = last < 0 ? targets : targets.slice(0, last + 1);
  const accepted = page.flatMap((target) =>
    acceptedTools(target).map((tool) => ({ target: target.name, tool })),
  );
  const permitted = await permittedTools(deps, gateway, caller, accepted);
  const lists = await Promise.all(
    page.map(async (target) => {
      const tools = permitted.filter((listed) => listed.target === target.name);
      const isDynamic = target.targetConfiguration.mcp?.mcpServer?.listingMode === 'DYNAMIC';
      if (!isDynamic || tools.length === 0) return tools;
      const current = new Set((await currentTools(deps, call, target, signal)).map(({ name }) => name));
      return tools.filter(({ tool }) => current.has(tool.name));
    }),
  );
  const next = page.length < targets.length ? page.at(-1)?.name : undefined;
  const tools = lists.flat().map(({ target, tool }) => ({
    ...tool,
    name: qualifiedName({ targetName: target, tool: tool.name }),
  }));
  return { tools, ...(next !== undefined && { nextCursor: next }) };
}
