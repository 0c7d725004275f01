/** Settings of the run, from the command line. */
import { parseArgs } from 'node:util';
import { StartError } from '../../lib/local/start-error';
import { PARTS, type PartName } from './parts';

export interface Settings {
  readonly parts: readonly PartName[];
  /** Path of the Node.js binary that runs the functions. */
  readonly node: string;
  /** Texts that the names of the measured operations contain; empty for all operations. */
  readonly operations: readonly string[];
  /** Whether a few calls suffice, to see that everything works. */
  readonly quick: boolean;
}

const isPart = (name: string): name is PartName => Object.hasOwn(PARTS, name);

/**
 * @param args `--only PART`, `--node BINARY`, `--operation TEXT`, `--quick`
 * @throws StartError
 */
export function parseSettings(args: readonly string[]): Settings {
  const options = {
    only: { type: 'string', multiple: true, default: Object.keys(PARTS) },
    node: { type: 'string', default: process.execPath },
    operation: { type: 'string', multiple: true, default: [] as string[] },
    quick: { type: 'boolean', default: false },
  } as const;
  let values;
  try {
    ({ values } = parseArgs({ args: [...args], options }));
  } catch (error) {
    throw new StartError(error instanceof Error ? error.message : 'The options cannot be read.');
  }
  const { only, node, operation, quick } = values;
  const parts = only.filter(isPart);
  if (parts.length < only.length) {
    throw new StartError(`--only must be one of ${Object.keys(PARTS).join(', ')}.`);
  }
  return { parts, node, operations: operation, quick };
}
