/**
 * Builds the package's dist/: eight CommonJS files, and a WebAssembly module, in the folders that their sources are in, so that each finds the
 * next by the same relative path. The command loads the service, and what signs requests, when they are needed; the service loads
 * its functions when it has set their environment, and the examples unless they are off. Packages are inside, except dynalite: LevelDB is a native addon.
 */
import { copyFile, cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '../..');
const outdir = join(root, 'lib/cli/dist');

await rm(outdir, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: [
    { in: 'bin/agent-identity.ts', out: 'bin/agent-identity' },
    { in: 'lib/cli/bundle/aws-clients.cjs', out: 'lib/cli/aws' },
    { in: 'lib/cli/bundle/s3.cjs', out: 'lib/cli/s3' },
    { in: 'lib/cli/bundle/cedar.cjs', out: 'lib/cli/cedar' },
    { in: 'lib/local/serve.ts', out: 'lib/local/serve' },
    { in: 'examples/local/start.ts', out: 'examples/local/start' },
    { in: 'lib/cli/bundle/functions.cjs', out: 'lib/local/handlers' },
    { in: 'lib/cli/bundle/agent-endpoint.cjs', out: 'lambda/functions/composition/agent-endpoint' },
  ],
  outdir,
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'cjs',
  mainFields: ['module', 'main'],
  external: ['dynalite', 'dynalite/db'],
  // Also because esbuild's own long names look like imports to publint. Classes and functions keep theirs, for errors.
  minify: true,
  keepNames: true,
  metafile: true,
});
// Cedar reads its WebAssembly from the folder of the file that contains it.
const cedar = createRequire(import.meta.url).resolve('@cedar-policy/cedar-wasm/nodejs');
await copyFile(join(dirname(cedar), 'cedar_wasm_bg.wasm'), join(outdir, 'lib/local/cedar_wasm_bg.wasm'));
await cp(join(root, 'lib/cli/templates'), join(outdir, 'lib/cli/templates'), { recursive: true });
// Lists the packages inside, for the third-party notices.
await mkdir(join(root, 'dist'), { recursive: true });
await writeFile(join(root, 'dist/cli.meta.json'), JSON.stringify(metafile));
