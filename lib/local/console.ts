/** The console of the embedded cloud: it acts as the operator, and reads the audit log from the log file. */
import { rmSync } from 'node:fs';
import { createIdentityRequests } from '../../lambda/adapters/identity/identity-requests';
import { ErrorResponse } from '../../lambda/adapters/aws/signed-requests';
import { system } from '../../lambda/adapters/system';
import { consoleLink, createConsole } from '../../lambda/api/console';
import type { RecentEntries } from '../../lambda/api/console-reads';
import type { Unexpected } from '../../lambda/api/unexpected';
import { openingPage, OPEN_NOW } from '../../lambda/pages/console-actions';
import { renderConsole } from '../../lambda/pages/console-frame';
import { ServiceError } from '../../lambda/domain/service-error';
import type { LoggedEntry } from '../../lambda/model/audit-line';
import { auditFile } from './audit-file';
import { createConsoleSessions } from './console-sessions';
import { writePrivateFile } from './data-folder';
import type { FunctionHandler } from './gateway';
import { LOCAL_REGION, type Principals } from './principals';
import { shellWord } from './shell-word';
import { systemErrorCode } from './start-error';

/** Bytes at the end of the log that the console reads at a time. */
const MAX_BYTES = 8 * 1024 * 1024;

/** Audit entries that the console keeps. */
const MAX_ENTRIES = 10_000;

/** Errors that keep their names. */
const STATED = ['ResourceNotFoundException', 'ThrottlingException'] as const;

export interface LocalConsoleOptions {
  readonly endpoint: string;
  readonly operator: Principals['operator'];
  /** Path of the log; undefined if there is none. */
  readonly logPath: string | undefined;
  /** Path of the file that opens the console, which is written for each link that a command gets; undefined for none. */
  readonly filePath?: string | undefined;
}

export interface LocalConsole {
  readonly handler: FunctionHandler;
  /** Returns an address that opens the console once. */
  readonly link: () => string;
}

const NO_ENTRIES: RecentEntries = { entries: [], older: false };

/** Returns a function for the newest audit entries of the log, the oldest first. It fails if a log cannot be read. */
function recentEntries(path: string): () => Promise<RecentEntries> {
  let recent = NO_ENTRIES;
  const read = auditFile(path, MAX_BYTES, () => {
    // Entries are missing after the ones before.
    recent = { entries: [], older: true };
  });
  const update = async (): Promise<RecentEntries> => {
    const found: LoggedEntry[] = [];
    try {
      for await (const entry of read()) found.push(entry);
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return NO_ENTRIES;
      throw error;
    } finally {
      // Also after a failure: the next read continues after them.
      const entries = [...recent.entries, ...found];
      recent = {
        entries: entries.slice(-MAX_ENTRIES),
        older: recent.older || entries.length > MAX_ENTRIES,
      };
    }
    return recent;
  };
  // One after the other: each continues where the one before it has stopped.
  let last: Promise<unknown> = Promise.resolve();
  return () => {
    const next = last.then(update, update);
    last = next;
    return next;
  };
}

/**
 * Returns the error for the page: what the service rejects, with its message. What the service could not do stays as it is.
 */
function pageError(error: unknown): unknown {
  if (!(error instanceof ErrorResponse) || error.$metadata.httpStatusCode >= 500) return error;
  const type = STATED.find((name) => name === error.name) ?? 'ValidationException';
  return new ServiceError(type, error.message, { cause: error });
}

/** Writes a page that only the owner of the data folder can read, and that opens the console by the link. */
async function writeConsoleFile(path: string, link: string): Promise<void> {
  const { origin, pathname, searchParams } = new URL(link);
  const page = openingPage(`${origin}${pathname}`, searchParams.get('secret') ?? '');
  await writePrivateFile(path, renderConsole({ ...page, script: OPEN_NOW }, false).html);
}

export function createLocalConsole(options: LocalConsoleOptions): LocalConsole {
  const { endpoint, operator, logPath, filePath } = options;
  const { accessKeyId, secretAccessKey } = operator;
  const send = createIdentityRequests({
    endpoint,
    region: LOCAL_REGION,
    credentials: { accessKeyId, secretAccessKey },
  });
  const removeFile = (): void => {
    if (filePath !== undefined) rmSync(filePath, { force: true });
  };
  // One that a service before this one left behind.
  removeFile();
  const sessions = createConsoleSessions(system);
  const deps = {
    sessions: {
      ...sessions,
      open: (link: string) => {
        const session = sessions.open(link);
        if (session !== undefined) removeFile();
        return session;
      },
    },
    baseUrl: endpoint,
    system,
    report: ({ name, frames }: Unexpected) => {
      process.stderr.write(`The console failed: ${name}\n${frames}\n`);
    },
    entries: logPath === undefined ? () => Promise.resolve(NO_ENTRIES) : recentEntries(logPath),
    auditCommand: `agent-identity audit --since 30d${logPath === undefined ? '' : ` --log-file ${shellWord(logPath)}`}`,
    onLink: (link: string) => (filePath === undefined ? Promise.resolve() : writeConsoleFile(filePath, link)),
    call: (path: string, input: object) =>
      send(path, input).catch((error: unknown) => {
        throw pageError(error);
      }),
  };
  return { handler: createConsole(deps), link: () => consoleLink(deps) };
}
