/**
 * Folders and files that hold secrets are for their owner alone. That is checked before anything in them is trusted:
 * what others could read is closed to them, with a line that says so; what others could write is refused, for its
 * keys might be theirs. Where a system has no such permissions (Windows), there is nothing to check.
 */
import { chmodSync, readdirSync, statSync, type Stats } from 'node:fs';
import { StartError, systemErrorCode } from './start-error';

/** Bits of the mode that let others read or enter, and write. */
const OTHERS = 0o077;
const OTHERS_WRITE = 0o022;

/** The bit of a folder that users share, such as /tmp. */
const STICKY = 0o1000;

/** Files that say that a folder is this service's. */
const CLAIMS = ['principals.json', 'kms.json'];

/** What is in a folder before one of those is: a start that was killed leaves it. A mounted disk has `lost+found`. */
const BEFORE_CLAIMS = /^(service\.log|dynamodb|secrets\.json|lost\+found|\.(try-|principals\.json\.).*)$/;

/** Root can access everything, so ownership proves nothing. */
const ROOT = 0;

const octal = (mode: number): string => (mode & 0o1777).toString(8).padStart(3, '0');

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

/** @returns whether the process's user may trust this to be their own; undefined where the system cannot tell */
function isOwn({ uid }: Stats): boolean | undefined {
  const user = process.getuid?.();
  return user === undefined ? undefined : user === ROOT || uid === user;
}

function statsOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw new StartError(`${path} cannot be read (${systemErrorCode(error) ?? 'unknown error'}).`);
  }
}

function close(path: string, mode: number, permissions: number, advice: string): void {
  const access = (mode & OTHERS_WRITE) !== 0 ? 'write to' : 'read';
  try {
    chmodSync(path, permissions);
  } catch (error) {
    const reason = systemErrorCode(error) ?? 'unknown error';
    throw new StartError(
      `Other users can ${access} ${path}, and its permissions cannot be changed (${reason}). Set DATA_DIR to a folder on a file system that has permissions.`,
    );
  }
  say(
    `Other users could ${access} ${path} (${octal(mode)}). Its permissions are now ${octal(permissions)}.${advice}`,
  );
}

/** @throws StartError for what another user owns or could have written */
function closeToOthers(path: string, stats: Stats, permissions: number, advice = ''): void {
  const own = isOwn(stats);
  if (own === undefined) return;
  if (!own) throw new StartError(`${path} belongs to another user. Set DATA_DIR to a folder of your own.`);
  const { mode } = stats;
  if ((mode & OTHERS_WRITE) !== 0) {
    throw new StartError(
      `Other users can write to ${path} (${octal(mode)}), so what is in it might be theirs. If you trust it, run chmod ${octal(permissions)} on it; otherwise set another DATA_DIR.`,
    );
  }
  if ((mode & OTHERS) !== 0) close(path, mode, permissions, advice);
}

/** Whether a folder with these entries holds the service's state, or nothing else's. */
const isForState = (entries: readonly string[]): boolean =>
  entries.some((name) => CLAIMS.includes(name)) || entries.every((name) => BEFORE_CLAIMS.test(name));

/**
 * Closes a folder that is empty or holds this service's files. The permissions of any other are somebody else's affair.
 *
 * @param folder that exists
 * @throws StartError when it is for other files, users share it, others own it, or could have put something into it
 */
export function closeFolderToOthers(folder: string): void {
  const stats = statsOf(folder);
  if (!stats) return;
  const entries = readdirSync(folder);
  if (!isForState(entries)) {
    throw new StartError(`${folder} contains other files. Set DATA_DIR to a new or empty folder.`);
  }
  if ((stats.mode & STICKY) !== 0 && (stats.mode & OTHERS_WRITE) !== 0) {
    throw new StartError(
      `${folder} is a folder that users share (${octal(stats.mode)}). Set DATA_DIR to a new folder.`,
    );
  }
  const isOpen = isOwn(stats) === true && (stats.mode & OTHERS_WRITE) !== 0;
  // Where there is nothing yet, nobody has put anything.
  if (isOpen && entries.length === 0) close(folder, stats.mode, 0o700, '');
  else closeToOthers(folder, stats, 0o700);
}

/**
 * @returns false when there is none
 * @throws StartError for what is no regular file: a pipe, for one, is never read to its end
 */
export function isRegularFile(path: string): boolean {
  const stats = statsOf(path);
  if (stats && !stats.isFile())
    throw new StartError(`${path} is not a regular file. Remove it, or set another DATA_DIR.`);
  return stats !== undefined;
}

/**
 * @param path of a file with keys or secrets
 * @returns false when there is none
 * @throws StartError for what is no regular file, or what others own or could have written
 */
export function isPrivateFile(path: string): boolean {
  if (!isRegularFile(path)) return false;
  const stats = statsOf(path);
  if (!stats) return false;
  closeToOthers(
    path,
    stats,
    0o600,
    ' If others use this machine, they may know the keys in it: start again with another DATA_DIR.',
  );
  return true;
}
