/** Digests of secrets, which are stored instead of the secrets and compared with the values in requests. */
import { hash, timingSafeEqual } from 'node:crypto';

/** Returns the SHA-256 digest, base64url, under which IDs, states, and cookies are stored. */
export const hashOf = (secret: string): string => hash('sha256', secret, 'base64url');

/**
 * Returns an ID in the form of a UUID (version 8, RFC 9562 section 5.8) that is the same for the same parts.
 *
 * @param parts the first one says what the ID is for, so that no two purposes have the same IDs
 */
export function derivedId(...parts: readonly [purpose: string, ...(string | number)[]]): string {
  const digest = hash('sha256', JSON.stringify(parts), 'buffer');
  digest[6] = 0x80 | (digest[6]! & 0x0f);
  digest[8] = 0x80 | (digest[8]! & 0x3f);
  const hex = digest.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );
}

/** Returns whether the hash belongs to the secret, in constant time. */
export const isHashOf = (stated: string | undefined, secret: string | undefined): boolean =>
  stated !== undefined &&
  secret !== undefined &&
  timingSafeEqual(Buffer.from(hashOf(secret)), Buffer.from(stated));
