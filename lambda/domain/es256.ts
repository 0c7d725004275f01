/**
 * Signatures with ES256 (RFC 7518 section 3.4): of the workload access tokens and DPoP proofs that the data plane signs, and
 * of the workload access tokens that it verifies. `node:crypto` does it, because WebCrypto schedules each signature on
 * another thread, which costs several times as much.
 */
import {
  createPrivateKey,
  createPublicKey,
  sign,
  verify,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';
import { encodeBase64url } from './base64url';

/** The signature is R and S, 32 bytes each (RFC 7518 section 3.4). DER is the default of OpenSSL. */
const SIGNATURE_FORM = 'ieee-p1363';
export const ES256_SIGNATURE_BYTES = 64;

/** @throws Error for a key of another type or curve */
function onP256(key: KeyObject): KeyObject {
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new Error('a signing key is not on the curve P-256');
  }
  return key;
}

/** @throws Error for a JWK of another kind */
export const es256PublicKeyOfJwk = (jwk: object): KeyObject =>
  onP256(createPublicKey({ format: 'jwk', key: jwk as JsonWebKey }));

/** @throws Error for a PEM of another kind */
export const es256PrivateKeyOfPem = (pem: string): KeyObject => onP256(createPrivateKey(pem));

/** @throws Error for a JWK of another kind */
export const es256PrivateKeyOfJwk = (jwk: object): KeyObject =>
  onP256(createPrivateKey({ format: 'jwk', key: jwk as JsonWebKey }));

/**
 * @param header without `alg`
 * @returns a compact JWS (RFC 7515 section 7.1)
 */
export function signEs256(header: object, claims: object, privateKey: KeyObject): string {
  const parts = [{ alg: 'ES256', ...header }, claims].map((part) => encodeBase64url(JSON.stringify(part)));
  const content = parts.join('.');
  const signature = sign('sha256', Buffer.from(content), { key: privateKey, dsaEncoding: SIGNATURE_FORM });
  return `${content}.${encodeBase64url(signature)}`;
}

/** @param content what precedes the signature in a compact JWS */
export const verifyEs256 = (content: string, signature: Buffer, publicKey: KeyObject): boolean =>
  verify('sha256', Buffer.from(content), { key: publicKey, dsaEncoding: SIGNATURE_FORM }, signature);
