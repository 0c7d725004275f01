/** JWS (RFC 7515) and JWE (RFC 7516) in compact form, by node:crypto alone, without any check that costs more than itself. */
import {
  createCipheriv,
  createDecipheriv,
  randomBytes,
  sign,
  verify,
  type CipherGCM,
  type DecipherGCM,
  type KeyObject,
} from 'node:crypto';

const CIPHER = 'aes-256-gcm';

type Json = Readonly<Record<string, unknown>>;

export const decoded = (part: string): Json => JSON.parse(Buffer.from(part, 'base64url').toString()) as Json;

const encoded = (value: Json): string => Buffer.from(JSON.stringify(value)).toString('base64url');

export const headerOf = (compact: string): Json => decoded(compact.slice(0, compact.indexOf('.')));

/** The signature of ES256 is in the form of IEEE P1363 (RFC 7518 section 3.4); RS256 ignores the form. */
const inJoseForm = (key: KeyObject) => ({ key, dsaEncoding: 'ieee-p1363' as const });

/** Returns the claims. @throws Error for another signature, and for an expired token */
export function verified(token: string, key: KeyObject): Json {
  const end = token.lastIndexOf('.');
  const signature = Buffer.from(token.slice(end + 1), 'base64url');
  if (!verify('sha256', Buffer.from(token.slice(0, end)), inJoseForm(key), signature)) {
    throw new Error('The signature is not valid.');
  }
  const claims = decoded(token.slice(token.indexOf('.') + 1, end));
  if (typeof claims.exp !== 'number' || claims.exp * 1000 < Date.now()) {
    throw new Error('The token has expired.');
  }
  return claims;
}

export function signed(header: Json, claims: Json, key: KeyObject): string {
  const content = `${encoded(header)}.${encoded(claims)}`;
  return `${content}.${sign('sha256', Buffer.from(content), inJoseForm(key)).toString('base64url')}`;
}

function unwrapped(key: KeyObject | Buffer, iv: Buffer, tag: Buffer, content: Buffer, aad?: string): Buffer {
  const decipher: DecipherGCM = createDecipheriv(CIPHER, key, iv);
  decipher.setAuthTag(tag);
  if (aad !== undefined) decipher.setAAD(Buffer.from(aad));
  return Buffer.concat([decipher.update(content), decipher.final()]);
}

/** Returns the plaintext of a JWE with A256GCMKW and A256GCM. */
export function opened(jwe: string, key: KeyObject): string {
  const [header = '', ...parts] = jwe.split('.');
  const [encryptedKey, iv, content, tag] = parts.map((part) => Buffer.from(part, 'base64url'));
  const { iv: keyIv, tag: keyTag } = decoded(header) as { iv: string; tag: string };
  if (!encryptedKey || !iv || !content || !tag) throw new Error('The JWE is not compact.');
  const contentKey = unwrapped(
    key,
    Buffer.from(keyIv, 'base64url'),
    Buffer.from(keyTag, 'base64url'),
    encryptedKey,
  );
  return unwrapped(contentKey, iv, tag, content, header).toString();
}

function wrapped(key: KeyObject | Buffer, content: Buffer, aad?: string) {
  const iv = randomBytes(12);
  const cipher: CipherGCM = createCipheriv(CIPHER, key, iv);
  if (aad !== undefined) cipher.setAAD(Buffer.from(aad));
  const ciphertext = Buffer.concat([cipher.update(content), cipher.final()]);
  return { iv, ciphertext, tag: cipher.getAuthTag() };
}

/** Returns a JWE with A256GCMKW and A256GCM. */
export function sealed(header: Json, plaintext: string, key: KeyObject): string {
  const contentKey = randomBytes(32);
  const { iv, ciphertext, tag } = wrapped(key, contentKey);
  const protectedHeader = encoded({
    alg: 'A256GCMKW',
    enc: 'A256GCM',
    ...header,
    iv: iv.toString('base64url'),
    tag: tag.toString('base64url'),
  });
  const content = wrapped(contentKey, Buffer.from(plaintext), protectedHeader);
  const parts = [ciphertext, content.iv, content.ciphertext, content.tag];
  return [protectedHeader, ...parts.map((part) => part.toString('base64url'))].join('.');
}
