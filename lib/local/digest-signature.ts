/**
 * Signatures over a digest that is there already, as KMS makes them (its API reference, Sign, `MessageType` DIGEST):
 * node:crypto signs messages only, which it would hash once more. For the embedded cloud alone, where nobody has
 * anything to gain from how long a signature takes.
 */
import { constants, createECDH, createHash, privateEncrypt, randomBytes, type KeyObject } from 'node:crypto';

const sha256 = (...parts: Uint8Array[]): Buffer => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/** DER of `DigestInfo` up to a SHA-256 digest (RFC 8017 section 9.2, note 1). */
const DIGEST_INFO = Buffer.from('3031300d060960864801650304020105000420', 'hex');

/** RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2). */
export const signPkcs1 = (key: KeyObject, digest: Buffer): Buffer =>
  privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, Buffer.concat([DIGEST_INFO, digest]));

/** MGF1 over SHA-256 (RFC 8017 appendix B.2.1). */
function mask(seed: Buffer, length: number): Buffer {
  const blocks: Buffer[] = [];
  for (let counter = 0; counter * 32 < length; counter += 1) {
    const octets = Buffer.alloc(4);
    octets.writeUInt32BE(counter);
    blocks.push(sha256(seed, octets));
  }
  return Buffer.concat(blocks).subarray(0, length);
}

/** Bytes of the salt: as many as the digest has (RFC 7518 section 3.5). */
const SALT = 32;

/** RSASSA-PSS with MGF1 over SHA-256 (RFC 8017 sections 8.1 and 9.1.1). */
export function signPss(key: KeyObject, digest: Buffer): Buffer {
  // Key sizes are multiples of eight bits, so one bit of the encoded message stays free.
  const length = (key.asymmetricKeyDetails?.modulusLength ?? 0) / 8;
  const salt = randomBytes(SALT);
  const hash = sha256(Buffer.alloc(8), digest, salt);
  const block = Buffer.concat([Buffer.alloc(length - SALT - hash.length - 2), Buffer.from([1]), salt]);
  const over = mask(hash, block.length);
  const masked = block.map((byte, at) => byte ^ (over[at] ?? 0));
  masked[0] = (masked[0] ?? 0) & 0x7f;
  const encoded = Buffer.concat([masked, hash, Buffer.from([0xbc])]);
  return privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, encoded);
}

/** Order of P-256's base point (FIPS 186-5, SP 800-186 section 3.2.1.3). */
const ORDER = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');

const numberOf = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
const bytesOf = (value: bigint): Buffer => Buffer.from(value.toString(16).padStart(64, '0'), 'hex');
const modulo = (value: bigint): bigint => ((value % ORDER) + ORDER) % ORDER;

/** By the extended Euclidean algorithm. */
function inverse(value: bigint): bigint {
  let [low, high, x, y] = [modulo(value), ORDER, 1n, 0n];
  while (low > 1n) {
    const quotient = high / low;
    [low, high] = [high % low, low];
    [x, y] = [y - quotient * x, x];
  }
  return modulo(x);
}

function randomScalar(): bigint {
  const candidate = numberOf(randomBytes(32));
  return candidate > 0n && candidate < ORDER ? candidate : randomScalar();
}

/** DER of an unsigned integer (X.690 section 8.3). */
function derInteger(value: bigint): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  const content = (bytes[0] ?? 0) > 0x7f ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes;
  return Buffer.concat([Buffer.from([0x02, content.length]), content]);
}

/** ECDSA over P-256 (FIPS 186-5 section 6.4.1), in DER (ANSI X9.62). */
export function signEcdsa(key: KeyObject, digest: Buffer): Buffer {
  const secret = numberOf(Buffer.from(key.export({ format: 'jwk' }).d ?? '', 'base64url'));
  const nonce = randomScalar();
  const point = createECDH('prime256v1');
  point.setPrivateKey(bytesOf(nonce));
  const r = modulo(numberOf(point.getPublicKey().subarray(1, 33)));
  const s = modulo(inverse(nonce) * (numberOf(digest) + r * secret));
  const integers = Buffer.concat([derInteger(r), derInteger(s)]);
  return Buffer.concat([Buffer.from([0x30, integers.length]), integers]);
}
