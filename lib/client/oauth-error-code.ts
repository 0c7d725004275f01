/** RFC 6749 section 4.1.2.1, limited to a length that fits on a page. */
const ERROR_CODE = /^[\x20\x21\x23-\x5B\x5D-\x7E]{1,128}$/;

/** @returns undefined if the text is not an OAuth error code */
export const errorCodeOf = (text: string | undefined): string | undefined =>
  text !== undefined && ERROR_CODE.test(text) ? text : undefined;
