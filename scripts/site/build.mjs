/**
 * `npm run site`: builds the documentation's site in scripts/site/dist/site. It fails for a link to a page or a heading that does
 * not exist, and for a page that the navigation does not have. With `--serve`, it then serves the site on 127.0.0.1.
 */
import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import process from 'node:process';
import { brokenLinks } from './broken-links.mjs';
import { linksIn, sidebarOf } from './sidebar.mjs';
import { run, runNpm, unlessInstalled } from '../../test/clients/installation.mjs';

const FOLDER = import.meta.dirname;
const ROOT = join(FOLDER, '..', '..');
const PACKAGES = join(FOLDER, 'node_modules');
const PAGES = join(FOLDER, 'dist', 'pages');
const SITE = join(FOLDER, 'dist', 'site');

const vitepress = (...arguments_) =>
  run(process.execPath, [join(PACKAGES, 'vitepress', 'bin', 'vitepress.js'), ...arguments_], FOLDER);

unlessInstalled(PACKAGES, join(FOLDER, 'package-lock.json'), () => runNpm(['ci'], FOLDER));
// Pages are modules, which have to be next to the packages that they import.
rmSync(PAGES, { recursive: true, force: true });
cpSync(join(ROOT, 'docs'), PAGES, { recursive: true });
// The site has the document at /openapi.json.
runNpm(['run', '--silent', 'docs:openapi'], ROOT);
cpSync(join(ROOT, 'dist', 'openapi.json'), join(PAGES, 'public', 'openapi.json'));
vitepress('build', '.');
const broken = brokenLinks(SITE);
if (broken.length > 0) {
  process.stderr.write(`\n${broken.join('\n')}\n\n${broken.length} broken links. Correct them in docs/.\n`);
  process.exit(1);
}
const listed = new Set(linksIn(sidebarOf((name) => readFileSync(join(PAGES, name), 'utf8'))));
const unlisted = readdirSync(PAGES, { recursive: true })
  .map((name) => name.replaceAll('\\', '/'))
  .filter(
    (name) => name.endsWith('.md') && name !== 'README.md' && !listed.has(`/${name.slice(0, -'.md'.length)}`),
  );
if (unlisted.length > 0) {
  process.stderr.write(
    `\n${unlisted.join('\n')}\n\nAdd these pages to docs/README.md, or link to them from the page of their folder.\n`,
  );
  process.exit(1);
}
process.stdout.write(
  `The site is in ${relative(process.cwd(), SITE)}. \`npm run site -- --serve\` serves it.\n`,
);
if (process.argv.includes('--serve')) vitepress('preview', '.', '--host', '127.0.0.1');
