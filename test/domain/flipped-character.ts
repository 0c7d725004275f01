/** Damage to a signed or sealed text, for tests of what must then be refused. */
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/**
 * Compact JWS or JWE with one character changed: by its highest bit, which counts even where base64url leaves
 * low bits over. A dot becomes a letter.
 */
export function withFlippedCharacter(compact: string, at: number): string {
  const changed = BASE64URL.charAt(BASE64URL.indexOf(compact.charAt(at)) ^ 32);
  return compact.slice(0, at) + (changed || 'A') + compact.slice(at + 1);
}
