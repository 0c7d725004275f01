/**
 * Servers that tests start as separate processes, each on a free port, and ended with all their child processes; and the
 * checks that need such a server, as a process that ends before the server.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
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
