/** What the package of the constructs loads when a CDK app imports it. Its bundles of functions are files. */
import { build } from 'esbuild';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { dependencies, peerDependencies } from '../../package.json';

const ROOT = join(__dirname, '../..');

it('the constructs load only packages that an installation contains', async () => {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: ['lib/index.ts'],
    bundle: true,
    platform: 'node',
    packages: 'external',
    metafile: true,
    write: false,
    outdir: 'dist',
    logLevel: 'silent',
    // As tsc: imports that are used as types only are removed, and all others stay.
    treeShaking: false,
  });
  const loaded = Object.entries(metafile.inputs).flatMap(([file, { imports }]) =>
    imports
      .filter(({ external, path }) => external && !isBuiltin(path) && !path.startsWith('.'))
      .map(({ path }) => [path, file]),
  );
  const installed = Object.keys({ ...dependencies, ...peerDependencies });
  const missing = loaded.filter(
    ([path = '']) => !installed.some((name) => path === name || path.startsWith(`${name}/`)),
  );
  expect(loaded.length).toBeGreaterThan(0);
  expect(missing).toEqual([]);
});
