/** Accepts only the canonical compact form of a JWS (RFC 7515 section 7.1). */
import { decodeBase64url } from './base64url';

const isPart = (text: string): boolean => text !== '' && decodeBase64url(text) !== undefined;

/** Returns whether the token has three parts in canonical base64url. */
export function isCompactJws(token: string): boolean {
  const parts = token.split('.');
  return parts.length === 3 && parts.every(isPart);
}
