/** Damages a signed or encrypted text, for tests that expect its rejection. */
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/**
 * Returns a compact JWS or JWE with one character changed, by its highest bit, because base64url can ignore low bits.
 * A dot becomes a letter.
 */
export function withFlippedCharacter(compact: string, at: number): string {
  const changed = BASE64URL.charAt(BASE64URL.indexOf(compact.charAt(at)) ^ 32);
  return compact.slice(0, at) + (changed || 'A') + compact.slice(at + 1);
}
