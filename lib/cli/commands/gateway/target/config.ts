/** The options that configure a target, and the members of requests that they set. */
import type {
  MetadataConfiguration,
  PassthroughProtocol,
} from '../../../../../lambda/model/gateway/target-configuration';
import { flag, optionalText, optionalTexts, optionalUrl } from '../../../connection-flags';
import { usageError } from '../../../failure';
import type { OptionNames } from '../../../option-names';
import { CREDENTIAL_FLAGS, CREDENTIAL_OPTIONS, type CredentialFlags } from './credential';

export interface TargetFlags extends CredentialFlags {
  readonly url?: string;
  readonly protocol?: Lowercase<PassthroughProtocol>;
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
  endpoint: '--url',
  protocolType: '--protocol',
  allowedQueryParameters: '--allow-query',
  allowedRequestHeaders: '--allow-request-header',
  allowedResponseHeaders: '--allow-response-header',
};

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
