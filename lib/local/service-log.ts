/**
 * The service's log file, which is its audit log too. What the functions write to the console goes there, so
 * that the terminal stays for people.
 */
import { Console } from 'node:console';
import { closeSync, fchmodSync, openSync, writeSync } from 'node:fs';
import { Writable } from 'node:stream';
import { isRegularFile } from './private-path';
import { StartError, systemErrorCode } from './start-error';

export interface ServiceLog {
  /** Takes the place of the global console. */
  readonly console: Console;
  readonly close: () => void;
}

/**
 * Opens the log for appending, readable for its owner only. Each line is handed to the system before the
 * call returns: a kill loses none.
 *
 * @throws StartError when the file cannot be written
 */
export function openServiceLog(path: string): ServiceLog {
  const file = openForAppending(path);
  const stream = new Writable({
    decodeStrings: true,
    write(chunk: Buffer, _encoding, done) {
      writeSync(file, onOneLine(chunk.toString('utf8')));
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

/** Powertools indents what it logs through the global console; here an entry is a line, for grep. */
function onOneLine(text: string): string {
  if (!text.startsWith('{')) return text;
  try {
    return `${JSON.stringify(JSON.parse(text))}\n`;
  } catch {
    return text;
  }
}

function openForAppending(path: string): number {
  // To open a pipe that nobody reads would take for ever.
  isRegularFile(path);
  try {
    const file = openSync(path, 'a', 0o600);
    fchmodSync(file, 0o600);
    return file;
  } catch (error) {
    throw new StartError(
      `The log ${path} cannot be written (${systemErrorCode(error) ?? 'unknown error'}). Set DATA_DIR to another folder.`,
    );
  }
}
