/**
 * `npm run build:functions`: the bundles of all Lambda functions, `dist/functions/<name>/index.js`. The library deploys
 * these files, so a CDK app that installs the package needs no bundler.
 *
 * A stamp records what the bundles were made from and what they are. When both are unchanged, nothing is built; so every
 * command that synthesizes can run this first.
 */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { build, version, type BuildOptions, type Metafile, type OutputFile } from 'esbuild';
import { FUNCTION_GROUPS } from '../../lambda/contract/operations';
import type { FunctionName } from '../../lib/constructs/function-code';

const ROOT = join(__dirname, '../..');

/** The folder of the bundles. The stamp and the metafile of esbuild, which lists the content of each bundle, are next to it. */
export const FUNCTIONS = join(ROOT, 'dist/functions');
export const METAFILE = join(ROOT, 'dist/functions.meta.json');
const STAMP = join(ROOT, 'dist/functions.stamp.json');

/** Of the composition roots in lambda/handlers. */
const NAMES: readonly string[] = [
  ...FUNCTION_GROUPS,
  'deployed-resources',
  'gate',
  'authorizer',
] satisfies FunctionName[];

const OPTIONS = {
  absWorkingDir: ROOT,
  outdir: FUNCTIONS,
  bundle: true,
  platform: 'node',
  target: 'node24',
  // A CommonJS bundle loads faster than an ES module. Packages are taken by their ES entry points, since
  // only those are tree-shaken: with them a bundle is a third smaller and loads in three fifths of the time.
  format: 'cjs',
  mainFields: ['module', 'main'],
  minify: true,
  sourcemap: true,
  sourcesContent: false,
  // The SDK inside: the runtime's own changes without notice, and loads slower.
  external: [],
  metafile: true,
  logLevel: 'warning',
} satisfies BuildOptions;

/** The inputs of the bundles other than their source files. */
const SETTINGS = JSON.stringify([version, NAMES, { ...OPTIONS, absWorkingDir: '', outdir: '' }]);

interface Stamp {
  readonly settings: string;
  /** SHA-256 of each file that was read or written, by its path in the project. */
  readonly files: Readonly<Record<string, string>>;
}

const digestOf = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');

/** Returns what the stamp says of a file now; an empty text for a file that is missing. */
const digestOfFile = async (path: string): Promise<string> =>
  digestOf(await readFile(join(ROOT, path)).catch(() => ''));

export const readStamp = async (): Promise<Partial<Stamp>> =>
  JSON.parse(await readFile(STAMP, 'utf8').catch(() => '{}')) as Partial<Stamp>;

/** Returns whether esbuild would build the bundles that are there: from the same files, with the same settings. */
export async function isCurrent({ settings, files = {} }: Partial<Stamp>): Promise<boolean> {
  if (settings !== SETTINGS) return false;
  const current = await Promise.all(
    Object.entries(files).map(async ([path, digest]) => (await digestOfFile(path)) === digest),
  );
  return current.every(Boolean);
}

/**
 * Returns a source map whose sources are named from the project's root: the same wherever the project is, since the
 * hash of a bundle's folder covers its map.
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

/** Writes a file in one step, so that a process that synthesizes at the same time reads the old one or the new one. */
async function replace(path: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const written = `${path}.${process.pid}`;
  await writeFile(written, content);
  await rename(written, path);
}

const contentOf = ({ path, text, contents }: OutputFile): string | Uint8Array =>
  path.endsWith('.map') ? withoutFolders(text, dirname(path)) : contents;

async function bundle(): Promise<Metafile> {
  const entryPoints = NAMES.map((name) => ({ in: `lambda/handlers/${name}.ts`, out: `${name}/index` }));
  const { outputFiles, metafile } = await build({ ...OPTIONS, entryPoints, write: false });
  for (const file of outputFiles) await replace(file.path, contentOf(file));
  const obsolete = (await readdir(FUNCTIONS)).filter((name) => !NAMES.includes(name));
  await Promise.all(obsolete.map((name) => rm(join(FUNCTIONS, name), { recursive: true })));
  return metafile;
}

/** Builds the bundles unless those that are there have been made from the very same files. */
export async function buildFunctions(): Promise<void> {
  if (await isCurrent(await readStamp())) return;
  const metafile = await bundle();
  const paths = ['inputs', 'outputs'] as const;
  const files = paths.flatMap((part) => Object.keys(metafile[part]));
  const digests = await Promise.all(files.map(async (path) => [path, await digestOfFile(path)] as const));
  await replace(METAFILE, JSON.stringify(metafile));
  await replace(
    STAMP,
    JSON.stringify({ settings: SETTINGS, files: Object.fromEntries(digests) } satisfies Stamp),
  );
}

/** Returns the path of a function's bundle. */
export const bundleOf = (name: FunctionName): string => join(FUNCTIONS, name, 'index.js');

if (require.main === module) {
  buildFunctions().catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exitCode = 1;
  });
}
