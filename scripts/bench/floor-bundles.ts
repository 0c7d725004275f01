/** Builds the bundles of the floors as those of the functions are built. */
import { join } from 'node:path';
import { bundle } from '../build/bundle';
import { replaceFile } from '../build/stamp';

const SOURCES = join(__dirname, 'floor');
const COMPOSITION = join(__dirname, '../../lambda/functions/composition');

/** The functions that have a floor: those that an agent, a gate, or a resource waits for. */
const FLOOR_GROUPS = ['token-exchange', 'credential-retrieval', 'grants', 'oauth-callback'] as const;

export type FloorGroup = (typeof FLOOR_GROUPS)[number];

/** The AWS clients of a floor: those of the AWS SDK, and those of the functions. */
const CLIENTS = {
  sdk: ['sdk-clients', 'sdkClients'],
  lean: ['json-clients', 'jsonClients'],
} as const;

export type Floor = keyof typeof CLIENTS;

export const FLOORS = ['sdk', 'lean'] as const satisfies readonly Floor[];

const entryOf = (group: FloorGroup, [module, clients]: (typeof CLIENTS)[Floor]): string =>
  `import { connect } from ${JSON.stringify(join(SOURCES, 'aws'))};
import { ${clients} } from ${JSON.stringify(join(COMPOSITION, module))};
connect(${clients}());
export * from ${JSON.stringify(join(SOURCES, group))};
`;

/**
 * @param folder for the bundles
 * @returns the path of a bundle
 */
export async function buildFloors(folder: string): Promise<(group: FloorGroup, floor: Floor) => string> {
  for (const floor of FLOORS) {
    for (const group of FLOOR_GROUPS) {
      const entry = join(folder, `${floor}-${group}.ts`);
      await replaceFile(entry, entryOf(group, CLIENTS[floor]));
      const { files } = await bundle(entry, join(folder, floor, group));
      for (const { path, content } of files) await replaceFile(path, content);
    }
  }
  return (group, floor) => join(folder, floor, group, 'index.js');
}
