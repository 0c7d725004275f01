/** Builds the bundles of the floor with the options of the functions' bundles. */
import { join } from 'node:path';
import { build } from 'esbuild';
import { BUNDLE_OPTIONS } from '../build/functions';

const SOURCES = join(__dirname, 'floor');

/** The functions that have a floor: those that an agent, a gate, or a resource waits for. */
export const FLOOR_GROUPS = ['token-exchange', 'credential-retrieval', 'grants', 'oauth-callback'] as const;

export type FloorGroup = (typeof FLOOR_GROUPS)[number];

/**
 * @param folder for the bundles
 * @returns the path of a group's bundle
 */
export async function buildFloor(folder: string): Promise<(group: FloorGroup) => string> {
  const entryPoints = FLOOR_GROUPS.map((group) => ({ in: join(SOURCES, `${group}.ts`), out: group }));
  await build({ ...BUNDLE_OPTIONS, entryPoints, outdir: folder });
  return (group) => join(folder, `${group}.js`);
}
