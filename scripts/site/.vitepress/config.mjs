/** The documentation as a site: the pages of docs/, in the order of docs/README.md. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { slug } from 'github-slugger';
import { withMermaid } from 'vitepress-plugin-mermaid';
import { sidebarOf } from '../sidebar.mjs';
import { repositoryLinks } from '../repository-links.mjs';

const REPOSITORY = 'https://github.com/agent-identity/agent-identity';
/** A copy of docs/. */
const PAGES = join(import.meta.dirname, '..', 'dist', 'pages');

export default withMermaid({
  title: 'agent-identity',
  description: 'A self-hosted identity service for AI agents',
  srcDir: PAGES,
  outDir: join(import.meta.dirname, '..', 'dist', 'site'),
  cacheDir: join(import.meta.dirname, '..', 'node_modules', '.cache'),
  rewrites: { 'README.md': 'index.md' },
  cleanUrls: true,
  markdown: {
    // Links to headings are the same as on the code host.
    anchor: { slugify: slug },
    config: (markdown) => repositoryLinks(markdown, REPOSITORY),
  },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    sidebar: sidebarOf((name) => readFileSync(join(PAGES, name), 'utf8')),
    socialLinks: [{ icon: 'github', link: REPOSITORY }],
    editLink: { pattern: `${REPOSITORY}/edit/main/docs/:path` },
  },
});
