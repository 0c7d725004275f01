/**
 * Signatures over a SHA-256 digest that the caller made (KMS's `MessageType` DIGEST). `node:crypto` signs messages
 * only, and hashes them itself; so what comes after the hash is written out here, on its raw RSA and its P-256.
 * Sources: RFC 8017 sections 8.1.1, 8.2.1, 9.1.1 and 9.2; FIPS 186-5 section 6.4.1.
 *
 * For the embedded cloud only: the arithmetic of ECDSA takes a time that depends on the key.
 */
import { constants, createECDH, createHash, privateEncrypt, randomBytes, type KeyObject } from 'node:crypto';

const HASH_BYTES = 32;

/** DER of a DigestInfo for SHA-256, but for the digest (RFC 8017 section 9.2, note 1). */
const DIGEST_INFO = Buffer.from('3031300d060960864801650304020105000420', 'hex');

const sha256 = (...parts: Buffer[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest();

/** RSASSA-PKCS1-v1_5. */
export const rsaPkcs1 = (key: KeyObject, digest: Buffer): Buffer =>
  privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, Buffer.concat([DIGEST_INFO, digest]));

/** RSASSA-PSS, with MGF1 of SHA-256 and a salt as long as the digest: KMS's, and PS256's (RFC 7518 section 3.5). */
export function rsaPss(key: KeyObject, digest: Buffer): Buffer {
  const bits = key.asymmetricKeyDetails?.modulusLength;
  if (bits === undefined) throw new Error('not an RSA key');
  // Moduli of whole bytes: the encoded message has one bit less, so as many bytes, and the first bit is not used.
  const length = bits / 8;
  const salt = randomBytes(HASH_BYTES);
  const hash = sha256(Buffer.alloc(8), digest, salt);
  const block = Buffer.alloc(length - HASH_BYTES - 1);
  block[block.length - HASH_BYTES - 1] = 0x01;
  salt.copy(block, block.length - HASH_BYTES);
  const mask = mgf1(hash, block.length);
  const masked = block.map((byte, at) => byte ^ (mask[at] ?? 0));
  masked[0] = (masked[0] ?? 0) & 0x7f;
  const encoded = Buffer.concat([masked, hash, Buffer.from([0xbc])]);
  return privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, encoded);
}

/** RFC 8017 appendix B.2.1. */
function mgf1(seed: Buffer, length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / HASH_BYTES) }, (_, counter) => {
    const octets = Buffer.alloc(4);
    octets.writeUInt32BE(counter);
    return sha256(seed, octets);
  });
  return Buffer.concat(blocks).subarray(0, length);
}

const P256 = 'prime256v1';
const COORDINATE_BYTES = 32;
/** Order of P-256's base point (NIST SP 800-186 section 3.2.1.3). */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

const integer = (bytes: Buffer): bigint => BigInt(`0x${bytes.toString('hex')}`);

/** ECDSA on P-256, in DER. */
export function ecdsaP256(key: KeyObject, digest: Buffer): Buffer {
  const { d } = key.export({ format: 'jwk' });
  if (d === undefined) throw new Error('not a private key of an elliptic curve');
  // A key pair for this signature alone: its private key is the secret number k, its public key the point kG.
  const once = createECDH(P256);
  const x = once.generateKeys().subarray(1, 1 + COORDINATE_BYTES);
  const r = integer(x) % ORDER;
  const s =
    (inverse(integer(once.getPrivateKey())) * (integer(digest) + r * integer(Buffer.from(d, 'base64url')))) %
    ORDER;
  return der(r, s);
}

/** By Fermat's little theorem, the order being prime. */
function inverse(value: bigint): bigint {
  let result = 1n;
  let square = value;
  for (let exponent = ORDER - 2n; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * square) % ORDER;
    square = (square * square) % ORDER;
  }
  return result;
}

/** SEQUENCE { INTEGER r, INTEGER s } (RFC 3279 section 2.2.3); no part of it is longer than one byte can say. */
function der(...integers: bigint[]): Buffer {
  const content = Buffer.concat(integers.map(derInteger));
  return Buffer.concat([Buffer.from([0x30, content.length]), content]);
}

/** As few bytes as hold it, the first bit being its sign. */
function derInteger(value: bigint): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex');
  const signed = (bytes[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes;
  return Buffer.concat([Buffer.from([0x02, signed.length]), signed]);
}
