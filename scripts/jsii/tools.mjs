/** jsii and its companions: https://aws.github.io/jsii. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { runNpm, unlessInstalled } from '../../test/clients/installation.mjs';

const FOLDER = import.meta.dirname;
const INSTALLED = join(FOLDER, 'node_modules');

/** A tool rejected the sources. The message is what the tool printed. */
export class ToolFailure extends Error {
  name = 'ToolFailure';
}

/**
 * Runs one of the tools. Installs them first, if this has not been done for the current lock file.
 *
 * @param name such as `jsii`
 * @returns what it prints
 * @throws ToolFailure with all output when it fails
 */
export function runTool(name, arguments_, cwd) {
  unlessInstalled(INSTALLED, join(FOLDER, 'package-lock.json'), () => runNpm(['ci'], FOLDER));
  const script = join(INSTALLED, name, 'bin', name);
  // The tools do not list Node.js 20, on which this project's own tests run too.
  const env = { ...process.env, JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION: '20' };
  try {
    return execFileSync(process.execPath, [script, ...arguments_], {
      cwd,
      env,
      encoding: 'utf8',
      stdio: 'pipe',
    });
  } catch (error) {
    // Without a status, the tool was not started or was stopped: that is no fault of the sources.
    if (typeof error.status !== 'number') throw error;
    throw new ToolFailure(`${name} failed:\n${error.stdout}${error.stderr}`, { cause: error });
  }
}
