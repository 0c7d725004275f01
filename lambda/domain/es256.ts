/**
 * The compact JWS (RFC 7515 section 7.1) that the data plane signs and verifies with ES256 (RFC 7518 section 3.4): workload
 * access tokens and DPoP proofs. `node:crypto` does it, because WebCrypto schedules each signature on another thread, which
 * costs several times as much.
 */
import {
  createPrivateKey,
  createPublicKey,
  sign,
  verify,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';
import { decodeBase64url, decodeJsonPart, encodeBase64url } from './base64url';

/** The signature is R and S, 32 bytes each (RFC 7518 section 3.4). DER is the default of OpenSSL. */
const SIGNATURE_FORM = 'ieee-p1363';
const SIGNATURE_BYTES = 64;

/** @throws Error for a key of another type or curve */
function onP256(key: KeyObject): KeyObject {
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new Error('a signing key is not on the curve P-256');
  }
  return key;
}

/** @throws Error for a JWK of another kind */
export const es256PublicKey = (jwk: object): KeyObject =>
  onP256(createPublicKey({ format: 'jwk', key: jwk as JsonWebKey }));

/** @throws Error for a PEM of another kind */
export const es256PrivateKey = (pem: string): KeyObject => onP256(createPrivateKey(pem));

/** @throws Error for a JWK of another kind */
export const es256PrivateKeyOf = (jwk: object): KeyObject =>
  onP256(createPrivateKey({ format: 'jwk', key: jwk as JsonWebKey }));

/**
 * @param header without `alg`
 * @returns a compact JWS
 */
export function signEs256(header: object, claims: object, privateKey: KeyObject): string {
  const parts = [{ alg: 'ES256', ...header }, claims].map((part) => encodeBase64url(JSON.stringify(part)));
  const content = parts.join('.');
  const signature = sign('sha256', Buffer.from(content), { key: privateKey, dsaEncoding: SIGNATURE_FORM });
  return `${content}.${encodeBase64url(signature)}`;
}

/** The protected header of a workload access token: these members and no others. */
export interface TokenHeader {
  readonly kid: string;
  readonly typ: string;
}

/** A token whose signature is not verified yet. */
export interface UnverifiedToken {
  readonly header: TokenHeader;
  readonly signedContent: string;
  readonly payload: string;
  readonly signature: Buffer;
}

/**
 * Parses a token without verifying it. A header with any other member is rejected, so no token selects an algorithm,
 * its own key (`jwk`, `jku`, `x5c`), or an extension (`crit`, `b64`).
 *
 * @returns undefined for anything that this service does not issue
 */
export function parseToken(token: string): UnverifiedToken | undefined {
  const [encodedHeader, payload, encodedSignature, ...others] = token.split('.');
  if (!encodedHeader || !payload || !encodedSignature || others.length > 0) return undefined;
  const { alg, kid, typ, ...unknown } = decodeJsonPart(encodedHeader) ?? {};
  if (alg !== 'ES256' || typeof kid !== 'string' || typeof typ !== 'string') return undefined;
  if (Object.keys(unknown).length > 0) return undefined;
  const signature = decodeBase64url(encodedSignature);
  if (signature?.length !== SIGNATURE_BYTES) return undefined;
  return { header: { kid, typ }, signedContent: `${encodedHeader}.${payload}`, payload, signature };
}

/** @returns the claims; undefined for another signature, or for a payload that is not a JSON object */
export function verifyToken(
  { signedContent, payload, signature }: UnverifiedToken,
  publicKey: KeyObject,
): Readonly<Record<string, unknown>> | undefined {
  const key = { key: publicKey, dsaEncoding: SIGNATURE_FORM } as const;
  return verify('sha256', Buffer.from(signedContent), key, signature) ? decodeJsonPart(payload) : undefined;
}
