/** A file whose digest the environment states, so that only a change of the function can change its content. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** @throws Error without a stack trace of the file system, whatever its reason */
function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw new Error(`the file cannot be read (${code}); deploy the stack again`, { cause: error });
  }
}

/**
 * Returns the content of the file as text.
 *
 * @param sha256 the digest in lowercase hexadecimal digits; no file has an undefined one
 * @throws Error if the file cannot be read or has another digest
 */
export function readPinnedFile(path: string, sha256: string | undefined): string {
  const content = read(path);
  if (createHash('sha256').update(content).digest('hex') !== sha256) {
    throw new Error('the file has another SHA-256 digest than the deployed one; deploy the stack again');
  }
  return content.toString('utf8');
}
