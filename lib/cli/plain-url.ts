/** URLs of other parties in the commands that the command line proposes. */

/**
 * An http or https URL of characters to which no shell gives a meaning, without a user name before the host, which would
 * look like the host.
 */
const PLAIN_URL = /^https?:\/\/[\w:.-]+(\/[\w:/.~@+=,-]*)?$/;

/**
 * Returns a URL that a command can contain; undefined for text that a shell could interpret, that the command would take
 * for an option, or that is no URL, and for undefined.
 */
export const plainUrl = (url: string | undefined): string | undefined =>
  url !== undefined && PLAIN_URL.test(url) ? url : undefined;
