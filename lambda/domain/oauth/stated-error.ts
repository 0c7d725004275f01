/**
 * What a provider says about an error, in its own words (RFC 6749 sections 4.1.2.1 and 5.2). It often is the only hint at the
 * cause, such as a redirect URI that is not registered. It is for the audit log, and for the owner who registers a client;
 * never for a page, an agent, or another owner, whom the words could mislead.
 */

const MAX_DESCRIPTION_CHARACTERS = 200;
const MAX_URI_CHARACTERS = 200;

/**
 * Control and format characters, lone surrogates, line and paragraph separators, and others that show nothing, such as
 * the blank pattern of Braille (U+2800).
 */
const UNSEEN = /[\p{C}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\u2800]/gu;

/** Text that can be a state, a code, or a token. No word, and no part of a path of this service, is that long. */
const OPAQUE = /[\w-]{40,}/g;

/** The audit log names no user. The sign can be percent-encoded, more than once too. */
const EMAIL_ADDRESS = /[^\s"'<>()]+(?:@|%(?:25)*40)[^\s"'<>()]+/g;

/** A path without an email address, and without encoded text, which can be one. */
const PLAIN_PATH = /^[\w./~-]*$/;

const OMITTED = '\u2026';

const bounded = (text: string, most: number): string =>
  text.length > most ? `${text.slice(0, most)}${OMITTED}` : text;

function shownDescription(description: unknown): string {
  if (typeof description !== 'string' || description.trim() === '') return '';
  // Before the rest: a longer text would take time, and a cut could leave a part of a secret that is too short to recognize.
  // NFKC makes usual characters of others, such as the full-width form of @, and several of some.
  const longest = 10 * MAX_DESCRIPTION_CHARACTERS;
  const text = description
    .slice(0, longest)
    .normalize('NFKC')
    .slice(0, longest)
    .replace(UNSEEN, ' ')
    .replace(OPAQUE, OMITTED)
    .replace(EMAIL_ADDRESS, OMITTED)
    .replaceAll('"', "'")
    .trim();
  return `: "${bounded(text, MAX_DESCRIPTION_CHARACTERS)}"`;
}

/** Without the query and the fragment, which can contain parts of the request. */
function shownUri(uri: unknown): string {
  if (typeof uri !== 'string' || !URL.canParse(uri)) return '';
  const { protocol, origin, pathname } = new URL(uri);
  if (protocol !== 'https:' && protocol !== 'http:') return '';
  const shown = PLAIN_PATH.test(pathname) ? origin + pathname : origin;
  return ` (${bounded(shown.replace(OPAQUE, OMITTED), MAX_URI_CHARACTERS)})`;
}

/**
 * Returns the `error_description` and the `error_uri` of a provider's error, to follow its code; empty if it states neither.
 *
 * @param error its members
 */
export const statedError = ({
  description,
  uri,
}: {
  readonly description: unknown;
  readonly uri?: unknown;
}): string => shownDescription(description) + shownUri(uri);
