/** Digests of secrets: stored in place of the secrets, and compared with what a request brings. */
import { createHash, timingSafeEqual } from 'node:crypto';

/** SHA-256, base64url: how ids, states and cookies are kept. */
export const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('base64url');

/** Whether a secret is the one that this hash was kept of; takes equally long either way. */
export const isHashOf = (hash: string | undefined, secret: string | undefined): boolean =>
  hash !== undefined &&
  secret !== undefined &&
  timingSafeEqual(Buffer.from(hashOf(secret)), Buffer.from(hash));
