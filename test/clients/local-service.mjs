/** The service for the clients: `npm start` in its own process, with its own data folder. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { clearTimeout, setTimeout } from 'node:timers';

const ENTRY = [join(import.meta.dirname, '..', '..', 'bin', 'local.cjs'), '--json'];

/** The arguments of Node.js that start the service with an agent for gateways, see service-with-agent.ts. */
export const WITH_AGENT = ['--require', 'tsx/cjs', join(import.meta.dirname, 'service-with-agent.ts')];
const READY_MILLISECONDS = 60_000;

/** Lines of the service's log that are shown when it does not start. */
const LOG_LINES = 20;

/**
 * Reads the service's output until it is ready.
 *
 * @param printed receives the lines before the ready line
 * @returns the ready line; undefined when the output ends without one
 */
async function readyLine(child, printed) {
  const overdue = setTimeout(() => child.kill('SIGKILL'), READY_MILLISECONDS);
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.startsWith('{"ready":true')) return line;
      printed.push(line);
    }
    return undefined;
  } finally {
    clearTimeout(overdue);
  }
}

/**
 * @param env added to its environment
 * @param entry arguments of Node.js; by default, those of `npm start`
 * @returns the members of the ready line, the data folder, and a function that stops the service
 * @throws Error with the output and the log if the service does not become ready
 */
export async function startLocalService(env, entry = ENTRY) {
  const dataDir = await mkdtemp(join(tmpdir(), 'agent-identity-clients-'));
  const child = spawn(process.execPath, entry, {
    env: {
      ...process.env,
      ...{ PORT: '0', DATA_DIR: dataDir, EXAMPLES: 'on', TRUSTED_ISSUERS: '[]' },
      GATEWAY_TARGET_ROLES: '["arn:aws:iam::000000000000:role/target-*"]',
      GATEWAY_JWT_PASSTHROUGH: 'true',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const gone = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGTERM');
    await gone;
    await rm(dataDir, { recursive: true, force: true });
  };
  const printed = [];
  child.stderr.on('data', (text) => printed.push(String(text)));
  const ready = await readyLine(child, printed);
  if (ready !== undefined) {
    // Later output must be read, or the service would block.
    child.stdout.resume();
    return { ready: JSON.parse(ready), dataDir, stop };
  }
  const log = await readFile(join(dataDir, 'service.log'), 'utf8').catch(() => '');
  printed.push(...log.trimEnd().split('\n').slice(-LOG_LINES));
  await stop();
  throw new Error(`The service did not become ready:\n${printed.join('\n')}`);
}
