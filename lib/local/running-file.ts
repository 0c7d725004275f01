/**
 * The file in the data folder that says where the running service is, for `agent-identity env`. It contains keys, which are
 * valid on this machine only, so only its owner can read it. A service that is killed leaves it behind.
 */
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeSecretFile } from './data-folder';
import { isPrivateFile } from './private-path';
import type { SettingNames } from './setting-names';
import { systemErrorCode } from './start-error';

/**
 * A shell evaluates what is read from the file, so no other variable is read: a folder that a person cloned could contain
 * such a file with the variables of another program.
 */
const NAMES = [
  'AGENT_IDENTITY_ENDPOINT',
  'AWS_REGION',
  'AGENT_IDENTITY_PUBLIC_URL',
  'AWS_DEFAULT_REGION',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'SERVICE_LOG',
  'CALENDAR_ISSUER',
  'CALENDAR_EVENTS_URL',
  'CALENDAR_MCP_URL',
  'CALENDAR_INITIAL_ACCESS_TOKEN',
  'IDENTITY_PROVIDER',
] as const;

export type Variables = Readonly<Partial<Record<(typeof NAMES)[number], string>>>;

export const RUNNING_FILE = 'running.json';

/** The file in the data folder that opens the console in a browser, so that no argument list of a program has the link. */
export const CONSOLE_FILE = 'console.html';

/** The data folder of `agent-identity local`. */
export const defaultDataFolder = (home: string): string => join(home, '.agent-identity', 'local');

/** The service listens on this computer only. */
const ENDPOINT = /^http:\/\/127\.0\.0\.1:\d{1,5}$/;

/**
 * Writes the variables that the programs of a person need.
 *
 * @returns a function that removes the file
 */
export async function writeRunning(dataDir: string, variables: Variables): Promise<() => Promise<void>> {
  const path = join(dataDir, RUNNING_FILE);
  await writeSecretFile(path, { pid: process.pid, variables });
  return () => rm(path, { force: true });
}

/** Another service can have the port of one that was killed. */
function isAlive(pid: unknown): boolean {
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return systemErrorCode(error) === 'EPERM';
  }
}

/**
 * Returns the variables of the service that was started last with the data folder; undefined if it no longer runs.
 *
 * @throws StartError when another user could have written the file
 */
export function readRunning(dataDir: string, names: SettingNames): Variables | undefined {
  const path = join(dataDir, RUNNING_FILE);
  if (!isPrivateFile(path, names)) return undefined;
  try {
    const content = JSON.parse(readFileSync(path, 'utf8')) as { pid?: number; variables?: Variables };
    const { pid, variables } = content;
    if (!isAlive(pid)) return undefined;
    const isValid = Object.entries(variables ?? {}).every(
      ([name, value]) => NAMES.some((known) => known === name) && typeof value === 'string',
    );
    const endpoint = variables?.AGENT_IDENTITY_ENDPOINT ?? '';
    return isValid && ENDPOINT.test(endpoint) && URL.canParse(endpoint) ? variables : undefined;
  } catch {
    return undefined;
  }
}
