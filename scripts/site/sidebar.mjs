/** The navigation of the site. */

const HEADING = /^## (?<title>.+)$/;
/** A line above a list, such as "Deploy and operate:". */
const SUBHEADING = /^(?<title>[A-Z][^[]+):$/;
const ENTRY = /^- \[(?<text>[^\]]+)\]\((?<link>[a-z0-9/-]+)\.md(?<fragment>#[a-z0-9-]+)?\)/;
const LINK = /\[(?<text>[^\]]+)\]\((?<link>[a-z0-9-]+\/[a-z0-9-]+)\.md\)/g;

const item = ({ text, link, fragment = '' }) => ({
  text: (text.charAt(0).toUpperCase() + text.slice(1)).replaceAll('`', ''),
  link: `/${link}${fragment}`,
});

/** Returns the pages in the folder of a page, as `vendors/` for `vendors.md`, in alphabetical order. */
function pagesOf({ link, fragment }, read) {
  if (fragment !== undefined) return [];
  const found = [...read(`${link}.md`).matchAll(LINK)].map(({ groups }) => groups);
  const own = new Map(
    found.filter((page) => page.link.startsWith(`${link}/`)).map((page) => [page.link, page]),
  );
  return [...own.values()].map(item).sort((one, other) => one.text.localeCompare(other.text, 'en'));
}

/**
 * @param read returns the text of a page in docs/
 * @returns the sidebar in VitePress's form: the lists of README.md, and below a page the pages of its folder. Links to other
 *   places than docs/ are not in it
 */
export function sidebarOf(read) {
  const groups = [];
  let items = [];
  for (const line of read('README.md').split('\n')) {
    const heading = HEADING.exec(line)?.groups;
    if (heading) {
      items = [];
      groups.push({ text: heading.title, collapsed: false, items });
    }
    const subheading = SUBHEADING.exec(line)?.groups;
    if (subheading && groups.length > 0) {
      items = [];
      groups.at(-1).items.push({ text: subheading.title, collapsed: false, items });
    }
    const entry = ENTRY.exec(line)?.groups;
    if (!entry) continue;
    const pages = pagesOf(entry, read);
    items.push(pages.length > 0 ? { ...item(entry), collapsed: true, items: pages } : item(entry));
  }
  return groups.filter(({ items: listed }) => listed.length > 0);
}

/** Returns the links of a sidebar, without fragments. */
export const linksIn = (items) =>
  items.flatMap(({ link, items: below = [] }) => [
    ...(link === undefined ? [] : [link.split('#')[0]]),
    ...linksIn(below),
  ]);
