/** Digests of secrets, which are stored instead of the secrets and compared with the values in requests. */
import { createHash, timingSafeEqual } from 'node:crypto';

/** Returns the SHA-256 digest, base64url, under which IDs, states, and cookies are stored. */
export const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('base64url');

/** Returns whether the hash belongs to the secret, in constant time. */
export const isHashOf = (hash: string | undefined, secret: string | undefined): boolean =>
  hash !== undefined &&
  secret !== undefined &&
  timingSafeEqual(Buffer.from(hashOf(secret)), Buffer.from(hash));
