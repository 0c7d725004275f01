/**
 * The form of a workload access token: a compact JWS (RFC 7515 section 7.1) in the one spelling that this service issues.
 */
import type { KeyObject } from 'node:crypto';
import { decodeBase64url, decodeJsonPart } from '../base64url';
import { ES256_SIGNATURE_BYTES, verifyEs256 } from '../es256';

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
  if (signature?.length !== ES256_SIGNATURE_BYTES) return undefined;
  return { header: { kid, typ }, signedContent: `${encodedHeader}.${payload}`, payload, signature };
}

/** @returns the claims; undefined for another signature, or for a payload that is not a JSON object */
export const verifyToken = (
  { signedContent, payload, signature }: UnverifiedToken,
  publicKey: KeyObject,
): Readonly<Record<string, unknown>> | undefined =>
  verifyEs256(signedContent, signature, publicKey) ? decodeJsonPart(payload) : undefined;
