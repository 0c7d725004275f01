/** Settings of `npm run test:kills`, from the command line. */
import { parseArgs } from 'node:util';
import { StartError } from '../../lib/local/start-error';
import type { Flow } from './flow';

/** A flow, as far as the settings select it. */
type Selectable = Pick<Flow, 'name' | 'nightly'>;

export interface Settings<Selected extends Selectable> {
  readonly flows: readonly Selected[];
  /** Whether to run each point that differs for a restarted process, in the flows that differ from each other. */
  readonly quick: boolean;
  /** Whether to write the counts of this run to the file of counts. */
  readonly update: boolean;
}

const OPTIONS = {
  quick: { type: 'boolean', default: false },
  update: { type: 'boolean', default: false },
  only: { type: 'string', default: '' },
} as const;

/**
 * @param args `--quick`, `--only TEXT` (flows whose names have it), `--update` (writes the counts)
 * @throws StartError
 */
export function parseSettings<Selected extends Selectable>(
  args: readonly string[],
  all: readonly Selected[],
): Settings<Selected> {
  const { quick, update, only } = optionsIn(args);
  const named = all.filter(({ name }) => name.includes(only));
  if (named.length === 0) {
    throw new StartError(`--only must be part of one of: ${all.map(({ name }) => name).join('; ')}.`);
  }
  const flows = named.filter(({ nightly }) => !(quick && nightly));
  if (flows.length === 0) throw new StartError('This flow is not part of a quick run. Omit --quick.');
  if (update && (quick || only !== '')) throw new StartError('--update needs all points of all flows.');
  return { flows, quick, update };
}

function optionsIn(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS }).values;
  } catch (error) {
    throw new StartError(error instanceof Error ? error.message : 'The options cannot be read.');
  }
}
