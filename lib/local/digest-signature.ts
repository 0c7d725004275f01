/**
 * Signatures over an existing SHA-256 digest, as AWS KMS makes them (AWS KMS API reference, Sign, `MessageType`
 * DIGEST). `sign` of node:crypto takes messages only, and hashes them again.
 */
import { constants, createHash, privateEncrypt, randomBytes, type KeyObject } from 'node:crypto';
import { p256 } from '@noble/curves/nist.js';

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

/** ECDSA over P-256 (FIPS 186-5 section 6.4.1), in DER (ANSI X9.62). Like AWS KMS, it does not require a low `s`. */
export function signEcdsa(key: KeyObject, digest: Buffer): Buffer {
  const secret = Buffer.from(key.export({ format: 'jwk' }).d ?? '', 'base64url');
  return Buffer.from(
    p256.sign(digest, secret, { prehash: false, lowS: false, format: 'der', extraEntropy: true }),
  );
}
