/**
 * The user that an agent acts for. A verified user (a token's `iss` and `sub`) and an unverified user id
 * live in namespaces of their own: the user id `x` is never the token's user `x`.
 */
import { createHash } from 'node:crypto';
import type { AuthorizerConfiguration } from './trusted-issuer';

export type User =
  | { readonly kind: 'jwt'; readonly issuer: string; readonly subject: string }
  | { readonly kind: 'user-id'; readonly id: string };

/** What a user token proved, once it was verified. */
export interface VerifiedUserToken {
  readonly user: User & { kind: 'jwt' };
  /** The token's own end, epoch seconds. */
  readonly expiresAt: number;
  readonly scopes: readonly string[];
}

/** For the caller whose user token's `exp` has passed. Not "expired": clients take that for the workload access token. */
export const USER_TOKEN_ENDED = 'The user token is no longer valid (exp). Sign the user in again.';

/** Whose tokens count for an agent; a workload identity is one. */
export interface TrustsIssuers {
  readonly authorizerConfiguration?: AuthorizerConfiguration | undefined;
}

/** Verifies a user token against the trusted issuers: signature, expiry, issuer, audience, client, scopes, claims. */
export interface UserTokenVerifier {
  /**
   * @param token a JWT, as the identity provider issued it
   * @param workload the workload identity that it is presented for. One with an authorizer configuration of its own
   *   believes that and nothing else: the deployment's issuers do not count for it. Any other believes those.
   * @throws UnauthorizedException when it is not valid; the message never says "expired", which clients take for
   *   their workload access token
   * @throws InternalServerException when the issuer's keys cannot be had now, ValidationException when what the
   *   issuer publishes cannot be used
   */
  verify(token: string, workload: TrustsIssuers): Promise<VerifiedUserToken>;
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
