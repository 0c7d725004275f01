/**
 * Whether a JWT is a user token at all. One issuer signs JWTs of many kinds with the same keys, and most have its `iss`, a
 * user's `sub`, and a client's `aud`: logout tokens, security events, and others. The header `typ` states the kind (RFC
 * 8725 section 3.11). Only the kinds below are accepted.
 */

/**
 * ID tokens, and access tokens of issuers that do not type them, say `JWT` or nothing at all (RFC 7519 section 5.1);
 * access tokens of RFC 9068 say `at+jwt`.
 */
const USER_TOKEN_TYPES: ReadonlySet<string> = new Set(['jwt', 'at+jwt']);

/** RFC 7515 section 4.1.9: a media type, whose case does not matter, with or without `application/`. */
const isUserTokenType = (typ: unknown): boolean =>
  typ === undefined ||
  (typeof typ === 'string' && USER_TOKEN_TYPES.has(typ.toLowerCase().replace(/^application\//, '')));

/**
 * Returns why the token is of another kind, for the operator; undefined for a user token.
 *
 * @param typ of the header
 * @param claims of the same token
 */
export function tokenKindRejection(typ: unknown, claims: object): string | undefined {
  if (!isUserTokenType(typ)) return 'typ names another kind of token';
  // Security events (RFC 8417), including logout tokens, which older issuers do not type.
  return Object.hasOwn(claims, 'events') ? 'a security event, not a user token' : undefined;
}
