/** Accepts only the canonical compact form of a JWS (RFC 7515 section 7.1). */

/**
 * Decoders ignore padding and surplus bits, so that they read several texts as the same token. Only one of these texts is
 * base64url by RFC 7515 section 2: without padding, and with zero bits after the last byte.
 */
const isBase64url = (text: string): boolean =>
  text !== '' && Buffer.from(text, 'base64url').toString('base64url') === text;

/** Returns whether the token has three parts in canonical base64url. */
export function isCompactJws(token: string): boolean {
  const parts = token.split('.');
  return parts.length === 3 && parts.every(isBase64url);
}
