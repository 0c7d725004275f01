/**
 * The tools of MCP servers behind a gateway. A definition is what a model reads, so a server cannot change it on its own: the
 * gateway keeps the definitions that its owner accepted when the target was configured.
 */
import { isDeepStrictEqual } from 'node:util';
import * as v from 'valibot';
import { MAX_TOOLS_BYTES, McpToolsSchema, type McpTool } from '../../../model/gateway/mcp-tools';
import type { GatewayTarget } from '../../../model/records/gateway';
import { hashOf } from '../../digest';
import { invalidFields } from '../../invalid-fields';
import { invalidMember } from '../../service-error';
import { epochSeconds, type System } from '../../system';
import type { GatewayOfTargets } from './gateway';
import type { CheckedTarget } from './target-checks';

/** Fetches what a server lists, with the credential of the target and without a user. */
export interface McpServerTools {
  /** @throws ServiceError for the owner of the gateway */
  list(gateway: GatewayOfTargets, target: FetchedTarget): Promise<readonly unknown[]>;
}

/** What selects the server, and the credential for it. */
export type FetchedTarget = Pick<
  GatewayTarget,
  'name' | 'targetConfiguration' | 'credential' | 'privateEndpoint'
>;

export interface TargetToolDependencies {
  readonly mcpServerTools: McpServerTools;
  readonly system: Pick<System, 'now'>;
}

const MEMBER = 'targetConfiguration.mcp.mcpServer';
const INLINE = `${MEMBER}.mcpToolSchema.inlinePayload`;

/** The form of a `tools/list` result, or its list alone. */
const StatedSchema = v.pipe(
  v.string(),
  v.parseJson(undefined, 'must be JSON'),
  v.union([
    v.pipe(
      v.object({ tools: v.unknown() }),
      v.transform(({ tools }) => tools),
    ),
    v.array(v.unknown()),
  ]),
);

/** @throws ValidationException that names a tool by its position, because a server writes the names */
function checkedTools(member: string, tools: unknown): McpTool[] {
  const parsed = v.safeParse(McpToolsSchema, tools);
  if (parsed.success) return parsed.output;
  const [fault] = invalidFields(parsed.issues);
  const [position, ...path] = fault?.name.split('.') ?? [];
  const where = position === undefined || position === '' ? 'tools' : `tool ${Number(position) + 1}`;
  throw invalidMember(member, [`has tools that cannot be used: ${where}`, ...path, fault?.message].join(' '));
}

function statedTools(payload: string): McpTool[] {
  if (Buffer.byteLength(payload) > MAX_TOOLS_BYTES) {
    throw invalidMember(
      INLINE,
      `must have up to ${MAX_TOOLS_BYTES} bytes, to fit into the record of the target`,
    );
  }
  const parsed = v.safeParse(StatedSchema, payload);
  if (parsed.success) return checkedTools(INLINE, parsed.output);
  throw invalidMember(INLINE, 'must be JSON: an array of tools, or an object with this array as "tools"');
}

/** Returns the accepted tools of a target; none for a target that is no MCP server. */
export function acceptedTools({
  targetConfiguration,
  tools = '[]',
}: Pick<GatewayTarget, 'targetConfiguration' | 'tools'>): readonly McpTool[] {
  const stated = targetConfiguration.mcp?.mcpServer?.mcpToolSchema?.inlinePayload;
  return statedTools(stated ?? tools);
}

type AcceptedTools = Pick<GatewayTarget, 'tools' | 'heldTools' | 'removedTools' | 'lastSynchronizedTime'>;

const fetchTools = async (
  { mcpServerTools }: TargetToolDependencies,
  gateway: GatewayOfTargets,
  target: FetchedTarget,
): Promise<McpTool[]> => checkedTools(`${MEMBER}.endpoint`, await mcpServerTools.list(gateway, target));

