/** `npm start`: the service on the embedded cloud, and the examples beside it, until a signal ends them. */
import { startWorld, type World } from '../examples/local/world';
import { banner, readyLine } from '../lib/local/banner';
import { startLogged, type LoggedService } from '../lib/local/logged-service';
import { parseSettings, type LocalSettings } from '../lib/local/settings';
import { StartError, systemErrorCode } from '../lib/local/start-error';

/** When what should have stopped has not, the process ends all the same; milliseconds. */
const STOP_DEADLINE_MS = 10_000;

/** How often to look whether npm is still there; milliseconds. */
const PARENT_CHECK_MS = 200;

/** What runs; without examples when they are off. */
type Running = Pick<World, 'service' | 'close'> & Partial<World>;

async function run(settings: LocalSettings): Promise<void> {
  const { service, examples, close } = settings.examples
    ? await startWorld({ ...settings, pythonAgent: true })
    : alone(await startLogged(settings));
  stopOnSignals(close);
  process.stdout.write(banner(service, examples) + readyLine(service, examples));
}

const alone = (service: LoggedService): Running => ({ service, close: service.close });

/** Ctrl-C reaches this process twice, from the terminal and from npm, so a second signal means nothing. */
function stopOnSignals(close: () => Promise<void>): void {
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(1), STOP_DEADLINE_MS).unref();
    close().then(() => {
      process.stdout.write('agent-identity has stopped. Its state is kept.\n');
      process.exit(0);
    }, fail);
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  whenNpmEnds(stop);
}

/** npm runs this through a shell, and a signal that ends npm ends the shell without reaching this process. */
function whenNpmEnds(stop: () => void): void {
  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) stop();
  }, PARENT_CHECK_MS).unref();
}

function fail(error: unknown): never {
  process.stderr.write(`${reasonOf(error)}\n`);
  process.exit(1);
}

/** One line for what a person can put right; for a defect, all there is to know. */
function reasonOf(error: unknown): string {
  if (error instanceof StartError) return error.message;
  if (!(error instanceof Error)) return 'Could not start, for an unknown reason.';
  if (systemErrorCode(error) === 'EADDRINUSE' && 'port' in error) {
    return `Port ${String(error.port)}, which an example needs, is taken. Set PORT so that the ports after it are free, or EXAMPLES=off.`;
  }
  return error.stack ?? error.message;
}

// Whatever any library writes into the data folder is for its owner only.
process.umask(0o077);
// On Node.js 20 AWS's SDK announces when it will stop supporting it, in the middle of what is printed here.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

try {
  run(parseSettings(process.env)).catch(fail);
} catch (error) {
  fail(error);
}
