/** Programs and files in folders outside the project, where a package is installed and used as by its users. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

/** The environment without npm's and Python's settings of this project, and without AWS settings of this machine. */
export function cleanEnvironment() {
  const foreign = /^(npm_(?!config_(registry|cache|cafile)$)|AWS_|NODE_|PYTHON|VIRTUAL_ENV|AGENT_IDENTITY_)/i;
  const kept = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  return {
    ...Object.fromEntries(kept),
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    NO_PROXY: '127.0.0.1',
    no_proxy: '127.0.0.1',
    PYTHONDONTWRITEBYTECODE: '1',
  };
}

/**
 * Runs a program in a folder.
 *
 * @returns its output
 * @throws Error with all output when it fails
 */
export async function run(command, arguments_, cwd, env = {}) {
  const child = spawn(command, arguments_, {
    cwd,
    env: { ...cleanEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr']) {
    child[stream].setEncoding('utf8').on('data', (text) => (output[stream] += text));
  }
  const [status] = await once(child, 'close');
  if (status === 0) return output.stdout;
  throw new Error(
    `${[command, ...arguments_].join(' ')} ended with status ${status}:\n${output.stdout}${output.stderr}`,
  );
}

/** Milliseconds after which an installation is tried again. */
const RETRY_DELAY = 20_000;

/**
 * Installs packages and tarballs as a user of npm does. It tries a second time if the registry has a package, but not yet
 * the version of another one that it depends on: for some minutes after a release, mirrors differ.
 */
export async function npmInstall(folder, packages) {
  const { npm_execpath: npm } = process.env;
  const install = (...options) => {
    const arguments_ = ['install', '--no-audit', '--no-fund', '--loglevel=error', ...options, ...packages];
    return npm ? run(process.execPath, [npm, ...arguments_], folder) : run('npm', arguments_, folder);
  };
  try {
    await install();
  } catch (error) {
    if (!error.message.includes('code ETARGET')) throw error;
    await setTimeout(RETRY_DELAY);
    await install('--prefer-online');
  }
}

/** Writes files by relative path; objects are written as JSON. */
export async function writeFiles(folder, files) {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content, null, 2));
  }
}
