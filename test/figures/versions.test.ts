/** The documents name the packages of the present version. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');
const textOf = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

const DOCUMENTS = [
  'README.md',
  'CONTRIBUTING.md',
  ...['docs', 'lib/client', 'lib/cli', 'lib/client-python', 'examples'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.md') && !path.includes('node_modules') && !path.includes('.venv'))
      .map((path) => join(folder, path)),
  ),
];

/** Returns the versions of the tarballs and wheels that a text names. */
const versionsIn = (text: string): string[] =>
  [...text.matchAll(/\w-(\d+\.\d+\.\d+[\w.+]*?)(?:-[\w-]+)?\.(?:tgz|whl)\b/g)].map(
    ([, version = '']) => version,
  );

it('tarballs and wheels in the documents have the version of package.json', () => {
  const { version } = JSON.parse(textOf('package.json')) as { readonly version: string };
  const named = DOCUMENTS.flatMap((document) =>
    versionsIn(textOf(document)).map((of) => `${document}: ${of}`),
  );
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => !name.endsWith(`: ${version}`))).toEqual([]);
});

it('reads the version of a tarball and of a wheel', () => {
  expect(versionsIn('a-b-1.2.3.tgz b_c-1.2.4-py3-none-any.whl a-<version>.tgz')).toEqual(['1.2.3', '1.2.4']);
});
