/** The options that configure a target, and the members of requests that they set. */
import { readFile } from 'node:fs/promises';
import type {
  MetadataConfiguration,
  PassthroughProtocol,
  TargetConfiguration,
} from '../../../../../lambda/model/gateway/target-configuration';
import { flag, optionalText, optionalTexts, optionalUrl } from '../../../connection-flags';
import { usageError } from '../../../failure';
import type { OptionNames } from '../../../option-names';
import type { Gateway } from '../gateways';
import { CREDENTIAL_FLAGS, CREDENTIAL_OPTIONS, type CredentialFlags } from './credential';

export interface TargetFlags extends CredentialFlags {
  readonly url?: string;
  readonly protocol?: Lowercase<PassthroughProtocol>;
  readonly mcp?: string;
  readonly tools?: string;
  readonly agent?: string;
  readonly workloadIdentity?: string;
  readonly description?: string;
  readonly allowQuery?: readonly string[];
  readonly allowRequestHeader?: readonly string[];
  readonly allowResponseHeader?: readonly string[];
}

export interface TargetRemovalFlags {
  readonly noAllowQuery: boolean;
  readonly noAllowRequestHeader: boolean;
  readonly noAllowResponseHeader: boolean;
}

export const TARGET_FLAGS = {
  url: optionalUrl('--url', 'URL of the server; requests go to it and to paths below it'),
  protocol: {
    kind: 'enum',
    values: ['mcp', 'a2a', 'custom'],
    optional: true,
    brief: 'What the server speaks, which decides the headers that pass',
  },
  mcp: optionalUrl('--mcp', 'URL of an MCP server, for a gateway that was created with --mcp'),
  tools: optionalText(
    'file',
    'File with the JSON of the tools of the MCP server, which the gateway then does not fetch; required with the consent of users',
  ),
  agent: optionalText(
    'ARN',
    'Lambda function of an agent, which the gateway invokes with a token for the workload identity of the agent',
  ),
  workloadIdentity: optionalText('name', 'Workload identity of the agent (default: the name of the target)'),
  description: optionalText('text', 'Description for the owner of the gateway'),
  ...CREDENTIAL_FLAGS,
  allowQuery: optionalTexts(
    'name',
    'Query parameter that callers can send; set the option again for each further one',
  ),
  allowRequestHeader: optionalTexts(
    'name',
    'Further header that callers can send; set the option again for each further one',
  ),
  allowResponseHeader: optionalTexts(
    'name',
    'Further header that callers receive; set the option again for each further one',
  ),
} as const;

export const TARGET_REMOVAL_FLAGS = {
  noAllowQuery: flag('Let callers send no query parameters'),
  noAllowRequestHeader: flag('Let callers send no further headers'),
  noAllowResponseHeader: flag('Let callers receive no further headers'),
} as const;

/** The options by the members that they set. */
export const MEMBER_OPTIONS: OptionNames = {
  ...CREDENTIAL_OPTIONS,
  name: 'the name',
  description: '--description',
  'passthrough.endpoint': '--url',
  'agentcoreRuntime.arn': '--agent',
  'agentcoreRuntime.workloadIdentity': '--workload-identity',
  oauth2CallbackUrl: '--return-url',
  credentialProviderConfigurations: 'the credential',
  'mcpServer.endpoint': '--mcp',
  mcpToolSchema: '--tools',
  inlinePayload: '--tools',
  protocolType: '--protocol',
  allowedQueryParameters: '--allow-query',
  allowedRequestHeaders: '--allow-request-header',
  allowedResponseHeaders: '--allow-response-header',
};

async function toolsIn(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    throw usageError(`The file ${file} of --tools cannot be read.`);
  }
}

/** @throws CliError for a kind of target that the gateway cannot have */
export function checkKind(
  { name, protocolType }: Pick<Gateway, 'name' | 'protocolType'>,
  { mcp }: Pick<TargetFlags, 'mcp'>,
): void {
  if (protocolType && mcp === undefined) {
    throw usageError(
      `The gateway "${name}" was created with --mcp, so its targets are MCP servers.`,
      'Set --mcp to the URL of the server, or create another gateway.',
    );
  }
  if (!protocolType && mcp !== undefined) {
    throw usageError(
      `The gateway "${name}" was created without --mcp, so it has no list of tools.`,
      'Set --url to the URL of the server with --protocol MCP, or create a gateway with --mcp.',
    );
  }
}

