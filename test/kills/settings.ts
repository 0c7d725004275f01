/** Settings of `npm run test:kills`, from the command line. */
import { optionsFrom, UsageError } from '../program/command-line';
import type { Flow } from './flow';

/** A flow, as far as the settings select it. */
type Selectable = Pick<Flow, 'name' | 'omittedFromQuick'>;

export interface Settings<Selected extends Selectable> {
  readonly flows: readonly Selected[];
  /** Whether to run each point that differs for a restarted process, in the flows that differ from each other. */
  readonly quick: boolean;
  /** Whether to write the counts of this run to the file of counts. */
  readonly update: boolean;
}

const USAGE = {
  command: 'npm run test:kills',
  about: 'Kills the service at each write of each flow, and checks that a new process continues.',
};

const OPTIONS = {
  quick: { type: 'boolean', default: false, about: 'the points and flows that differ from each other' },
  only: { type: 'string', value: 'TEXT', default: '', about: 'flows whose names contain the text' },
  update: {
    type: 'boolean',
    default: false,
    about: 'write the counts, and their table in docs/engineering/faults.md',
  },
} as const;

/** @throws UsageError, HelpRequested */
export function parseSettings<Selected extends Selectable>(
  args: readonly string[],
  all: readonly Selected[],
): Settings<Selected> {
  const { quick, update, only } = optionsFrom(USAGE, args, OPTIONS);
  const named = all.filter(({ name }) => name.includes(only));
  if (named.length === 0) {
    throw new UsageError(`--only must be part of one of: ${all.map(({ name }) => name).join('; ')}.`);
  }
  const flows = named.filter(({ omittedFromQuick }) => !(quick && omittedFromQuick));
  if (flows.length === 0) throw new UsageError('This flow is not part of a quick run. Omit --quick.');
  if (update && (quick || only !== '')) throw new UsageError('--update needs all points of all flows.');
  return { flows, quick, update };
}
