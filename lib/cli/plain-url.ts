/** URLs of other parties in the messages of the command line, and in the commands that it proposes. */

/**
 * An http or https URL of characters to which no shell gives a meaning, without a user name before the host, which would
 * look like the host.
 */
const PLAIN_URL = /^https?:\/\/[\w:.-]+(\/[\w:/.~@+=,-]*)?$/;

/** Maximum characters: a server must not fill the screen. */
const MAX_LENGTH = 500;

/** Characters of a URL that a message shows. */
const MAX_SHOWN = 200;

/**
 * Returns a URL that another party stated for a message: without a space, so that it cannot continue the sentence. Text
 * that is no http or https URL could contain spaces, and a user name would look like the host: for these, it returns a
 * description.
 */
export function shownUrl(stated: string): string {
  if (!URL.canParse(stated)) return 'text that is no URL';
  const { href, protocol, username, password } = new URL(stated);
  if (protocol !== 'https:' && protocol !== 'http:') return 'text that is no http or https URL';
  if (username !== '' || password !== '') return 'a URL with credentials';
  return href.length > MAX_SHOWN ? `${href.slice(0, MAX_SHOWN)}…` : href;
}

/**
 * Returns the URL if a command can contain it as one word, and a sentence too: a server could write a sentence of another
 * kind in the place of a URL. Returns undefined for other text, also for a valid URL with other
 * characters (`%`, `?`, `[`), and for undefined.
 */
export const plainUrl = (url: string | undefined): string | undefined =>
  url !== undefined && url.length <= MAX_LENGTH && PLAIN_URL.test(url) && URL.canParse(url) ? url : undefined;
