/**
 * `npm run build:functions`: builds the bundles of all Lambda functions in `dist/functions/<name>`. The library deploys
 * these files, so a CDK app that installs the package needs no bundler.
 *
 * A stamp records the inputs and the content of the bundles. If both are unchanged, nothing is built, so every command
 * that synthesizes can run this first.
 */
import { readdir, rm } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { version } from 'esbuild';
import { FUNCTION_GROUPS } from '../../lambda/operations/groups';
import type { FunctionName } from '../../lib/constructs/function-code';
import { BUNDLE_SETTINGS, bundle, merged } from './bundle';
import { isUnchanged, readStampFile, replaceFile, writeStampFile, type Stamp } from './stamp';

const ROOT = join(__dirname, '../..');

/** The folder of the bundles. The stamp and the metafile of esbuild, which lists the content of each bundle, are next to it. */
export const FUNCTIONS = join(ROOT, 'dist/functions');
export const METAFILE = join(ROOT, 'dist/functions.meta.json');
const STAMP = join(ROOT, 'dist/functions.stamp.json');

/** The names of the composition roots in lambda/functions. */
const NAMES: readonly string[] = [
  ...FUNCTION_GROUPS,
  'audit-digest',
  'deployed-resources',
  'gate',
  'authorizer',
  'gateway',
  'gateway-authorizer',
] satisfies FunctionName[];

/** The inputs of the bundles other than their source files. */
const SETTINGS = JSON.stringify([version, NAMES, BUNDLE_SETTINGS]);

export const readStamp = (): Promise<Partial<Stamp>> => readStampFile(STAMP);

/** Returns whether the bundles are current: built from the same files, with the same settings. */
export const isCurrent = (stamp: Partial<Stamp>): Promise<boolean> => isUnchanged(stamp, SETTINGS);

/** Removes the files and folders of earlier builds. */
async function removeOthers(current: readonly string[]): Promise<void> {
  const isNeeded = (path: string) =>
    current.some((file) => file === path || file.startsWith(`${path}${sep}`));
  for (const path of await readdir(FUNCTIONS, { recursive: true })) {
    if (!isNeeded(join(FUNCTIONS, path))) await rm(join(FUNCTIONS, path), { recursive: true, force: true });
  }
}

/** Builds the bundles unless they are current. */
export async function buildFunctions(): Promise<void> {
  if (await isCurrent(await readStamp())) return;
  const bundles = await Promise.all(
    NAMES.map((name) => bundle(join(ROOT, `lambda/functions/${name}.ts`), join(FUNCTIONS, name))),
  );
  const files = bundles.flatMap(({ files }) => files);
  for (const { path, content } of files) await replaceFile(path, content);
  const written = files.map(({ path }) => path);
  await removeOthers(written);
  const metafile = merged(bundles.map(({ metafile }) => metafile));
  await replaceFile(METAFILE, JSON.stringify(metafile));
  const outputs = written.map((path) => relative(ROOT, path).replaceAll('\\', '/'));
  await writeStampFile(STAMP, SETTINGS, [...Object.keys(metafile.inputs), ...outputs]);
}

/** Returns the path of a function's bundle. */
export const bundleOf = (name: FunctionName): string => join(FUNCTIONS, name, 'index.js');

if (require.main === module) {
  buildFunctions().catch((error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exitCode = 1;
  });
}
