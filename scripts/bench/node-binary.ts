/** The Node.js that runs the measured functions. */
import { spawnSync } from 'node:child_process';
import { UsageError } from '../../test/program/command-line';

/** Returns the version of a binary, such as `v24.22.3`. */
export const versionOf = (path: string): string =>
  spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout.trim();

/** @throws UsageError for a path at which there is no Node.js that this computer can start */
export function checkNode(path: string): void {
  const { error, stdout } = spawnSync(path, ['--version'], { encoding: 'utf8' });
  if (!error && /^v\d+\./.test(stdout)) return;
  const reason = (error as NodeJS.ErrnoException | undefined)?.code ?? 'it prints no version of Node.js';
  throw new UsageError(`--node must be the path of a Node.js binary. ${path} is not one (${reason}).`);
}
