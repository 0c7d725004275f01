/**
 * The console of a deployment, on the computer of an operator: `agent-identity console --stack`. It has the permissions of
 * the operator's own AWS credentials, and no others.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CONSOLE_ROUTES, LINKS_PATH } from '../../lambda/api/console';
import {
  createConsoleWithSessions,
  shownError,
  writeConsoleFile,
  type ConsoleOptions,
  type ShownFailure,
} from './console';
import { writeFailure } from './function-failure';
import { createGateway } from './gateway';
import { listenOnLoopback, LOOPBACK } from './loopback-server';
import { LOCAL_ACCOUNT } from './principals';
import { recentEntries, type NewEntries } from './recent-entries';
import { CONSOLE_FILE } from './running-file';

export interface ConsoleServerOptions extends Pick<ConsoleOptions, 'service' | 'call' | 'auditCommand'> {
  readonly region: string;
  /** Reads the audit log; undefined for none. */
  readonly readLog: (() => Promise<NewEntries>) | undefined;
  /** Returns an error of `call` or of the log that is for the person; undefined for a defect. */
  readonly forPerson: (error: unknown) => ShownFailure | undefined;
}

export interface ConsoleServer {
  /** An address that opens the console once. */
  readonly link: string;
  /** Path of a file that opens it too, and that only this user can read. */
  readonly file: string;
  /** Stops the server, and removes the file. */
  readonly close: () => Promise<void>;
}

/** Only the operator of the service on this computer gets further links. Here, there is one for each start. */
const ROUTES = CONSOLE_ROUTES.filter(({ path }) => path !== LINKS_PATH);

/** For a console without the audit log. */
const NO_LOG = { entries: [], since: Infinity, problem: 'The console was opened without the audit log.' };

/** Milliseconds for a page: calls and the log are read with retries, and each has a time limit. */
const PAGE_TIMEOUT_MS = 600_000;

/** Returns the path of a file in a new folder, which is removed at the end of this process at the latest. */
function temporaryFile(): { readonly file: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'agent-identity-console-'));
  const remove = (): void => {
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', remove);
  return { file: join(folder, CONSOLE_FILE), remove };
}

/**
 * Starts the console, at any free port: a page that another program served at a known port could leave a service worker
 * behind, which would read the console.
 *
 * @throws what the log throws if it cannot be read
 */
export async function startConsole(options: ConsoleServerOptions): Promise<ConsoleServer> {
  const { service, region, readLog, forPerson, auditCommand } = options;
  const read = readLog ? recentEntries(readLog) : () => Promise.resolve(NO_LOG);
  await read();
  const shown = <Output>(work: Promise<Output>): Promise<Output> =>
    work.catch((error: unknown) => {
      const failure = forPerson(error);
      throw failure ? shownError(failure, error) : error;
    });
  const { file, remove } = temporaryFile();
  const server = createServer();
  const listening = await listenOnLoopback(server, 0);
  const { handler, link } = createConsoleWithSessions({
    service,
    baseUrl: `http://${LOOPBACK}:${listening.port}`,
    filePath: file,
    auditCommand,
    entries: () => shown(read()),
    call: (path, input) => shown(options.call(path, input)),
  });
  server.on(
    'request',
    createGateway({
      accountId: LOCAL_ACCOUNT,
      region,
      routes: ROUTES,
      handlers: { console: handler },
      principals: [],
      reportFailure: writeFailure,
      integrationTimeoutMs: PAGE_TIMEOUT_MS,
    }),
  );
  const opening = link();
  await writeConsoleFile(file, opening);
  return {
    link: opening,
    file,
    close: async () => {
      remove();
      await listening.close();
    },
  };
}
