/** Puts the clients where their tests find them, at the versions that are pinned, unless they are there already. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const PYTHON_TESTS = join(import.meta.dirname, 'python');
export const TYPESCRIPT_TESTS = join(import.meta.dirname, 'typescript');

const VENV = join(PYTHON_TESTS, '.venv');
const IN_VENV = process.platform === 'win32' ? join('Scripts', 'python.exe') : join('bin', 'python');

/** The oldest Python that AWS's SDK for AgentCore runs on. */
const OLDEST_PYTHON = [3, 10];
const IS_NEW_ENOUGH = `import sys, venv, ensurepip; sys.exit(sys.version_info < (${OLDEST_PYTHON.join(', ')}))`;

/** Something that a person has to put right; the message is all that they need. */
export class InstallationError extends Error {}

/** Runs a command with its output shown; throws when it fails. */
function run(command, arguments_, cwd) {
  const { status, error } = spawnSync(command, arguments_, { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) {
    throw new InstallationError(`${command} ${arguments_.join(' ')} failed: ${error?.message ?? status}`);
  }
}

/**
 * Does the work unless it was done for this very list of what to install.
 *
 * @param folder that the work makes anew
 */
function unlessInstalled(folder, list, work) {
  const stamp = join(folder, '.installed');
  const wanted = createHash('sha256').update(readFileSync(list)).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  rmSync(folder, { recursive: true, force: true });
  work();
  writeFileSync(stamp, wanted);
}

function findPython() {
  const candidates = process.env.PYTHON ? [process.env.PYTHON] : ['python3', 'python'];
  const found = candidates.find(
    (candidate) => spawnSync(candidate, ['-c', IS_NEW_ENOUGH], { stdio: 'ignore' }).status === 0,
  );
  if (found) return found;
  throw new InstallationError(
    `no Python ${OLDEST_PYTHON.join('.')} or newer with venv and pip as ${candidates.join(' or ')}. Install it, or set PYTHON to its path.`,
  );
}

/** @returns path of the Python that has boto3, AWS's SDK and pytest */
export function installPythonClients() {
  const python = join(VENV, IN_VENV);
  const requirements = join(PYTHON_TESTS, 'requirements.txt');
  unlessInstalled(VENV, requirements, () => {
    run(findPython(), ['-m', 'venv', VENV], PYTHON_TESTS);
    run(python, ['-m', 'pip', 'install', '--quiet', '--requirement', requirements], PYTHON_TESTS);
  });
  return python;
}

export function installTypescriptClients() {
  const lock = join(TYPESCRIPT_TESTS, 'package-lock.json');
  unlessInstalled(join(TYPESCRIPT_TESTS, 'node_modules'), lock, () => {
    // By npm's own script where npm runs this, for on Windows `npm` is no program that can be started.
    const { npm_execpath: npm } = process.env;
    const install = [
      'ci',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
      // Under `npm run` the project's own setting is in the environment, which outdoes the .npmrc there.
      '--no-engine-strict',
    ];
    if (npm) run(process.execPath, [npm, ...install], TYPESCRIPT_TESTS);
    else run('npm', install, TYPESCRIPT_TESTS);
  });
}
