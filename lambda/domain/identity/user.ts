/**
 * The user that an agent acts for. A verified user (a token's `iss` and `sub`) and an unverified user id
 * live in namespaces of their own: the user id `x` is never the token's user `x`.
 */
import { createHash } from 'node:crypto';

export type User =
  | { readonly kind: 'jwt'; readonly issuer: string; readonly subject: string }
  | { readonly kind: 'user-id'; readonly id: string };

/** What a user token proved, once it was verified. */
export interface VerifiedUserToken {
  readonly user: User & { kind: 'jwt' };
  /** The token's own end, epoch seconds. */
  readonly expiresAt: number;
}

/** Verifies a user token against the trusted issuers: signature, expiry, issuer, audience, client, scopes. */
export interface UserTokenVerifier {
  /**
   * @param token a JWT, as the identity provider issued it
   * @throws UnauthorizedException when it is not valid; the message contains "expired" only when it is expired
   */
  verify(token: string): Promise<VerifiedUserToken>;
}

/**
 * The user in keys, records and logs: SHA-256 over the unambiguous form, base64url.
 *
 * @param user the user; absent when an agent acts for itself
 */
export function subjectHash(user: User | undefined): string {
  if (!user) return 'AGENT';
  const form = user.kind === 'jwt' ? ['jwt', user.issuer, user.subject] : ['user-id', user.id];
  return createHash('sha256').update(JSON.stringify(form)).digest('base64url');
}