/**
 * Returns the server that the options state.
 *
 * @param present of the target before
 * @throws CliError for options that exclude each other, or a file that cannot be read
 */
export async function serverOf(
  { url, protocol, mcp, tools, agent, workloadIdentity, returnUrl }: TargetFlags,
  present: TargetConfiguration = {},
): Promise<object> {
  const { agentcoreRuntime } = present.http ?? {};
  if (agent === undefined && agentcoreRuntime && (url ?? mcp ?? tools ?? protocol)) {
    throw usageError(
      'The target is an agent, which has no --url, --protocol, --mcp, and --tools.',
      'For a server, add another target with agent-identity gateway target add.',
    );
  }
  if (agent !== undefined || agentcoreRuntime) {
    if (url ?? mcp ?? tools ?? protocol) {
      throw usageError('--agent cannot be used with --url, --protocol, --mcp, and --tools.');
    }
    const stated = {
      ...(agent !== undefined && { arn: agent }),
      ...(workloadIdentity !== undefined && { workloadIdentity }),
      ...(returnUrl !== undefined && { oauth2CallbackUrl: returnUrl }),
    };
    return { http: { agentcoreRuntime: { ...agentcoreRuntime, ...stated } } };
  }
  if (workloadIdentity !== undefined) throw usageError('--workload-identity needs --agent.');
  const endpoint = url ?? present.http?.passthrough?.endpoint;
  const mcpEndpoint = mcp ?? present.mcp?.mcpServer?.endpoint;
  if ((endpoint === undefined) === (mcpEndpoint === undefined)) {
    throw usageError(
      'Set either --url to the URL of the server, --mcp to that of an MCP server, or --agent to the function of an agent.',
    );
  }
  if (endpoint !== undefined) {
    if (tools !== undefined) throw usageError('--tools needs --mcp.');
    const { passthrough = { protocolType: 'CUSTOM' } } = present.http ?? {};
    const protocolType = protocol?.toUpperCase() ?? passthrough.protocolType;
    return { http: { passthrough: { ...passthrough, endpoint, protocolType } } };
  }
  if (protocol) throw usageError('--protocol needs --url.');
  const mcpToolSchema = tools === undefined ? undefined : { inlinePayload: await toolsIn(tools) };
  const server = { ...present.mcp?.mcpServer, endpoint: mcpEndpoint };
  return { mcp: { mcpServer: { ...server, ...(mcpToolSchema && { mcpToolSchema }) } } };
}

/** Returns the options of the credential, of which an agent has none: its return URL is its own. */
export function credentialFlagsOf<Flags extends TargetFlags>(
  { returnUrl, ...flags }: Flags,
  present: TargetConfiguration = {},
): Omit<Flags, 'returnUrl'> & Pick<TargetFlags, 'returnUrl'> {
  const isAgent = flags.agent !== undefined || present.http?.agentcoreRuntime !== undefined;
  return { ...flags, ...(returnUrl !== undefined && !isAgent && { returnUrl }) };
}

const LISTS = [
  ['allowedQueryParameters', 'allowQuery', 'noAllowQuery'],
  ['allowedRequestHeaders', 'allowRequestHeader', 'noAllowRequestHeader'],
  ['allowedResponseHeaders', 'allowResponseHeader', 'noAllowResponseHeader'],
] as const;

/** @throws CliError for options that exclude each other */
export function checkMetadata(flags: TargetFlags & Partial<TargetRemovalFlags>): void {
  for (const [member, list, removal] of LISTS) {
    const option = MEMBER_OPTIONS[member]?.replace('--', '') ?? '';
    if (flags[list] && flags[removal]) throw usageError(`Set either --${option} or --no-${option}.`);
  }
}

/** Returns what passes with the options. @param present of the target before */
export function metadataOf(
  flags: TargetFlags & Partial<TargetRemovalFlags>,
  present: MetadataConfiguration = {},
): MetadataConfiguration | undefined {
  const lists = LISTS.flatMap(([member, list, removal]) => {
    const names = flags[list] ?? (flags[removal] ? undefined : present[member]);
    return names ? [[member, names]] : [];
  });
  return lists.length > 0 ? (Object.fromEntries(lists) as MetadataConfiguration) : undefined;
}