/** @throws ValidationException if there is no user for whom the server would list its tools */
function checkFetchable({ targetConfiguration, credential }: CheckedTarget): void {
  const { mcpToolSchema, listingMode } = targetConfiguration.mcp?.mcpServer ?? {};
  const grantType =
    credential?.credentialProviderType === 'OAUTH'
      ? credential.credentialProvider.oauthCredentialProvider.grantType
      : undefined;
  if (grantType !== 'AUTHORIZATION_CODE' && grantType !== 'TOKEN_EXCHANGE') return;
  if (!mcpToolSchema) {
    throw invalidMember(
      `${MEMBER}.mcpToolSchema`,
      `is required with the grantType ${grantType}: without a user, the server's tools cannot be fetched`,
    );
  }
  if (listingMode === 'DYNAMIC') {
    throw invalidMember(
      `${MEMBER}.listingMode`,
      `must be DEFAULT with the grantType ${grantType}: a list must not depend on what a user has consented to`,
    );
  }
}

/**
 * Returns the tools that a configuration accepts: those that it states, or those that the server lists now.
 *
 * @throws ValidationException; ServiceError if the server's tools cannot be fetched
 */
export async function toolsOf(
  deps: TargetToolDependencies,
  gateway: GatewayOfTargets,
  target: CheckedTarget & FetchedTarget,
): Promise<AcceptedTools> {
  const { mcpServer } = target.targetConfiguration.mcp ?? {};
  const none = {
    tools: undefined,
    heldTools: undefined,
    removedTools: undefined,
    lastSynchronizedTime: undefined,
  };
  if (!mcpServer) return none;
  checkFetchable(target);
  if (mcpServer.mcpToolSchema?.inlinePayload !== undefined) {
    statedTools(mcpServer.mcpToolSchema.inlinePayload);
    return none;
  }
  const tools = JSON.stringify(await fetchTools(deps, gateway, target));
  return { ...none, tools, lastSynchronizedTime: epochSeconds(deps.system) };
}

export const isSameTool = (one: McpTool, other: McpTool): boolean => isDeepStrictEqual(one, other);

/** Names that a record keeps: as many reasons as the AWS type allows. */
const MAX_HELD = 100;

/** Removed tools that a record keeps. A server that removes more gets no new tools. */
const MAX_REMOVED = 500;

/** Returns a digest of a definition, whatever the order of its members. */
const digestOf = (tool: McpTool): string =>
  hashOf(
    JSON.stringify(tool, (_name, value: unknown) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)))
        : value,
    ),
  );

/**
 * Returns the tools after a synchronization: new ones are added, and those that the server no longer lists are removed. A
 * changed one stays as it was, until the owner updates the target. One that was removed stays so, unless it is as it was.
 *
 * @throws ValidationException for a target without fetched tools; ServiceError if the tools cannot be fetched
 */
export async function synchronizedTools(
  deps: TargetToolDependencies,
  gateway: GatewayOfTargets,
  target: GatewayTarget,
): Promise<AcceptedTools> {
  if (target.tools === undefined) {
    throw invalidMember(
      'targetIdList.0',
      'must be an mcp.mcpServer target without mcpToolSchema; update the target to change its tools',
    );
  }
  const accepted = new Map(acceptedTools(target).map((tool) => [tool.name, tool]));
  const removed = new Map(target.removedTools);
  const listed = await fetchTools(deps, gateway, target);
  const isNew = (tool: McpTool): boolean => {
    const before = removed.get(tool.name);
    return before === undefined ? removed.size < MAX_REMOVED : before === digestOf(tool);
  };
  const tools = listed.flatMap((tool) => accepted.get(tool.name) ?? (isNew(tool) ? tool : []));
  const held = listed.filter((tool) => !tools.some((kept) => isSameTool(kept, tool))).map(({ name }) => name);
  const names = new Set(tools.map(({ name }) => name));
  for (const [name, tool] of accepted) if (!names.has(name)) removed.set(name, digestOf(tool));
  for (const name of names) removed.delete(name);
  return {
    removedTools: removed.size > 0 ? [...removed].slice(0, MAX_REMOVED) : undefined,
    tools: JSON.stringify(checkedTools(`${MEMBER}.endpoint`, tools)),
    heldTools: held.length > 0 ? held.slice(0, MAX_HELD) : undefined,
    lastSynchronizedTime: epochSeconds(deps.system),
  };
}
