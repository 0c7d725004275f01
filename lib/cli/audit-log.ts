/** Where audit entries come from: the log file of a local service, or log groups of Amazon CloudWatch Logs. */
import { auditEntryOf, type LoggedEntry } from '../../lambda/model/audit-line';
import { auditFile } from '../local/audit-file';
import { awsEndpoint } from './aws-endpoint';
import type { CliContext } from './context';
import { CliError } from './failure';
import { send, signerOf, wait, type Signer } from './service';
import { stackResources } from './stack-resources';

/** A source can be read again, for what came since. */
export interface AuditSource {
  readonly read: () => AsyncIterable<LoggedEntry>;
  /** Milliseconds between two reads. */
  readonly pause: number;
}

/** The log of a local service. */
export function logFile(path: string, since: number): AuditSource {
  const read = auditFile(path);
  return {
    pause: 500,
    async *read() {
      try {
        for await (const entry of read()) if (entry.time >= since) yield entry;
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        throw new CliError(`The log ${path} cannot be read (${code ?? message}).`, {
          next: 'Set --log-file to the audit log that the local service printed at its start, or --stack for a service in AWS.',
        });
      }
    },
  };
}

interface LogsPage {
  readonly events?: readonly {
    readonly eventId: string;
    readonly timestamp: number;
    readonly message: string;
  }[];
  readonly nextToken?: string;
}

/** Calls FilterLogEvents of CloudWatch Logs, in the protocol awsJson1_1. */
async function filterLogEvents(signer: Signer, url: URL, input: object): Promise<LogsPage> {
  const body = JSON.stringify(input);
  for (let attempt = 1; ; attempt++) {
    const headers = await signer.sign(
      url,
      'logs',
      { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'Logs_20140328.FilterLogEvents' },
      body,
    );
    const response = await send(url, { method: 'POST', headers, body });
    const output = (await response.json().catch(() => ({}))) as LogsPage & {
      __type?: string;
      message?: string;
    };
    if (response.ok) return output;
    const type = output.__type?.split('#').at(-1) ?? `HTTP status ${response.status}`;
    if (attempt < 4 && (type === 'ThrottlingException' || response.status >= 500)) {
      await wait(500 * 2 ** attempt);
      continue;
    }
    throw new CliError(
      `CloudWatch Logs rejected FilterLogEvents (${type}): ${output.message ?? 'no message'}`,
      {
        next: 'Check --stack or --log-group, the Region, and the permission logs:FilterLogEvents.',
      },
    );
  }
}

export interface LogGroups {
  readonly stack?: string | undefined;
  readonly logGroup?: readonly string[] | undefined;
  readonly profile?: string | undefined;
  readonly region?: string | undefined;
}

/** How far back events can arrive late, in milliseconds. */
const LATE_MS = 60_000;

/** The log groups of the functions in AWS. */
export async function cloudWatchLogs(
  context: CliContext,
  { stack, logGroup = [], profile, region }: LogGroups,
  since: number,
): Promise<AuditSource> {
  const signer = await signerOf(context, {
    ...(profile !== undefined && { profile }),
    ...(region !== undefined && { region }),
  });
  const url = awsEndpoint(context, 'CLOUDWATCH_LOGS', signer.region);
  const pages = async function* (input: object): AsyncIterable<LogsPage> {
    let nextToken: string | undefined;
    do {
      const page = await filterLogEvents(signer, url, {
        ...input,
        ...(nextToken !== undefined && { nextToken }),
      });
      yield page;
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
  };
  const groups = [...logGroup];
  if (stack !== undefined) {
    groups.push(...(await stackResources(context, signer, { stack, type: 'AWS::Logs::LogGroup' })));
    if (groups.length === 0) {
      throw new CliError(`The stack "${stack}" has no log groups in ${signer.region}.`, {
        next: 'Check --stack and --region.',
      });
    }
  }
  let start = since;
  const seen = new Map<string, number>();
  return {
    pause: 5_000,
    async *read() {
      const startTime = start;
      const found: LoggedEntry[] = [];
      for (const logGroupName of groups) {
        const input = { logGroupName, startTime, filterPattern: '{ $.message = "audit" }' };
        for await (const { events = [] } of pages(input)) {
          for (const { eventId, timestamp, message } of events) {
            if (seen.has(eventId)) continue;
            seen.set(eventId, timestamp);
            const entry = auditEntryOf(message);
            if (entry) found.push(entry);
            start = Math.max(start, timestamp - LATE_MS);
          }
        }
      }
      for (const [eventId, timestamp] of seen) if (timestamp < start) seen.delete(eventId);
      yield* found.sort((a, b) => a.time - b.time);
    },
  };
}
