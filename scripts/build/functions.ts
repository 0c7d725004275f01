/**
 * `npm run build:functions`: builds the bundles of all Lambda functions, `dist/functions/<name>/index.js`. The library deploys
 * these files, so a CDK app that installs the package needs no bundler.
 *
 * A stamp records the inputs and the content of the bundles. If both are unchanged, nothing is built, so every command
 * that synthesizes can run this first.
 */
import { readdir, rm } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { build, version, type BuildOptions, type Metafile, type OutputFile } from 'esbuild';
import { FUNCTION_GROUPS } from '../../lambda/contract/operations';
import type { FunctionName } from '../../lib/constructs/function-code';
import { isUnchanged, readStampFile, replaceFile, writeStampFile, type Stamp } from './stamp';

const ROOT = join(__dirname, '../..');

/** The folder of the bundles. The stamp and the metafile of esbuild, which lists the content of each bundle, are next to it. */
export const FUNCTIONS = join(ROOT, 'dist/functions');
export const METAFILE = join(ROOT, 'dist/functions.meta.json');
const STAMP = join(ROOT, 'dist/functions.stamp.json');

/** The names of the composition roots in lambda/handlers. */
const NAMES: readonly string[] = [
  ...FUNCTION_GROUPS,
  'audit-digest',
  'deployed-resources',
  'gate',
  'authorizer',
] satisfies FunctionName[];

/** How each bundle is built. */
export const BUNDLE_OPTIONS = {
  absWorkingDir: ROOT,
  bundle: true,
  platform: 'node',
  target: 'node24',
  // A CommonJS bundle loads faster than an ES module. The bundle uses the ES entry points of packages, because
  // esbuild tree-shakes only these: the bundle is a third smaller and loads in three fifths of the time.
  format: 'cjs',
  mainFields: ['module', 'main'],
  minify: true,
  sourcemap: true,
  sourcesContent: false,
  // Bundle the SDK: the SDK of the runtime changes without notice, and loads more slowly.
  external: [],
  metafile: true,
  logLevel: 'warning',
} satisfies BuildOptions;

const OPTIONS = { ...BUNDLE_OPTIONS, outdir: FUNCTIONS };

/** The inputs of the bundles other than their source files. */
const SETTINGS = JSON.stringify([version, NAMES, { ...OPTIONS, absWorkingDir: '', outdir: '' }]);

export const readStamp = (): Promise<Partial<Stamp>> => readStampFile(STAMP);

/** Returns whether the bundles are current: built from the same files, with the same settings. */
export const isCurrent = (stamp: Partial<Stamp>): Promise<boolean> => isUnchanged(stamp, SETTINGS);

/**
 * Returns a source map with source paths relative to the project root. The hash of a bundle's folder includes the map, so
 * the map must not depend on the location of the project.
 */
function withoutFolders(map: string, folder: string): string {
  const parsed = JSON.parse(map) as { sources: string[] };
  const sources = parsed.sources.map((source) => {
    const path = relative(ROOT, resolve(folder, source)).replaceAll('\\', '/');
    // A package can be installed outside the project, in a folder that several projects share.
    return path.startsWith('../') ? path.slice(path.lastIndexOf('node_modules/')) : path;
  });
  return JSON.stringify({ ...parsed, sources });
}

const contentOf = ({ path, text, contents }: OutputFile): string | Uint8Array =>
  path.endsWith('.map') ? withoutFolders(text, dirname(path)) : contents;

async function bundle(): Promise<Metafile> {
  const entryPoints = NAMES.map((name) => ({ in: `lambda/handlers/${name}.ts`, out: `${name}/index` }));
  const { outputFiles, metafile } = await build({ ...OPTIONS, entryPoints, write: false });
  for (const file of outputFiles) await replaceFile(file.path, contentOf(file));
  const obsolete = (await readdir(FUNCTIONS)).filter((name) => !NAMES.includes(name));
  await Promise.all(obsolete.map((name) => rm(join(FUNCTIONS, name), { recursive: true })));
  return metafile;
}

/** Builds the bundles unless they are current. */
export async function buildFunctions(): Promise<void> {
  if (await isCurrent(await readStamp())) return;
  const metafile = await bundle();
  await replaceFile(METAFILE, JSON.stringify(metafile));
  await writeStampFile(STAMP, SETTINGS, metafile);
}

/** Returns the path of a function's bundle. */
export const bundleOf = (name: FunctionName): string => join(FUNCTIONS, name, 'index.js');

if (require.main === module) {
  buildFunctions().catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exitCode = 1;
  });
}
