/**
 * A JSON document on disk that shows nothing to a search of the data folder: AES-256-GCM, with the key in a
 * file beside it. That protects no more than the folder's own permissions do, which is enough for a local
 * stand-in and keeps other people's tokens out of backups and greps.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { isPrivateFile } from '../../lib/local/private-path';

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Replaces a file in one step: after a crash there is the old content or the new one, never half of either. */
function replaceFile(path: string, content: Buffer): void {
  const temporary = `${path}.new`;
  const file = openSync(temporary, 'w', 0o600);
  try {
    writeSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
}

export class SealedFile {
  private readonly key: Buffer;

  /**
   * @param path where the document lies; its folder is made when absent.
   * @throws when the document is there but its key is not, or others could have written one of them.
   */
  constructor(private readonly path: string) {
    const keyPath = `${path}.key`;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const isThere = isPrivateFile(path);
    if (!isPrivateFile(keyPath)) {
      if (isThere) throw new Error(`${path} cannot be opened without ${keyPath}; remove it to begin anew`);
      replaceFile(keyPath, randomBytes(32));
    }
    this.key = readFileSync(keyPath);
  }

  /**
   * @returns the document, or undefined when none has been written yet.
   * @throws when it was changed by anyone without the key.
   */
  read(): unknown {
    if (!existsSync(this.path)) return undefined;
    const sealed = readFileSync(this.path);
    const nonce = sealed.subarray(0, NONCE_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', this.key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    const opened = Buffer.concat([
      decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)),
      decipher.final(),
    ]);
    return JSON.parse(opened.toString('utf8')) as unknown;
  }

  /** Has reached the disk on return, so that a kill right after an answer loses nothing that was answered. */
  write(document: unknown): void {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.key, nonce, { authTagLength: TAG_BYTES });
    const sealed = Buffer.concat([cipher.update(JSON.stringify(document), 'utf8'), cipher.final()]);
    replaceFile(this.path, Buffer.concat([nonce, cipher.getAuthTag(), sealed]));
  }
}
