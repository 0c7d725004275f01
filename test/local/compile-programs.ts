/**
 * Compiles the programs `npm start` and `agent-identity` as the package of the command does. They start in half the time,
 * because they do not compile TypeScript and load few files.
 */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { build, version, type BuildOptions } from 'esbuild';
import { isUnchanged, readStampFile, replaceFile, writeStampFile } from '../../scripts/build/stamp';
import { COMPILED } from './program';

const ROOT = join(__dirname, '../..');
const STAMP = `${COMPILED}.stamp.json`;

const OPTIONS = {
  // Each program loads the others when it needs them, by their relative paths. The functions are loaded last, when their
  // environment is set.
  entryPoints: [
    { in: 'bin/local.ts', out: 'lib/local/npm-start' },
    { in: 'bin/agent-identity.ts', out: 'bin/agent-identity' },
    { in: 'lib/cli/bundle/aws-clients.cjs', out: 'lib/cli/aws' },
    { in: 'lib/cli/bundle/s3.cjs', out: 'lib/cli/s3' },
    { in: 'lib/cli/bundle/cedar.cjs', out: 'lib/cli/cedar' },
    { in: 'lib/local/serve.ts', out: 'lib/local/serve' },
    { in: 'examples/local/start.ts', out: 'examples/local/start' },
    { in: 'test/kills/service.ts', out: 'lib/local/killed-service' },
    { in: 'lib/cli/bundle/functions.cjs', out: 'lib/local/handlers' },
    { in: 'lib/cli/bundle/agent-endpoint.cjs', out: 'lambda/functions/composition/agent-endpoint' },
  ],
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'cjs',
  mainFields: ['module', 'main'],
  // LevelDB is a native addon.
  external: ['dynalite', 'dynalite/db'],
  minify: true,
  keepNames: true,
  metafile: true,
  logLevel: 'warning',
} satisfies BuildOptions;

const SETTINGS = JSON.stringify([version, OPTIONS]);

/** Compiles the programs unless they are those of this code. */
export async function compilePrograms(): Promise<void> {
  if (await isUnchanged(await readStampFile(STAMP), SETTINGS)) return;
  const { outputFiles, metafile } = await build({
    ...OPTIONS,
    absWorkingDir: ROOT,
    outdir: COMPILED,
    write: false,
  });
  for (const { path, contents } of outputFiles) await replaceFile(path, contents);
  // Cedar reads its WebAssembly from the folder of the program that contains it.
  const module = join(dirname(require.resolve('@cedar-policy/cedar-wasm/nodejs')), 'cedar_wasm_bg.wasm');
  await replaceFile(join(COMPILED, 'lib/local/cedar_wasm_bg.wasm'), await readFile(module));
  await writeStampFile(STAMP, SETTINGS, [metafile.inputs, metafile.outputs].flatMap(Object.keys));
}
