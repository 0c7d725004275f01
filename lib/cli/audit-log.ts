/** Where audit entries come from: the log file of a local service, or log groups of Amazon CloudWatch Logs. */
import { auditEntryOf, type LoggedEntry } from '../../lambda/model/audit-line';
import { auditFile } from '../local/audit-file';
import { MAX_ENTRIES, type NewEntries } from '../local/recent-entries';
import { awsEndpoint } from './aws-endpoint';
import type { CliContext } from './context';
import { CliError } from './failure';
import { NoResponse, send, signerOf, wait, type Signer } from './service';
import { auditLogGroups } from './stack-resources';

/** A source can be read again, for what came since. */
export interface AuditSource {
  /**
   * @param max the most entries that are read
   * @throws TooManyEntries if there are more. It has then returned none
   */
  readonly read: (max?: number) => AsyncIterable<LoggedEntry>;
  /** Milliseconds between two reads. */
  readonly pause: number;
}

class TooManyEntries extends Error {}

const ATTEMPTS = 4;

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

interface AnsweredPage extends LogsPage {
  /** When the servers answered, in epoch milliseconds. The clock of this computer can be wrong. */
  readonly time: number;
}

/** Calls FilterLogEvents of CloudWatch Logs, in the protocol awsJson1_1. */
async function filterLogEvents(signer: Signer, url: URL, input: object): Promise<AnsweredPage> {
  const body = JSON.stringify(input);
  for (let attempt = 1; ; attempt++) {
    const isLast = attempt === ATTEMPTS;
    const headers = await signer.sign(
      url,
      'logs',
      { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'Logs_20140328.FilterLogEvents' },
      body,
    );
    const response = await send(url, { method: 'POST', headers, body }).catch((error: unknown) => {
      if (isLast || !(error instanceof NoResponse)) throw error;
      return undefined;
    });
    const output = (await response?.json().catch(() => ({}))) as LogsPage & {
      __type?: string;
      message?: string;
    };
    if (response?.ok) {
      const time = Date.parse(response.headers.get('date') ?? '');
      return { ...output, time: Number.isNaN(time) ? Date.now() : time };
    }
    const type = output?.__type?.split('#').at(-1) ?? `HTTP status ${response?.status}`;
    const isTransient = !response || type === 'ThrottlingException' || response.status >= 500;
    if (!isLast && isTransient) {
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
  /** In addition to those of the stack. */
  readonly logGroup?: readonly string[] | undefined;
  readonly profile?: string | undefined;
  readonly region?: string | undefined;
}

/** How far back events can arrive late, in milliseconds. */
const LATE_MS = 120_000;

async function namesOf(
  context: CliContext,
  signer: Signer,
  { stack, logGroup = [] }: LogGroups,
): Promise<string[]> {
  const ofStack = stack === undefined ? undefined : await auditLogGroups(context, signer, stack);
  if (ofStack?.length !== 0) return [...logGroup, ...(ofStack ?? [])];
  throw new CliError(`The stack "${stack}" has no log groups of the service in ${signer.region}.`, {
    next: 'Check --stack and --region.',
  });
}

/**
 * Finds the log groups of the functions in AWS. Returns what opens them.
 *
 * @returns a function of the time from which entries are read, in epoch milliseconds
 */
export async function cloudWatchLogs(
  context: CliContext,
  groups: LogGroups,
): Promise<(since: number) => AuditSource> {
  const { profile, region } = groups;
  const signer = await signerOf(context, {
    ...(profile !== undefined && { profile }),
    ...(region !== undefined && { region }),
  });
  const url = awsEndpoint(context, 'CLOUDWATCH_LOGS', signer.region);
  const names = await namesOf(context, signer, groups);
  const pages = async function* (startTime: number): AsyncIterable<AnsweredPage> {
    for (const logGroupName of names) {
      let nextToken: string | undefined;
      do {
        const page = await filterLogEvents(signer, url, {
          logGroupName,
          startTime,
          filterPattern: '{ $.message = "audit" }',
          ...(nextToken !== undefined && { nextToken }),
        });
        yield page;
        nextToken = page.nextToken;
      } while (nextToken !== undefined);
    }
  };
  return (since) => {
    let start = since;
    /** Timestamps of the events from `start` on that were returned, by ID. */
    let seen = new Map<string, number>();
    return {
      pause: 5_000,
      async *read(max = Infinity) {
        const events = new Map<string, number>();
        const found: LoggedEntry[] = [];
        let begun: number | undefined;
        for await (const { events: page = [], time } of pages(start)) {
          begun ??= time;
          for (const { eventId, timestamp, message } of page) {
            events.set(eventId, timestamp);
            const entry = seen.has(eventId) ? undefined : auditEntryOf(message);
            if (entry) found.push(entry);
            if (found.length > max) throw new TooManyEntries();
          }
        }
        // Only now: a read that fails is repeated.
        start = Math.max(start, (begun ?? 0) - LATE_MS);
        seen = new Map([...events].filter(([, timestamp]) => timestamp >= start));
        yield* found.sort((a, b) => a.time - b.time);
      },
    };
  };
}

const MINUTE_MS = 60_000;

/** How far back a console reads: the first of these times with few enough entries, or the last one. */
const SPANS_MS = [60 * MINUTE_MS, 10 * MINUTE_MS, MINUTE_MS];

/** Returns the entries of a source; undefined if there are too many. */
async function readIfFew(source: AuditSource, max: number): Promise<LoggedEntry[] | undefined> {
  try {
    const entries: LoggedEntry[] = [];
    for await (const entry of source.read(max)) entries.push(entry);
    return entries;
  } catch (error) {
    if (error instanceof TooManyEntries) return undefined;
    throw error;
  }
}

/** Finds the log groups. Returns what reads recent entries for a console, at most every few seconds. */
export async function recentCloudWatchLogs(
  context: CliContext,
  groups: LogGroups,
): Promise<() => Promise<NewEntries>> {
  const open = await cloudWatchLogs(context, groups);
  let source: AuditSource | undefined;
  let readAt = 0;
  const read = async (): Promise<NewEntries> => {
    const entries = source && (await readIfFew(source, MAX_ENTRIES));
    if (entries) return { entries };
    for (const span of SPANS_MS) {
      const since = Date.now() - span;
      const opened = open(since);
      const newest = await readIfFew(opened, span === SPANS_MS.at(-1) ? Infinity : MAX_ENTRIES);
      if (!newest) continue;
      source = opened;
      return { entries: newest, since };
    }
    throw new Error('The last of the times has no limit.');
  };
  return async () => {
    if (source && performance.now() - readAt < source.pause) return { entries: [] };
    const entries = await read();
    readAt = performance.now();
    return entries;
  };
}
