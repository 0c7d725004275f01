/**
 * The conditions for a new build of the functions' bundles, and their sizes. The test run has built the bundles before, so
 * they are current.
 */
import type { Metafile } from 'esbuild';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { FunctionName } from '../../lib/constructs/function-code';
import { bundleOf, FUNCTIONS, isCurrent, METAFILE, readStamp } from '../../scripts/build/functions';

const ROOT = join(__dirname, '../..');

const OTHER = '0'.repeat(64);

async function stampWith(path: string) {
  const { settings = '', files = {} } = await readStamp();
  expect(Object.keys(files)).toContain(path);
  return { settings, files: { ...files, [path]: OTHER } };
}

it('keeps bundles whose sources and settings are unchanged', async () => {
  expect(await isCurrent(await readStamp())).toBe(true);
});

it.each([
  ['a source file of the project', 'lambda/functions/gate.ts'],
  ['a source file of a dependency', 'node_modules/oauth4webapi/build/index.js'],
  ['a bundle', 'dist/functions/gate/index.js'],
  ['a source map', 'dist/functions/gate/index.js.map'],
])('builds the bundles again after a change of %s', async (_, path) => {
  expect(await isCurrent(await stampWith(path))).toBe(false);
});

it('builds the bundles again with another esbuild or other options', async () => {
  expect(await isCurrent({ ...(await readStamp()), settings: '[]' })).toBe(false);
});

it('builds the bundles when there is no stamp', async () => {
  expect(await isCurrent({})).toBe(false);
});

const { outputs } = JSON.parse(readFileSync(METAFILE, 'utf8')) as Metafile;

/** Returns the files that a cold start loads, as paths in the project. */
function loadedWith(file: string, loaded = new Set<string>()): ReadonlySet<string> {
  if (loaded.has(file)) return loaded;
  loaded.add(file);
  for (const { kind, path, external } of outputs[file]?.imports ?? [])
    if (kind === 'import-statement' && !external) loadedWith(path, loaded);
  return loaded;
}

const startOf = (name: string) => loadedWith(relative(ROOT, bundleOf(name as FunctionName)));

describe('what a cold start loads', () => {
  const path = join(ROOT, 'scripts/build/budgets.json');
  const budgets = JSON.parse(readFileSync(path, 'utf8')) as Readonly<Record<string, number>>;
  const functions = readdirSync(FUNCTIONS);

  it('has a budget in scripts/build/budgets.json', () => {
    expect(Object.keys(budgets).sort()).toEqual(functions.sort());
  });

  it.each(functions)('is within the budget of %s', (name) => {
    const sizes = [...startOf(name)].map((file) => statSync(join(ROOT, file)).size);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(budgets[name] ?? 0);
  });

  it('has no generated client of AWS in the function that agents call most', () => {
    const inputs = [...startOf('credential-retrieval')].flatMap((file) =>
      Object.keys(outputs[file]?.inputs ?? {}),
    );
    const clients = inputs.flatMap((input) => /@aws-sdk\/(client-[a-z-]+)\//.exec(input)?.[1] ?? []);
    expect([...new Set(clients)]).toEqual([]);
  });
});
