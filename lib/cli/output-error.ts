/** What happens when a standard stream of the program cannot be written any more. */
import { writeSync } from 'node:fs';
import { STATUS } from './failure';

/** The status of a program that SIGPIPE ends, as shells report it. */
const SIGPIPE_STATUS = 141;

function end({ code, message }: NodeJS.ErrnoException): never {
  if (code === 'EPIPE') process.exit(SIGPIPE_STATUS);
  try {
    writeSync(process.stderr.fd, `The output cannot be written (${code ?? message}).\n`);
  } catch {
    // Stderr cannot be written either.
  }
  process.exit(STATUS.failed);
}

/**
 * Ends the program when its output cannot be written: without a word if the reader has closed the pipe, as `head` does.
 * Without a listener, Node.js would print the error with its stack.
 */
export function endOnOutputError(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', end);
}
