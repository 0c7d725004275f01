/** Characters of a nonce (RFC 9449 section 8.1, NQCHAR), with a limit, because it is in a header of the next request. */
export const DPOP_NONCE = /^[\x21\x23-\x5b\x5d-\x7e]{1,512}$/;
