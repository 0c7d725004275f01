/** Challenges of a resource: for more scopes (RFC 6750 section 3), and for a nonce in the proof (RFC 9449 section 9). */

/** RFC 9110 section 11.2: a token, and a value that is a token or a quoted string. */
const PARAMETER = /([a-z0-9!#$%&'*+.^_`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/gi;

/** RFC 6749 section 3.3. */
const SCOPE = /^[\x21\x23-\x5B\x5D-\x7E]+$/;

const MAX_SCOPES = 100;
const MAX_CHALLENGE = 8192;

/**
 * Returns the scopes that the server requires and the token was not requested for.
 *
 * @param requested the scopes that the token was requested for
 * @returns no scopes if the response is no challenge for scopes, or a retry with its scopes could not help
 */
export function missingScopesIn(response: Response, requested: readonly string[]): string[] {
  const header = response.status === 403 ? response.headers.get('www-authenticate') : null;
  const challenge =
    header !== null && header.length <= MAX_CHALLENGE ? /\b(?:Bearer|DPoP)\s+(.*)$/is.exec(header)?.[1] : '';
  const parameters = new Map<string, string>();
  for (const [, name = '', quoted, plain = ''] of (challenge ?? '').matchAll(PARAMETER)) {
    const known = name.toLowerCase();
    // A repeated parameter belongs to another challenge.
    if (!parameters.has(known)) parameters.set(known, quoted?.replace(/\\(.)/g, '$1') ?? plain);
  }
  if (parameters.get('error') !== 'insufficient_scope') return [];
  const scopes = (parameters.get('scope') ?? '').split(' ').filter(Boolean);
  if (scopes.length > MAX_SCOPES || !scopes.every((scope) => SCOPE.test(scope))) return [];
  return [...new Set(scopes)].filter((scope) => !requested.includes(scope));
}

/** Returns whether the resource requires the nonce of this response in the proof (RFC 9449 section 9). */
export const requiresNonce = ({ status, headers }: Response): boolean =>
  status === 401 &&
  headers.has('dpop-nonce') &&
  /\bDPoP\b.*\berror\s*=\s*"?use_dpop_nonce\b/is.test(
    (headers.get('www-authenticate') ?? '').slice(0, MAX_CHALLENGE),
  );
