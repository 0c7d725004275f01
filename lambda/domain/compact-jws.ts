/** The one way to write a JWS in compact form (RFC 7515 section 7.1). */

/**
 * Decoders pass over padding and over bits that belong to no byte, so that many texts are the same token to them.
 * Only one of those is base64url as RFC 7515 section 2 has it: without padding, the bits beyond the last byte zero.
 */
const isBase64url = (text: string): boolean =>
  text !== '' && Buffer.from(text, 'base64url').toString('base64url') === text;

/** @returns whether the token is three parts in base64url, each written in the one way that there is */
export function isCompactJws(token: string): boolean {
  const parts = token.split('.');
  return parts.length === 3 && parts.every(isBase64url);
}
