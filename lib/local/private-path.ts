/**
 * Only the owner can access folders and files with secrets. The permissions are checked before the content is trusted.
 * If other users can read a path, its permissions are changed, and a line says so. If other users can write to it, it
 * is rejected, because its keys might be theirs. A process of root accepts a path of another user, and says so. Windows
 * has no such permissions, so nothing is checked there.
 */
import { chmodSync, lstatSync, readdirSync, statSync, type Stats } from 'node:fs';
import { ENVIRONMENT_VARIABLES, type SettingNames } from './setting-names';
import { StartError, systemErrorCode } from './start-error';

/** Bits of the mode that allow any access by other users, and write access. */
const OTHERS = 0o077;
const OTHERS_WRITE = 0o022;

/** The mode bit of a shared folder such as /tmp. */
const STICKY = 0o1000;

/** Files that show that a folder belongs to this service. */
const CLAIMS = ['principals.json', 'kms.json'];

/**
 * Files that can exist without those: after a start that was killed, or in a folder that lost them, which is then rejected
 * with what it lost. Other programs use such names too, so other files next to them are not of this service. A mounted
 * disk has `lost+found`.
 */
const WITHOUT_CLAIMS =
  /^(service\.log|console\.html|dynamodb|(secrets|objects|running)\.json|lost\+found|\.(try-|principals\.json\.).*)$/;

/** Root can access the files of every user, so a path of another user is reported instead of rejected. */
const ROOT = 0;

const octal = (mode: number): string => (mode & 0o1777).toString(8).padStart(3, '0');

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

/** @returns whether the user of this process owns the path; undefined where the system has no owners */
function isOwn({ uid }: Stats): boolean | undefined {
  const user = process.getuid?.();
  return user === undefined ? undefined : user === ROOT || uid === user;
}

/** @param read returns the stats of a path, with or without following a symbolic link */
function statsOf(path: string, read: (path: string) => Stats): Stats | undefined {
  try {
    return read(path);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw new StartError(`${path} cannot be read (${systemErrorCode(error) ?? 'unknown error'}).`);
  }
}

/** Root often runs over a folder that a user mounted into a container, so this is not an error. */
function reportAnotherOwner(path: string, { uid }: Stats, names: SettingNames): void {
  if (process.getuid?.() !== ROOT || uid === ROOT) return;
  say(
    `${path} belongs to another user (ID ${uid}), who can read or replace the keys in it. If you do not trust this user, set ${names.of('DATA_DIR')} to your own folder.`,
  );
}

interface Closing {
  /** The permissions that the path gets. */
  readonly permissions: number;
  /** What to do, if other users could read the path. */
  readonly advice?: string;
  readonly names: SettingNames;
}

function close(path: string, mode: number, { permissions, advice = '', names }: Closing): void {
  const access = (mode & OTHERS_WRITE) !== 0 ? 'write to' : 'read';
  try {
    chmodSync(path, permissions);
  } catch (error) {
    const reason = systemErrorCode(error) ?? 'unknown error';
    throw new StartError(
      `Other users can ${access} ${path}, and its permissions cannot be changed (${reason}). Set ${names.of('DATA_DIR')} to a folder on a file system that has permissions.`,
    );
  }
  say(
    `Other users could ${access} ${path} (${octal(mode)}). Its permissions are now ${octal(permissions)}.${advice}`,
  );
}

/** @throws StartError for a path that another user owns or could have written */
function closeToOthers(path: string, stats: Stats, closing: Closing): void {
  const { permissions, names } = closing;
  const own = isOwn(stats);
  if (own === undefined) return;
  if (!own)
    throw new StartError(`${path} belongs to another user. Set ${names.of('DATA_DIR')} to your own folder.`);
  reportAnotherOwner(path, stats, names);
  const { mode } = stats;
  if ((mode & OTHERS_WRITE) !== 0) {
    throw new StartError(
      `Other users can write to ${path} (${octal(mode)}), so its content might be theirs. If you trust it, run chmod ${octal(permissions)} on it. Otherwise, set ${names.of('DATA_DIR')} to another folder.`,
    );
  }
  if ((mode & OTHERS) !== 0) close(path, mode, closing);
}

/** Returns whether a folder with these entries contains state of this service, or nothing yet. */
const isForState = (entries: readonly string[]): boolean =>
  entries.some((name) => CLAIMS.includes(name)) || entries.every((name) => WITHOUT_CLAIMS.test(name));

/**
 * Makes a folder private that is empty or contains state of this service. The permissions of any other folder stay.
 *
 * @param folder must exist
 * @throws StartError when it contains other files, users share it, or another user owns it or could have written to it
 */
export function closeFolderToOthers(folder: string, names = ENVIRONMENT_VARIABLES): void {
  const stats = statsOf(folder, statSync);
  if (!stats) return;
  const entries = readdirSync(folder);
  if (!isForState(entries)) {
    throw new StartError(
      `${folder} contains other files. Set ${names.of('DATA_DIR')} to a new or empty folder.`,
    );
  }
  if ((stats.mode & STICKY) !== 0 && (stats.mode & OTHERS_WRITE) !== 0) {
    throw new StartError(
      `${folder} is a folder that users share (${octal(stats.mode)}). Set ${names.of('DATA_DIR')} to a new folder.`,
    );
  }
  const isOpen = isOwn(stats) === true && (stats.mode & OTHERS_WRITE) !== 0;
  // In an empty folder, no other user has left anything.
  if (isOpen && entries.length === 0) close(folder, stats.mode, { permissions: 0o700, names });
  else closeToOthers(folder, stats, { permissions: 0o700, names });
}

/**
 * @returns false when the path does not exist
 * @throws StartError when it is not a regular file: a read from a pipe might never end, and a symbolic link leads to a
 *   file that is not this service's
 */
export function isRegularFile(path: string, names = ENVIRONMENT_VARIABLES): boolean {
  const stats = statsOf(path, lstatSync);
  if (stats && !stats.isFile())
    throw new StartError(
      `${path} is not a regular file. Remove it, or set ${names.of('DATA_DIR')} to another folder.`,
    );
  return stats !== undefined;
}

/**
 * @param path of a file with keys or secrets
 * @returns false when the path does not exist
 * @throws StartError when it is not a regular file, or another user owns it or could have written it
 */
export function isPrivateFile(path: string, names = ENVIRONMENT_VARIABLES): boolean {
  if (!isRegularFile(path, names)) return false;
  const stats = statsOf(path, lstatSync);
  if (!stats) return false;
  closeToOthers(path, stats, {
    permissions: 0o600,
    advice: ` If other users have accounts on this machine, they might know the keys in it. Set ${names.of('DATA_DIR')} to a new folder.`,
    names,
  });
  return true;
}
