/**
 * A symmetric KMS key of the embedded cloud, and the form of its ciphertexts.
 *
 * A ciphertext blob is: version (1 byte), key id (16 bytes), nonce (12 bytes), tag (16 bytes), ciphertext.
 * AES-256-GCM; the additional authenticated data is the blob's version and key id and the encryption
 * context in canonical form, so a blob can be decrypted only with the context that encrypted it (AWS KMS
 * developer guide, "Encryption context").
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { newKeyRecord, type KeyRecord, type NewKey } from './kms-key';

export type EncryptionContext = Readonly<Record<string, string>>;

export const SYMMETRIC_DEFAULT = 'SYMMETRIC_DEFAULT';

export interface SymmetricKey extends KeyRecord {
  readonly spec: typeof SYMMETRIC_DEFAULT;
  /** 32 bytes. */
  readonly material: Buffer;
}

const ALGORITHM = 'aes-256-gcm';
const VERSION = 1;
const KEY_ID_END = 17;
const NONCE_END = 29;
const TAG_END = 45;

export const KEY_BYTES = 32;

export const newSymmetricKey = (choices: NewKey = {}): SymmetricKey => ({
  ...newKeyRecord(choices),
  spec: SYMMETRIC_DEFAULT,
  material: randomBytes(KEY_BYTES),
});

/** Returns whether the blob names this key. */
export const names = (blob: Buffer, key: SymmetricKey): boolean =>
  blob.length >= TAG_END && blob.subarray(0, KEY_ID_END).equals(blobHeader(key));

/** Encrypts under the key and the context. */
export function seal(key: SymmetricKey, plaintext: Buffer, context: EncryptionContext): Buffer {
  const header = blobHeader(key);
  const nonce = randomBytes(NONCE_END - KEY_ID_END);
  const cipher = createCipheriv(ALGORITHM, key.material, nonce).setAAD(authenticatedData(header, context));
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([header, nonce, cipher.getAuthTag(), ciphertext]);
}

/**
 * Decrypts the output of {@link seal}.
 *
 * @returns undefined when the blob belongs to another key or context, or was changed. AWS KMS does not distinguish these
 *   cases either.
 */
export function open(key: SymmetricKey, blob: Buffer, context: EncryptionContext): Buffer | undefined {
  if (!names(blob, key)) return undefined;
  const decipher = createDecipheriv(ALGORITHM, key.material, blob.subarray(KEY_ID_END, NONCE_END))
    .setAAD(authenticatedData(blobHeader(key), context))
    .setAuthTag(blob.subarray(NONCE_END, TAG_END));
  try {
    return Buffer.concat([decipher.update(blob.subarray(TAG_END)), decipher.final()]);
  } catch {
    return undefined;
  }
}

/** Has the key's id without its Region: replicas of a multi-Region key decrypt each other's blobs. */
const blobHeader = (key: SymmetricKey): Buffer =>
  Buffer.concat([Buffer.from([VERSION]), Buffer.from(key.keyId.replace(/^mrk-|-/g, ''), 'hex')]);

/** Returns JSON of the pairs, sorted by name, so that different contexts have different forms. */
function authenticatedData(header: Buffer, context: EncryptionContext): Buffer {
  const pairs = Object.entries(context).sort(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.concat([header, Buffer.from(JSON.stringify(pairs))]);
}
