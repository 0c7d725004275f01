/**
 * An encrypted JSON document on disk: AES-256-GCM, with the key in a file next to it. The encryption protects no more
 * than the permissions of the folder do. That is enough for local use, and it keeps tokens out of text searches and of
 * backups of the document alone.
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

/** Replaces a file atomically: after a crash, it has either the old or the new content, never a mix. */
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
   * @param path the path of the document; its folder is created when absent.
   * @throws when the document exists without its key, or when other users could have written either file.
   */
  constructor(private readonly path: string) {
    const keyPath = `${path}.key`;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const isThere = isPrivateFile(path);
    if (!isPrivateFile(keyPath)) {
      if (isThere)
        throw new Error(
          `${path} cannot be decrypted without ${keyPath}. Restore the key file, or delete ${path} to start again.`,
        );
      replaceFile(keyPath, randomBytes(32));
    }
    this.key = readFileSync(keyPath);
  }

  /**
   * @returns the document, or undefined when none has been written yet.
   * @throws when the document was changed without the key.
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

  /** Flushes to disk before it returns, so that a kill after a response cannot lose the answered state. */
  write(document: unknown): void {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.key, nonce, { authTagLength: TAG_BYTES });
    const sealed = Buffer.concat([cipher.update(JSON.stringify(document), 'utf8'), cipher.final()]);
    replaceFile(this.path, Buffer.concat([nonce, cipher.getAuthTag(), sealed]));
  }
}
