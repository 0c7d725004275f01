/** `npm start`: the service on the embedded cloud, and the examples beside it, until a signal ends them. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type * as ExamplesStart from '../examples/local/start';
import { banner, readyLine } from '../lib/local/banner';
import { prepareDataFolder } from '../lib/local/data-folder';
import { LOOPBACK } from '../lib/local/loopback-server';
import { openServiceLog } from '../lib/local/service-log';
import { parseSettings, type LocalSettings } from '../lib/local/settings';
import { StartError, systemErrorCode } from '../lib/local/start-error';
import { startLocal } from '../lib/local/start';

/** When what should have stopped has not, the process ends all the same; milliseconds. */
const STOP_DEADLINE_MS = 10_000;

/** How often to look whether npm is still there; milliseconds. */
const PARENT_CHECK_MS = 200;

type Examples = Awaited<ReturnType<typeof ExamplesStart.prepareExamples>>;

async function run(settings: LocalSettings): Promise<void> {
  const { dataDir, port } = settings;
  await prepareDataFolder(dataDir);
  const logPath = join(dataDir, 'service.log');
  const log = openServiceLog(logPath);
  globalThis.console = log.console;

  let examples: Examples | undefined;
  const service = await startLocal({
    port,
    dataDir,
    trustedIssuers: async (taken) => {
      if (!settings.examples) return settings.trustedIssuers;
      examples = await prepareExamples(port === 0 ? 0 : taken.port + 1, dataDir);
      return [...settings.trustedIssuers, examples.trustedIssuer];
    },
    reportFailure: ({ requestId, resource, error }) => {
      log.console.error(`Function behind ${resource} failed (request ${requestId}):`, error);
    },
  });
  const { endpoint, region, principals } = service;
  // A copy, for AWS's clients write into the credentials that they are given.
  const addresses = await examples?.connect({ endpoint, region, agent: { ...principals.agent } });

  stopOnSignals(async () => {
    await examples?.close();
    await service.close();
    log.close();
  });
  process.stdout.write(banner(service, logPath, addresses) + readyLine(service, addresses));
}

/** Loaded only when wanted: the examples bring an authorization server with them. */
function prepareExamples(firstPort: number, dataDir: string): Promise<Examples> {
  const load = createRequire(__filename);
  const examples = load('../examples/local/start') as typeof ExamplesStart;
  return examples.prepareExamples({ host: LOOPBACK, firstPort, dataDir });
}

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
