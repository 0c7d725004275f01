/**
 * The service as a program: it starts, says where it is, and runs until a signal ends it. `npm start` and the command
 * `agent-identity local` are this program with different settings.
 */
import { ioFailure } from './dynamodb-store';
import { isStartError } from './start-error';

export interface Running {
  /** What to print once everything runs. */
  readonly announcement: string;
  /** Waits for open requests, then stops; the state stays in the data folder. */
  readonly close: () => Promise<void>;
}

export interface ProgramOptions {
  /** @throws StartError for what a person can correct */
  readonly start: () => Promise<Running>;
  /** What to print when the program has stopped. */
  readonly farewell: string;
}

/** The process ends after this time, even if the service has not stopped; milliseconds. */
const STOP_DEADLINE_MS = 10_000;

/** How often to check that npm still runs; milliseconds. */
const PARENT_CHECK_MS = 200;

/**
 * Runs the program. It ends the process: with status 0 after a signal, 2 for a setting that is not valid, and 1 when
 * it cannot start, continue, or stop for another reason.
 */
export async function runProgram({ start, farewell }: ProgramOptions): Promise<void> {
  // Only the owner can read what a library writes to the data folder.
  process.umask(0o077);
  // dynalite throws the error of a failed write. The process must end: LevelDB would lose every later write, too.
  process.once('uncaughtException', fail);
  try {
    const { announcement, close } = await start();
    stopOnSignals(close, farewell);
    process.stdout.write(announcement);
  } catch (error) {
    fail(error);
  }
}

/** Ctrl-C reaches this process twice, from the terminal and from npm. The second signal is ignored. */
function stopOnSignals(close: () => Promise<void>, farewell: string): void {
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(1), STOP_DEADLINE_MS).unref();
    close().then(() => {
      process.stdout.write(farewell);
      process.exit(0);
    }, fail);
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  stopAfterNpm(stop);
}

/** npm runs this program in a shell. A signal that ends npm ends the shell too, but does not reach this process. */
function stopAfterNpm(stop: () => void): void {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) stop();
  }, PARENT_CHECK_MS).unref();
}

function fail(error: unknown): never {
  process.stderr.write(`${reasonOf(error)}\n`);
  process.exit(isStartError(error) ? error.status : 1);
}

/** Returns one line for what a person can correct, and the stack for a defect. */
function reasonOf(error: unknown): string {
  if (isStartError(error)) return error.message;
  if (!(error instanceof Error)) return 'The service has stopped, for an unknown reason.';
  return ioFailure(error) ?? error.stack ?? error.message;
}
