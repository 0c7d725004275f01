/**
 * The log file of the service, which contains its audit log too. The functions' console output goes there and not to the
 * terminal.
 */
import { Console } from 'node:console';
import { constants, fchmodSync, openSync, writeSync } from 'node:fs';
import { Writable } from 'node:stream';
import { LineFile, type Loss } from './line-file';
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
 * killed process loses none. If the disk is full, the service continues without a log: stderr says so, and the log says
 * how many lines are missing.
 *
 * @throws StartError when the file cannot be written
 */
export function openServiceLog(path: string, names = ENVIRONMENT_VARIABLES): ServiceLog {
  const file = new LineFile(openForAppending(path, names), {
    report: reportOf,
    onFailure: (code) => {
      say(
        `The log ${path} cannot be written (${code}). The service continues without an audit log until it can be written.`,
      );
    },
  });
  const stream = new Writable({
    decodeStrings: true,
    write(chunk: Buffer, _encoding, done) {
      file.append(chunk);
      done();
    },
  });
  return {
    console: new Console({ stdout: stream, stderr: stream }),
    close: () => {
      file.close();
    },
  };
}

/** Writes to stderr, which can be a file on the same disk: an error of its stream would end the process. */
function say(line: string): void {
  try {
    writeSync(process.stderr.fd, `${line}\n`);
  } catch {
    // The log itself reports the loss later.
  }
}

const reportOf = ({ lines, code, incompleteBytes }: Loss): string =>
  JSON.stringify({
    level: 'ERROR',
    message: 'log lines are missing',
    timestamp: new Date().toISOString(),
    ...(lines > 0 && { lines, error: code }),
    ...(incompleteBytes > 0 && { incompleteBytes }),
  });

/** Refuses a symbolic link. Windows has no such flag, although the types say that it has. */
const NO_LINKS = (constants as Partial<typeof constants>).O_NOFOLLOW ?? 0;
const APPENDING = constants.O_APPEND | constants.O_CREAT | constants.O_RDWR | NO_LINKS;

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
