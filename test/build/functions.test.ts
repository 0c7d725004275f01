/**
 * The conditions for a new build of the functions' bundles. The test run has built the bundles before, so they are
 * current.
 */
import { isCurrent, readStamp } from '../../scripts/build/functions';

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
