/** `agent-identity audit` and `audit read`: the audit log, of a local service or from CloudWatch Logs. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { buildCommand } from '@stricli/core';
import { nameInArn } from '../../../../lambda/model/arn';
import {
  AUDIT_OUTCOMES as OUTCOMES,
  auditMatcher,
  type LoggedEntry,
  providerIn,
  text,
} from '../../../../lambda/model/audit-line';
import { defaultDataFolder } from '../../../local/running-file';
import { cloudWatchLogs, logFile, type AuditSource } from '../../audit-log';
import { flag, optionalText } from '../../connection-flags';
import type { CliContext } from '../../context';
import { usageError } from '../../failure';
import { jsonText, print, printAside, styled } from '../../output';
import { pastTimeOf } from '../../past-time';
import { wait } from '../../service';
import { USER_FLAGS, userOf, type UserFlags } from '../../user-flags';

interface AuditFlags extends UserFlags {
  readonly agent?: string;
  readonly provider?: string;
  readonly operation?: string;
  readonly outcome?: (typeof OUTCOMES)[number];
  readonly since: number;
  readonly follow: boolean;
  readonly json: boolean;
  readonly logFile?: string;
  readonly stack?: string;
  readonly logGroup?: readonly string[];
  readonly region?: string;
  readonly profile?: string;
}

const listed = (value: unknown): string | undefined =>
  Array.isArray(value) ? value.map(String).join(',') : undefined;

const STYLE = { allowed: 'green', denied: 'yellow', failed: 'red', 'rate-limited': 'yellow' } as const;

/** Returns what the policies of a gateway decided, and which of them, with the mode if they only log. */
function policyIn({ policyDecision, policyMode, policies }: LoggedEntry['audit']): string | undefined {
  const decision = text(policyDecision);
  if (decision === undefined) return undefined;
  const by = listed(policies);
  return [decision, by && `(${by})`, policyMode === 'LOG_ONLY' && 'log-only'].filter(Boolean).join(' ');
}

/** Prints an entry for people. */
export function printEntry(context: CliContext, { time, audit }: LoggedEntry): void {
  const outcome = OUTCOMES.find((known) => known === audit.outcome);
  const facts = [
    ['agent', nameInArn(text(audit.workloadIdentity))],
    [
      'called by',
      listed(Array.isArray(audit.chain) ? audit.chain.map((arn) => nameInArn(text(arn))) : undefined),
    ],
    ['target', text(audit.target)],
    ['tool', text(audit.tool)],
    ['limit', text(audit.rateLimit)],
    ['policy', policyIn(audit)],
    ['resource', audit.changed === undefined ? undefined : nameInArn(text(audit.resource))],
    ['changed', listed(audit.changed)],
    ['user', text(audit.user)],
    ['provider', providerIn(audit)],
    ['issuer', text(audit.trustedIssuer)],
    ['events', listed(audit.securityEvents)],
    ['portal', nameInArn(text(audit.consentPortal))],
    ['by', text(audit.principal)],
    ['result', text(audit.result)],
    ['reason', text(audit.reason)],
  ].flatMap(([label, value]) => (value === undefined ? [] : [`${label}=${value}`]));
  print(context, [
    `${new Date(time).toISOString()}  `,
    outcome ? styled(STYLE[outcome], outcome.padEnd(7)) : String(audit.outcome).padEnd(7),
    ['', String(audit.operation), ...facts].join('  '),
  ]);
}

async function sourceOf(context: CliContext, flags: AuditFlags): Promise<AuditSource> {
  const { stack, logGroup, region, profile, since } = flags;
  if (stack !== undefined || logGroup !== undefined) {
    if (flags.logFile !== undefined) throw usageError('Set --log-file, or --stack or --log-group, not both.');
    const open = await cloudWatchLogs(context, { stack, logGroup, region, profile });
    return open(since);
  }
  const path = flags.logFile ?? context.env.SERVICE_LOG ?? join(defaultDataFolder(homedir()), 'service.log');
  return logFile(path, since);
}

export const read = buildCommand({
  docs: {
    brief: 'Read the audit log; --follow waits for further entries',
    fullDescription: [
      'Prints audit entries, which contain no token: of a local service, or of a stack in AWS with --stack.',
      'In AWS, it needs the permissions cloudformation:ListStackResources and logs:FilterLogEvents.',
      'With --json, prints one entry as JSON on each line.',
    ].join('\n'),
  },
  parameters: {
    flags: {
      agent: optionalText('name', 'Entries about this agent'),
      provider: optionalText('name', 'Entries about this credential provider'),
      operation: optionalText('name', 'Entries of this operation, such as GetResourceOauth2Token'),
      outcome: { kind: 'enum', values: OUTCOMES, optional: true, brief: 'Entries with this outcome' },
      ...USER_FLAGS,
      since: {
        kind: 'parsed',
        parse: (text: string) => pastTimeOf('--since', text),
        default: '1h',
        placeholder: 'time',
        brief: 'Entries since then: a duration or a time',
      },
      follow: flag('Wait for further entries, until Ctrl-C'),
      json: flag('Print JSON lines for programs'),
      logFile: optionalText(
        'path',
        'Log of a local service (default: SERVICE_LOG, or ~/.agent-identity/local/service.log)',
      ),
      stack: optionalText('name', 'CloudFormation stack of the service in AWS'),
      logGroup: {
        kind: 'parsed',
        parse: String,
        variadic: true,
        optional: true,
        placeholder: 'name',
        brief: 'Log group in AWS; set the option again for each further one',
      },
      region: optionalText('name', 'Region of the log groups (default: AWS_REGION, or of the profile)'),
      profile: optionalText('name', 'Profile of the AWS configuration with the credentials (AWS_PROFILE)'),
    },
  },
  async func(this: CliContext, flags: AuditFlags) {
    const matches = auditMatcher({ ...flags, user: userOf(flags) });
    const source = await sourceOf(this, flags);
    let printed = 0;
    for (;;) {
      for await (const entry of source.read()) {
        if (!matches(entry.audit)) continue;
        printed += 1;
        if (flags.json) print(this, jsonText({ time: new Date(entry.time).toISOString(), ...entry.audit }));
        else printEntry(this, entry);
      }
      if (!flags.follow) break;
      await wait(source.pause);
    }
    if (printed === 0) printAside(this, 'No entry matches. --since goes further back.');
  },
});
