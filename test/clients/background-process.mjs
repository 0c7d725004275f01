/**
 * Servers that tests start as separate processes, each on a free port, and ended with all their child processes; and the
 * checks that need such a server, as a process that ends before the server.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

export const LOOPBACK = '127.0.0.1';

/** Exit code of a program that Ctrl-C ended, as in shells: 128 plus the signal's number. */
const INTERRUPTED = 130;

const BETWEEN_LOOKS_MILLISECONDS = 100;

/** Returns a free port, so that several runs on one machine do not conflict. */
export async function freePort() {
  const server = createServer().listen(0, LOOPBACK);
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function isReady(address) {
  const answer = await globalThis.fetch(address).catch(() => undefined);
  return answer?.ok === true;
}

/**
 * Returns false when the process ended, or took too long.
 *
 * @param address the address that responds with success when the process is ready
 */
export async function becameReady(child, address, milliseconds) {
  const until = Date.now() + milliseconds;
  while (child.exitCode === null && child.signalCode === null && Date.now() < until) {
    if (await isReady(address)) return true;
    await pause(BETWEEN_LOOKS_MILLISECONDS);
  }
  return false;
}

/** Ends a process that was started `detached`, with all processes of its group. */
export function killGroup({ pid }) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** Lines of a server's log that are shown when it does not start. */
const LOG_LINES = 20;

/**
 * Runs the following command, and ends its whole process group when the standard input ends. The input ends
 * even if this process is killed and cannot clean up.
 */
const WITH_PARENT = 'exec 3<&0; "$@" </dev/null & child=$!; (cat <&3 >/dev/null; kill -9 -$$) & wait $child';

/**
 * Starts a server in an own empty folder, which ends with this process. Returns its process ID, and a function that stops it.
 *
 * @param name for messages and the name of the folder
 * @param ready the address that responds with success when the server is ready
 * @throws Error with the end of the server's log if it does not become ready
 */
export async function startServer(name, command, { env, ready, milliseconds }) {
  const folder = await mkdtemp(join(tmpdir(), `agent-identity-${name.toLowerCase()}-`));
  const child = spawn('sh', ['-c', WITH_PARENT, 'sh', ...command], {
    cwd: folder,
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const logFile = join(folder, 'server.log');
  const log = createWriteStream(logFile);
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const gone = once(child, 'exit');
  const killNow = () => killGroup(child);
  process.on('exit', killNow);
  const stop = async () => {
    killNow();
    await gone;
    process.off('exit', killNow);
    log.end();
    await rm(folder, { recursive: true, force: true });
  };
  if (await becameReady(child, ready, milliseconds)) return { pid: child.pid, stop };
  const text = await readFile(logFile, 'utf8').catch(() => '');
  await stop();
  throw new Error(
    `${name} did not become ready:\n${text.trimEnd().split('\n').slice(-LOG_LINES).join('\n')}`,
  );
}

/**
 * Returns the exit code of a program in TypeScript. At a signal, the program ends by itself; its servers run until it
 * exits.
 */
export async function runChecks(script, env, arguments_ = []) {
  const checks = spawn(process.execPath, ['--require', 'tsx/cjs', script, ...arguments_], {
    cwd: join(import.meta.dirname, '..', '..'),
    env: { ...env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => checks.kill('SIGTERM'));
  const [status] = await once(checks, 'exit');
  return status ?? INTERRUPTED;
}
