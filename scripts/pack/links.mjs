/** Links in the documents of a package. Its users have no checkout, so the links lead to the repository. */
import { URL } from 'node:url';

const FILES = 'https://github.com/agent-identity/agent-identity/blob/main/';

/** Images must be the files themselves: a page of the repository shows nothing in a document. */
const IMAGES = 'https://raw.githubusercontent.com/agent-identity/agent-identity/main/';

const CODE = /(^```[^]*?^```$|`[^`\n]+`)/m;

/** Targets without a scheme (`https:`) that are not only a fragment (`#usage`). */
const IMAGE = /(?<=!\[[^\]]*\]\()(?![a-z][a-z\d+.-]*:|#)[^()\s]+/gi;
const LINK = /(?<=\]\()(?![a-z][a-z\d+.-]*:|#)[^()\s]+/gi;

/**
 * Returns the targets of links and images, outside code, that are relative.
 *
 * @param {string} markdown
 */
export const relativeTargets = (markdown) =>
  markdown.split(CODE).flatMap((part, index) => (index % 2 === 1 ? [] : (part.match(LINK) ?? [])));

/**
 * Returns a document of the repository's root with absolute links and images, outside code.
 *
 * @param {string} markdown such as the text of README.md
 */
export const withAbsoluteLinks = (markdown) =>
  markdown
    .split(CODE)
    .map((part, index) =>
      index % 2 === 1
        ? part
        : part
            .replace(IMAGE, (path) => new URL(path, IMAGES).href)
            .replace(LINK, (path) => new URL(path, FILES).href),
    )
    .join('');
