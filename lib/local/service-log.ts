/**
 * The log file of the service, which contains its audit log too. The functions' console output goes there and not to the
 * terminal.
 */
import { Console } from 'node:console';
import { closeSync, constants, fchmodSync, openSync, writeSync } from 'node:fs';
import { Writable } from 'node:stream';
import { isRegularFile } from './private-path';
import { ENVIRONMENT_VARIABLES, type SettingNames } from './setting-names';
import { StartError, systemErrorCode } from './start-error';

export interface ServiceLog {
  /** Replaces the global console. */
  readonly console: Console;
  readonly close: () => void;
}

/**
 * Opens the log for appending. Only its owner can read it. Each line reaches the system before the call returns, so a
 * killed process loses none.
 *
 * @throws StartError when the file cannot be written
 */
export function openServiceLog(path: string, names = ENVIRONMENT_VARIABLES): ServiceLog {
  const file = openForAppending(path, names);
  const stream = new Writable({
    decodeStrings: true,
    write(chunk: Buffer, _encoding, done) {
      writeSync(file, chunk);
      done();
    },
  });
  return {
    console: new Console({ stdout: stream, stderr: stream }),
    close: () => {
      closeSync(file);
    },
  };
}

/** Refuses a symbolic link. Windows has no such flag, although the types say that it has. */
const NO_LINKS = (constants as Partial<typeof constants>).O_NOFOLLOW ?? 0;
const APPENDING = constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY | NO_LINKS;

function openForAppending(path: string, names: SettingNames): number {
  // Opening a pipe without a reader would never return.
  isRegularFile(path, names);
  try {
    const file = openSync(path, APPENDING, 0o600);
    fchmodSync(file, 0o600);
    return file;
  } catch (error) {
    throw new StartError(
      `The log ${path} cannot be written (${systemErrorCode(error) ?? 'unknown error'}). Set ${names.of('DATA_DIR')} to another folder.`,
    );
  }
}
