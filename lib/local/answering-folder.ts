/**
 * Checks that a folder's file system responds. A dead network or FUSE mount never returns from a call, and a process that
 * waits for such a call cannot end. So a separate process tries first, and this one can leave it behind.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { ENVIRONMENT_VARIABLES, type SettingNames } from './setting-names';
import { StartError } from './start-error';

/** Time in which a slow file system responds, in milliseconds. */
const PATIENCE_MS = 10_000;

/** Creates the folder if it is missing, reads it, writes a file to its disk, and prints the code of an error. */
const TRY = `
const fs = require('node:fs');
const [, folder, file] = process.argv;
try {
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  fs.accessSync(folder, fs.constants.R_OK | fs.constants.W_OK | fs.constants.X_OK);
  const written = fs.openSync(folder + '/' + file, 'wx', 0o600);
  fs.fsyncSync(written);
  fs.closeSync(written);
  fs.unlinkSync(folder + '/' + file);
} catch (error) {
  process.stdout.write(String(error.code));
}
`;

/** @param code error code of the system; empty when there is none */
function faultOf(folder: string, code: string, names: SettingNames): string {
  if (code === 'EEXIST') return `${folder} is not a folder. Set ${names.of('DATA_DIR')} to a folder.`;
  if (code === 'ENOTDIR') {
    return `The data folder ${folder} cannot be created, because a part of its path is not a folder. Set ${names.of('DATA_DIR')} to another path.`;
  }
  return `The data folder ${folder} cannot be written to (${code || 'unknown error'}). Set ${names.of('DATA_DIR')} to a folder that you can write to.`;
}

const answered = new Set<string>();

/**
 * Creates the folder if it is missing, and checks that this process can write to it. A process checks each folder once.
 *
 * @param folder absolute path
 * @param names of the settings in messages
 * @param patience milliseconds to wait
 * @throws StartError when the folder cannot be created or written to, or does not respond
 */
export async function tryFolder(
  folder: string,
  names = ENVIRONMENT_VARIABLES,
  patience = PATIENCE_MS,
): Promise<void> {
  if (answered.has(folder)) return;
  const child = spawn(process.execPath, ['-e', TRY, folder, `.try-${randomUUID()}`], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let code = '';
  child.stdout.on('data', (text: Buffer) => (code += text.toString()));
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<'silence'>((resolve) => {
    timer = setTimeout(() => {
      resolve('silence');
    }, patience);
  });
  const outcome = await Promise.race([once(child, 'close'), silence]).finally(() => clearTimeout(timer));
  if (outcome === 'silence') {
    // A call that never returns keeps the process alive even after SIGKILL.
    child.kill('SIGKILL');
    child.unref();
    child.stdout.destroy();
    throw new StartError(
      `The data folder ${folder} does not respond within ${patience / 1000} seconds. If it is on a network or FUSE mount, mount it again, or set ${names.of('DATA_DIR')} to a folder on a local disk.`,
    );
  }
  const [status] = outcome as [number | null];
  if (code !== '' || status !== 0) {
    throw new StartError(faultOf(folder, code, names));
  }
  answered.add(folder);
}
