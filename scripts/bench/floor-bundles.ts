/** Builds the bundles of the floor as those of the functions are built. */
import { join } from 'node:path';
import { bundle } from '../build/bundle';
import { replaceFile } from '../build/stamp';

const SOURCES = join(__dirname, 'floor');

/** The functions that have a floor: those that an agent, a gate, or a resource waits for. */
const FLOOR_GROUPS = ['token-exchange', 'credential-retrieval', 'grants', 'oauth-callback'] as const;

export type FloorGroup = (typeof FLOOR_GROUPS)[number];

/**
 * @param folder for the bundles
 * @returns the path of a group's bundle
 */
export async function buildFloor(folder: string): Promise<(group: FloorGroup) => string> {
  for (const group of FLOOR_GROUPS) {
    const { files } = await bundle(join(SOURCES, `${group}.ts`), join(folder, group));
    for (const { path, content } of files) await replaceFile(path, content);
  }
  return (group) => join(folder, group, 'index.js');
}
