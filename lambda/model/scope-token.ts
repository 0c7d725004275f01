/** One scope (RFC 6749 section 3.3). */
export const SCOPE_TOKEN = /^[\x21\x23-\x5B\x5D-\x7E]+$/;

/** Its characters in words, as they follow the name of a member. */
export const SCOPE_TOKEN_RULE =
  'must be one scope: printable ASCII without spaces, quotation marks, and backslashes';
