/** What the documents refer to exists: files of the repository, pages, and headings. The index lists all documents. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const ROOT = join(__dirname, '../..');
const CODE = ['bin', 'examples', 'lambda', 'lib', 'scripts', 'test'];

const filesIn = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (!entry.isDirectory()) return [path];
    return entry.name === 'node_modules' ? [] : filesIn(path);
  });

const FILES = CODE.flatMap(filesIn).map((path) => `/${path.replaceAll('\\', '/')}`);

const DOCUMENTS = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...[...filesIn('docs'), ...filesIn('examples')].filter((path) => path.endsWith('.md')),
];

const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Names of source files in code spans, such as `oauth/revocation.ts`: the end of a path. */
const sourcesNamedIn = (text: string): string[] =>
  [...text.matchAll(/`([\w./-]+\.(?:ts|mts|mjs|cjs|py))`/g)].map(([, name = '']) => name);

/** Files that a tutorial has its reader write. */
const filesOfTutorial = (text: string): string[] =>
  [...text.matchAll(/^<!-- file: (?:\S*\/)?(\S+) -->$/gm)].map(([, name = '']) => name);

/** Returns the fragment of a heading, as GitHub creates it. */
const fragmentOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

const fragmentsOf = (text: string): string[] =>
  [...text.replaceAll(/^```[^]*?^```/gm, '').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    fragmentOf(heading),
  );

/** Returns whether a link of the document leads to a file, and to one of its headings if it names one. */
function leadsSomewhere(document: string, link: string): boolean {
  const [path = '', fragment] = link.split('#');
  const target = path === '' ? document : relative(ROOT, join(ROOT, dirname(document), path));
  if (!existsSync(join(ROOT, target))) return false;
  return fragment === undefined || fragmentsOf(textOf(target)).includes(fragment);
}

it('reads the documents and the files of the repository', () => {
  expect(DOCUMENTS).toEqual(
    expect.arrayContaining(['README.md', join('docs', 'engineering', 'threat-model.md')]),
  );
  expect(FILES).toContain('/lambda/domain/audit.ts');
});

it.each(DOCUMENTS)('%s names only source files that exist', (document) => {
  const own = filesOfTutorial(textOf(document));
  const missing = sourcesNamedIn(textOf(document)).filter(
    (name) => !own.includes(name) && !FILES.some((file) => file.endsWith(`/${name}`)),
  );
  expect(missing).toEqual([]);
});

it.each(DOCUMENTS)('%s links only to files and headings that exist', (document) => {
  // A pattern in a code span can look like a link.
  const text = textOf(document).replace(/`[^`\n]+`/g, '');
  const links = [...text.matchAll(/\]\(((?!https?:|mailto:)[^)\s]+)\)/g)].map(([, link = '']) => link);
  expect(links.filter((link) => !leadsSomewhere(document, link))).toEqual([]);
});

const linksOf = (text: string): string[] =>
  [...text.matchAll(/\]\(((?!https?:|mailto:)[^)\s#]+)(?:#[^)\s]*)?\)/g)].map(([, link = '']) => link);

it('docs/README.md and docs/vendors.md list all documents', () => {
  const index = linksOf(textOf('docs/README.md'));
  const pages = linksOf(textOf('docs/vendors.md'));
  const listed = new Set([...index, ...pages].map((link) => join('docs', link)));
  const missing = filesIn('docs').filter((path) => path.endsWith('.md') && !listed.has(path));
  expect(missing).toEqual([join('docs', 'README.md')]);
});

it('README.md links to docs/README.md, and has its first command in the first 15 lines', () => {
  const readme = textOf('README.md');
  expect(linksOf(readme)).toContain('docs/README.md');
  const before = readme.split('```sh\n')[0] ?? '';
  expect(before.split('\n').length).toBeLessThanOrEqual(15);
});

it('each threat in docs/engineering/threat-model.md names a test', () => {
  const rows = [
    ...textOf('docs/engineering/threat-model.md').matchAll(/^\| Threat \|.*\n\| -.*\n((?:\|.*\n)+)/gm),
  ].flatMap(([, table = '']) => table.trim().split('\n'));
  const untested = rows.filter((row) => !/`[^`]*(?:\.test\.ts|npm run storm)`/.test(row));
  expect(rows.length).toBeGreaterThan(30);
  expect(untested).toEqual([]);
});

it('each control in docs/engineering/agentic-risks.md names a test', () => {
  const text = textOf('docs/engineering/agentic-risks.md');
  const rows = text
    .split('\n')
    .filter((line) => /^\| (?!-)/.test(line) && !/^\| (Control|Question)\b/.test(line));
  const untested = rows.filter(
    (row) => !/`[^`]*(?:\.test\.(?:ts|mjs)|test_\w+\.py|npm run storm)`/.test(row),
  );
  expect(rows.length).toBeGreaterThan(40);
  expect(untested).toEqual([]);
});

it('docs/engineering/agentic-risks.md says for each of the ten risks what the service does not cover', () => {
  const sections = textOf('docs/engineering/agentic-risks.md')
    .split(/^### ASI/m)
    .slice(1);
  expect(sections.map((section) => section.slice(0, 2))).toEqual(
    Array.from({ length: 10 }, (_, index) => String(index + 1).padStart(2, '0')),
  );
  expect(sections.filter((section) => !section.includes('**Not covered:**'))).toEqual([]);
});
