/** The navigation of the site. */

const HEADING = /^## (?<title>.+)$/;
const ENTRY = /^- \[(?<text>[^\]]+)\]\((?<link>[a-z0-9/-]+)\.md\)/;

/**
 * @param index docs/README.md: headings of the second level, with lists of pages
 * @returns the sidebar in VitePress's form; links to other places than docs/ are not in it
 */
export function sidebarOf(index) {
  const groups = [];
  for (const line of index.split('\n')) {
    const heading = HEADING.exec(line)?.groups;
    if (heading) groups.push({ text: heading.title, collapsed: false, items: [] });
    const entry = ENTRY.exec(line)?.groups;
    if (entry) groups.at(-1)?.items.push({ text: entry.text.replaceAll('`', ''), link: `/${entry.link}` });
  }
  return groups.filter(({ items }) => items.length > 0);
}
