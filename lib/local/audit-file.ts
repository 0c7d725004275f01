/** The audit entries in the log file of a local service, for those who read the file again and again. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { auditEntryOf, type LoggedEntry } from '../../lambda/model/audit-line';

const NEWLINE = 0x0a;

/**
 * Returns a function that reads what came since its last call. Two calls must not overlap.
 *
 * @param maxBytes the most bytes at the end of the file that a call reads
 * @param onSkip called when a call reads less than what came
 * @throws when called: the error of the file system for a file that cannot be read
 */
export function auditFile(
  path: string,
  maxBytes = Infinity,
  onSkip?: () => void,
): () => AsyncGenerator<LoggedEntry, void> {
  let position = 0;
  return async function* () {
    const { size } = await stat(path);
    // A shorter file is a new one.
    if (size < position) position = 0;
    if (position < size - maxBytes) {
      position = size - maxBytes;
      onSkip?.();
    }
    if (size === position) return;
    let rest = Buffer.alloc(0);
    for await (const chunk of createReadStream(path, { start: position, end: size - 1 })) {
      const bytes = Buffer.concat([rest, chunk as Buffer]);
      const end = bytes.lastIndexOf(NEWLINE) + 1;
      // The last line can be incomplete: it is read again.
      rest = bytes.subarray(end);
      position += end;
      for (const line of bytes.toString('utf8', 0, end).split('\n')) {
        const entry = auditEntryOf(line);
        if (entry) yield entry;
      }
    }
  };
}
