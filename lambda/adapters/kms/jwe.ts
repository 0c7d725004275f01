/**
 * Compact JWE (RFC 7516) with A256GCMKW (RFC 7518 section 4.7) and A256GCM (section 5.3), and no other algorithm. Only this
 * service writes and reads these values, so `node:crypto` encrypts them: WebCrypto imports each content key, and schedules
 * each step on another thread, which costs several times as much.
 */
import { createCipheriv, createDecipheriv, randomBytes, type CipherKey, type KeyObject } from 'node:crypto';
import { decodeBase64url, decodeJsonPart, encodeBase64url } from '../../domain/base64url';

const ALG = 'A256GCMKW';
const ENC = 'A256GCM';

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const IV_BYTES = 12;

/** A shorter tag is easier to forge, and node:crypto accepts one unless the length is stated. */
const TAG = { authTagLength: 16 } as const;

/** The members of the protected header. */
const MEMBERS: ReadonlySet<string> = new Set(['alg', 'enc', 'kid', 'ctx', 'iv', 'tag']);

/** The protected header without the algorithms. */
interface Context {
  /** Version of the vault key. */
  readonly kid: string;
  readonly ctx: string;
}

interface Encrypted {
  readonly iv: Buffer;
  readonly ciphertext: Buffer;
  readonly tag: Buffer;
}

const NO_DATA = Buffer.alloc(0);

/** @param data that is authenticated and not encrypted */
function encryptGcm(key: CipherKey, plaintext: Buffer, data: Buffer): Encrypted {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, key, iv, TAG).setAAD(data);
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return { iv, ciphertext, tag: cipher.getAuthTag() };
}

/** @throws Error if the key, or anything that the tag authenticates, is another one */
function decryptGcm(key: CipherKey, { iv, ciphertext, tag }: Encrypted, data: Buffer): Buffer {
  const decipher = createDecipheriv(CIPHER, key, iv, TAG).setAAD(data).setAuthTag(tag);
  return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
}

/** @returns a compact JWE */
export function encryptJwe(key: KeyObject, { kid, ctx }: Context, plaintext: string): string {
  const contentKey = randomBytes(KEY_BYTES);
  const wrapped = encryptGcm(key, contentKey, NO_DATA);
  const [iv, tag] = [encodeBase64url(wrapped.iv), encodeBase64url(wrapped.tag)];
  const header = encodeBase64url(JSON.stringify({ alg: ALG, enc: ENC, kid, ctx, iv, tag }));
  // RFC 7516 section 5.1, step 14: the additional authenticated data is the encoded header.
  const content = encryptGcm(contentKey, Buffer.from(plaintext), Buffer.from(header));
  const parts = [wrapped.ciphertext, content.iv, content.ciphertext, content.tag].map(encodeBase64url);
  return [header, ...parts].join('.');
}

/** Returns the protected header, which is not authenticated yet; undefined for anything other than a JWE. */
export function readHeader(jwe: string): Readonly<Record<string, unknown>> | undefined {
  const end = jwe.indexOf('.');
  return end === -1 ? undefined : decodeJsonPart(jwe.slice(0, end));
}

/** @throws Error for another text, or for another number of bytes, if it is given */
function bytesOf(value: unknown, length?: number): Buffer {
  const bytes = typeof value === 'string' ? decodeBase64url(value) : undefined;
  if (!bytes || (length !== undefined && bytes.length !== length)) {
    throw new Error('a part of a JWE is malformed');
  }
  return bytes;
}

/**
 * Returns the plaintext. A header with other algorithms, or with a member that this service does not write, such as `zip`
 * or `crit`, is rejected.
 *
 * @param members of the protected header, as {@link readHeader} returns them
 * @throws Error for anything that was not encrypted with this key
 */
export function decryptJwe(key: KeyObject, jwe: string, members = readHeader(jwe) ?? {}): string {
  const [header = '', encryptedKey, iv, ciphertext, tag, ...others] = jwe.split('.');
  const isKnown = Object.keys(members).every((name) => MEMBERS.has(name));
  if (others.length > 0 || members.alg !== ALG || members.enc !== ENC || !isKnown) {
    throw new Error('a JWE is malformed');
  }
  const wrapped = {
    iv: bytesOf(members.iv, IV_BYTES),
    ciphertext: bytesOf(encryptedKey, KEY_BYTES),
    tag: bytesOf(members.tag, TAG.authTagLength),
  };
  const content = {
    iv: bytesOf(iv, IV_BYTES),
    ciphertext: bytesOf(ciphertext),
    tag: bytesOf(tag, TAG.authTagLength),
  };
  return decryptGcm(decryptGcm(key, wrapped, NO_DATA), content, Buffer.from(header)).toString();
}
