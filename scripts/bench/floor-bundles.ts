/** Builds the bundles of the floor with the options of the functions' bundles. */
import { join } from 'node:path';
import { build } from 'esbuild';
import { BUNDLE_OPTIONS } from '../build/functions';
import type { Measured } from './stage';

const SOURCES = join(__dirname, 'floor');

/**
 * @param folder for the bundles
 * @returns the path of a group's bundle
 */
export async function buildFloor(folder: string): Promise<(group: Measured['group']) => string> {
  const entryPoints = (['token-exchange', 'credential-retrieval'] satisfies Measured['group'][]).map(
    (group) => ({ in: join(SOURCES, `${group}.ts`), out: group }),
  );
  await build({ ...BUNDLE_OPTIONS, entryPoints, outdir: folder });
  return (group) => join(folder, `${group}.js`);
}
