/**
 * The conditions for a new build of the functions' bundles, and their sizes. The test run has built the bundles before, so
 * they are current.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { FUNCTIONS, isCurrent, readStamp } from '../../scripts/build/functions';

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
  ['a source file of the project', 'lambda/handlers/gate.ts'],
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

describe('the size of a bundle, which every cold start loads', () => {
  const path = join(__dirname, '../../scripts/build/budgets.json');
  const budgets = JSON.parse(readFileSync(path, 'utf8')) as Readonly<Record<string, number>>;
  const functions = readdirSync(FUNCTIONS);

  it('has a budget in scripts/build/budgets.json', () => {
    expect(Object.keys(budgets).sort()).toEqual(functions.sort());
  });

  it.each(functions)('is within the budget of %s', (name) => {
    expect(statSync(join(FUNCTIONS, name, 'index.js')).size).toBeLessThanOrEqual(budgets[name] ?? 0);
  });
});
