/**
 * Whether a folder's file system answers. A dead network or FUSE mount holds every call for ever, and a process that
 * waits for one cannot even end by itself; so a process of its own tries first, and can be left behind.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { StartError } from './start-error';

/** Milliseconds in which a slow file system answers; one that does not is taken for dead. */
const PATIENCE_MS = 10_000;

/** Makes the folder when absent, looks into it, writes a file to its disk, and prints the code of what fails. */
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

/** @param code what the system said; empty where it said nothing */
function faultOf(folder: string, code: string): string {
  if (code === 'EEXIST') return `${folder} is not a folder. Set DATA_DIR to a folder.`;
  if (code === 'ENOTDIR') {
    return `The data folder ${folder} cannot be created, because a part of its path is not a folder. Set DATA_DIR to another path.`;
  }
  return `The data folder ${folder} cannot be written to (${code || 'unknown error'}). Set DATA_DIR to a folder that you can write to.`;
}

const answered = new Set<string>();

/**
 * Makes the folder when absent and checks that it can be written to; once in a process for each.
 *
 * @param folder absolute path
 * @param patience milliseconds to wait
 * @throws StartError when it cannot be made or written to, or nothing answers
 */
export async function tryFolder(folder: string, patience = PATIENCE_MS): Promise<void> {
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
    // A call that never comes back keeps even a killed process.
    child.kill('SIGKILL');
    child.unref();
    child.stdout.destroy();
    throw new StartError(
      `The data folder ${folder} does not answer within ${patience / 1000} seconds. If it is on a network or FUSE mount, mount that again, or set DATA_DIR to a folder on a local disk.`,
    );
  }
  const [status] = outcome as [number | null];
  if (code !== '' || status !== 0) {
    throw new StartError(faultOf(folder, code));
  }
  answered.add(folder);
}
