/** RFC 6749 section 4.1.2.1, limited to a length that fits on a page. */
const ERROR_CODE = /^[\x20\x21\x23-\x5B\x5D-\x7E]{1,128}$/;

/** @returns undefined if the text is not an OAuth error code */
export const errorCodeOf = (text: string | undefined): string | undefined =>
  text !== undefined && ERROR_CODE.test(text) ? text : undefined;

/**
 * Error codes after which a new authorization URL can work: the provider was unavailable (RFC 6749 section 4.1.2.1),
 * did not redeem this authorization code (section 5.2), or could not be reached; or the completion was rejected or
 * failed.
 */
const TRANSIENT_CODES = new Set([
  'server_error',
  'temporarily_unavailable',
  'invalid_grant',
  'unreachable',
  'not_completed',
]);

/** @returns whether a new authorization URL can work after this error */
export const isTransientCode = (code: string): boolean => TRANSIENT_CODES.has(code);
