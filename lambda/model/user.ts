/**
 * The user that an agent acts for. A verified user (a token's `iss` and `sub`) and an unverified user id
 * have separate namespaces: the user ID `x` is never the token's user `x`.
 */
import type { UserSelector } from './request-values';
import { hash } from 'node:crypto';

export type User =
  | { readonly kind: 'jwt'; readonly issuer: string; readonly subject: string }
  | { readonly kind: 'user-id'; readonly id: string };

/** Takes the place of a user's hash if an agent acts for itself. */
export const NO_USER = 'AGENT';

/**
 * Returns the identifier of a session in records and in workload access tokens: SHA-256, base64url.
 *
 * @param issuer `iss` of the user token
 * @param sessionId its `sid` (OpenID Connect Front-Channel Logout 1.0 section 3)
 */
export const sessionHash = (issuer: string, sessionId: string): string =>
  hash('sha256', JSON.stringify(['sid', issuer, sessionId]), 'base64url');

/**
 * Returns the identifier of an email address of an issuer's user in records: SHA-256, base64url. Addresses that differ in
 * case only are the same: an issuer that has both for two users could not tell them apart in a report either.
 *
 * @param issuer `iss` of the user token
 */
export const emailHash = (issuer: string, email: string): string =>
  hash('sha256', JSON.stringify(['email', issuer, email.trim().normalize('NFC').toLowerCase()]), 'base64url');

/**
 * Returns the identifier of a user's email address; undefined unless the issuer states that it has verified the address. A
 * user can choose an address that the issuer has not verified (OpenID Connect Core section 5.1).
 *
 * @param claims of a verified token of the issuer
 */
export const verifiedEmailHash = (
  issuer: string,
  { email, email_verified: verified }: Readonly<Record<string, unknown>>,
): string | undefined =>
  typeof email === 'string' && verified === true ? emailHash(issuer, email) : undefined;

/**
 * Returns the user's identifier in keys, records, and logs: SHA-256 of the unambiguous form, base64url.
 *
 * @param user the user; absent if an agent acts for itself, which has {@link NO_USER}
 */
export function userHashOf(user: User | undefined): string {
  if (!user) return NO_USER;
  const form = user.kind === 'jwt' ? ['jwt', user.issuer, user.subject] : ['user-id', user.id];
  return hash('sha256', JSON.stringify(form), 'base64url');
}

/** Returns the hash of the user that an operator named, as {@link userHashOf}. */
export function selectedUserHash(selector: UserSelector): string {
  if ('userHash' in selector) return selector.userHash;
  const user: User =
    'userId' in selector
      ? { kind: 'user-id', id: selector.userId }
      : { kind: 'jwt', issuer: selector.issuer, subject: selector.subject };
  return userHashOf(user);
}
