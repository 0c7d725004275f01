/** URLs of other parties in the commands that the command line proposes. */

/**
 * An http or https URL of characters to which no shell gives a meaning, without a user name before the host, which would
 * look like the host.
 */
const PLAIN_URL = /^https?:\/\/[\w:.-]+(\/[\w:/.~@+=,-]*)?$/;

/**
 * Returns the URL if a command can contain it as one word. Returns undefined for other text, also for a valid URL with other
 * characters (`%`, `?`, `[`), and for undefined.
 */
export const plainUrl = (url: string | undefined): string | undefined =>
  url !== undefined && PLAIN_URL.test(url) && URL.canParse(url) ? url : undefined;
