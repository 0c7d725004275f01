/** The console, on this computer only: of the embedded cloud, and of a deployment (console-server.ts). */
import { rmSync } from 'node:fs';
import { createIdentityRequests } from '../../lambda/adapters/identity/identity-requests';
import { ErrorResponse } from '../../lambda/adapters/aws/signed-requests';
import { system } from '../../lambda/adapters/system';
import { consoleLink, createConsole } from '../../lambda/api/console';
import type { ConsoleData } from '../../lambda/api/console-reads';
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
import { recentEntries, type NewEntries } from './recent-entries';
import { shellWord } from './shell-word';
import { systemErrorCode } from './start-error';

/** Bytes at the end of the log that the console reads at a time. */
const MAX_BYTES = 8 * 1024 * 1024;

/** Errors that keep their names. */
const STATED = ['ResourceNotFoundException', 'ThrottlingException'] as const;

export interface LocalConsole {
  readonly handler: FunctionHandler;
  /** Returns an address that opens the console once. */
  readonly link: () => string;
}

export interface ConsoleOptions extends Omit<ConsoleData, 'system'> {
  /** Address of the service. */
  readonly service: string;
  /** Address of the server with the console's pages, without a slash at the end. */
  readonly baseUrl: string;
  /** Path of the file that opens the console, which {@link writeConsoleFile} writes; undefined for none. */
  readonly filePath: string | undefined;
}

/** Writes a page that only the owner of the folder can read, and that opens the console by the link. */
export async function writeConsoleFile(path: string, link: string): Promise<void> {
  const { origin, pathname, searchParams } = new URL(link);
  const page = openingPage(`${origin}${pathname}`, searchParams.get('secret') ?? '');
  await writePrivateFile(path, renderConsole({ ...page, script: OPEN_NOW }).html);
}

/** Returns a console, which has its own sessions. When a link is used, it removes the file that opens the console. */
export function createConsoleWithSessions({ filePath, ...data }: ConsoleOptions): LocalConsole {
  const sessions = createConsoleSessions(system);
  const deps = {
    ...data,
    system,
    sessions: {
      ...sessions,
      open: (link: string) => {
        const session = sessions.open(link);
        if (session !== undefined && filePath !== undefined) rmSync(filePath, { force: true });
        return session;
      },
    },
    report: ({ name, frames }: Unexpected) => {
      process.stderr.write(`The console failed: ${name}\n${frames}\n`);
    },
    onLink: (link: string) => (filePath === undefined ? Promise.resolve() : writeConsoleFile(filePath, link)),
  };
  return { handler: createConsole(deps), link: () => consoleLink(deps) };
}

/** What the pages show of an error. */
export interface ShownFailure extends Pick<Error, 'name' | 'message'> {
  /** Whether the call might have been done. */
  readonly isUnclear: boolean;
}

/** Returns the error that the pages show with its message. */
export function shownError({ name, message, isUnclear }: ShownFailure, cause: unknown): ServiceError {
  const type = STATED.find((stated) => stated === name) ?? 'ValidationException';
  return new ServiceError(isUnclear ? 'InternalServerException' : type, message, { cause });
}

/** The log file of the service. There is none before its first line. */
function logFileOf(path: string): () => Promise<NewEntries> {
  let read: ReturnType<typeof auditFile> | undefined;
  return async () => {
    let since = read ? undefined : 0;
    let isSkipped = false;
    read ??= auditFile(path, MAX_BYTES, () => {
      isSkipped = true;
    });
    const entries: LoggedEntry[] = [];
    try {
      for await (const entry of read()) entries.push(entry);
    } catch (error) {
      // What was read is lost, so the next call begins again.
      read = undefined;
      if (systemErrorCode(error) === 'ENOENT') return { entries: [], since: 0 };
      throw error;
    }
    if (isSkipped) since = entries[0]?.time ?? Infinity;
    return { entries, ...(since !== undefined && { since }) };
  };
}

export interface LocalConsoleOptions {
  readonly endpoint: string;
  readonly operator: Principals['operator'];
  /** Path of the log; undefined if there is none. */
  readonly logPath: string | undefined;
  /** Path of the file that opens the console, which is written for each link that a command gets; undefined for none. */
  readonly filePath?: string | undefined;
}

/** The console of the embedded cloud: it acts as the operator, and reads the audit log from the log file. */
export function createLocalConsole(options: LocalConsoleOptions): LocalConsole {
  const { endpoint, operator, logPath, filePath } = options;
  const { accessKeyId, secretAccessKey } = operator;
  const send = createIdentityRequests({
    endpoint,
    region: LOCAL_REGION,
    credentials: { accessKeyId, secretAccessKey },
  });
  // One that a service before this one left behind.
  if (filePath !== undefined) rmSync(filePath, { force: true });
  return createConsoleWithSessions({
    service: endpoint,
    baseUrl: endpoint,
    filePath,
    entries:
      logPath === undefined
        ? () => Promise.resolve({ entries: [], since: 0 })
        : recentEntries(logFileOf(logPath)),
    auditCommand: `agent-identity audit --since 30d${logPath === undefined ? '' : ` --log-file ${shellWord(logPath)}`}`,
    call: (path: string, input: object) =>
      send(path, input).catch((error: unknown) => {
        const isStated = error instanceof ErrorResponse && error.$metadata.httpStatusCode < 500;
        if (!isStated) throw error;
        const { name, message } = error;
        throw shownError({ name, message, isUnclear: false }, error);
      }),
  });
}
