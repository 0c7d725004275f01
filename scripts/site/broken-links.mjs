/** Links within the built site that lead nowhere. The generator checks pages only, not headings. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { URL } from 'node:url';

const LINK = /<a [^>]*href="(?<href>[^"]+)"/g;
const ID = /\bid="(?<id>[^"]+)"/g;

/** Base of relative links; no page has it. */
const SITE = 'http://site.invalid';

const groups = (text, pattern) => [...text.matchAll(pattern)].map((match) => match.groups);
const pathOf = (file) => `/${file.replaceAll('\\', '/').replace(/(index)?\.html$/, '')}`;

/**
 * @param folder of the built site
 * @returns a line for each link to a page or a heading that does not exist
 */
export function brokenLinks(folder) {
  const files = readdirSync(folder, { recursive: true }).filter((file) => file.endsWith('.html'));
  const pages = new Map(files.map((file) => [pathOf(file), readFileSync(join(folder, file), 'utf8')]));
  const ids = new Map(
    [...pages].map(([path, html]) => [path, new Set(groups(html, ID).map(({ id }) => id))]),
  );
  return [...pages].flatMap(([path, html]) =>
    groups(html, LINK).flatMap(({ href }) => {
      const { origin, pathname, hash } = new URL(href.replaceAll('&amp;', '&'), `${SITE}${path}`);
      if (origin !== SITE) return [];
      const found = ids.get(pathname);
      const isThere = found && (hash === '' || found.has(decodeURIComponent(hash.slice(1))));
      return isThere ? [] : [`${path}: ${href}`];
    }),
  );
}
