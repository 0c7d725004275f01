/** Settings of the run, from the command line. */
import { parseArgs } from 'node:util';
import { StartError } from '../../lib/local/start-error';
import { PARTS, PARTS_ON_REQUEST, USUAL_PARTS, type PartName } from './parts';

export interface Settings {
  readonly parts: readonly PartName[];
  /** Path of the Node.js binary that runs the functions. */
  readonly node: string;
  /** Texts that the names of the measured operations contain; empty for all operations. */
  readonly operations: readonly string[];
  /** The most grants in the table. */
  readonly grants: number;
  /** Whether a few calls suffice, to see that everything works. */
  readonly quick: boolean;
}

const MOST_GRANTS = 1_000_000;

const isPart = (name: string): name is PartName => Object.hasOwn(PARTS, name);

/**
 * @param args `--only PART`, or `--PART` for a part that is not usual; `--node BINARY`, `--operation TEXT`, `--grants N`
 *   (1,000,000), `--quick`
 * @throws StartError
 */
export function parseSettings(args: readonly string[]): Settings {
  const named = args.flatMap((arg) =>
    PARTS_ON_REQUEST.some((name) => arg === `--${name}`) ? ['--only', arg.slice(2)] : [arg],
  );
  const options = {
    only: { type: 'string', multiple: true, default: [] as string[] },
    node: { type: 'string', default: process.execPath },
    operation: { type: 'string', multiple: true, default: [] as string[] },
    grants: { type: 'string', default: String(MOST_GRANTS) },
    quick: { type: 'boolean', default: false },
  } as const;
  let values;
  try {
    ({ values } = parseArgs({ args: named, options }));
  } catch (error) {
    throw new StartError(error instanceof Error ? error.message : 'The options cannot be read.');
  }
  const { only, node, operation: operations, quick } = values;
  const parts = only.filter(isPart);
  if (parts.length < only.length) {
    throw new StartError(`--only must be one of ${Object.keys(PARTS).join(', ')}.`);
  }
  const grants = Number(values.grants);
  if (!Number.isInteger(grants) || grants < 1 || grants > MOST_GRANTS) {
    throw new StartError(`--grants must be a number from 1 to ${MOST_GRANTS}.`);
  }
  return { parts: parts.length > 0 ? parts : USUAL_PARTS, node, operations, grants, quick };
}
