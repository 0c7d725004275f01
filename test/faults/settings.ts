/** Settings of `npm run test:faults`, from the command line. */
import { optionsFrom, UsageError } from '../program/command-line';
import { PARTS, type Part } from './scenario';

/** An operation, as far as the settings select it. */
interface Selectable {
  readonly title: string;
  readonly part: Part;
}

export interface Settings<Selected extends Selectable> {
  readonly operations: readonly Selected[];
  /** Whether to perform only the part that every change must pass (selection.ts). */
  readonly quick: boolean;
  /** Text in the names of the calls that have faults. */
  readonly at: string;
  /** Whether to count the faults, and perform none. */
  readonly count: boolean;
  /** Whether to write the counts of this run. */
  readonly update: boolean;
  /** Whether the counts of this run are those of all calls of all operations. */
  readonly whole: boolean;
}

const USAGE = {
  command: 'npm run test:faults',
  about: 'Has every dependency fail at every call of every operation, and checks what follows.',
};

const OPTIONS = {
  quick: { type: 'boolean', default: false, about: 'the part that every change must pass' },
  only: { type: 'string', value: 'TEXT', default: '', about: 'operations whose titles contain the text' },
  part: { type: 'string', value: 'NAME', about: `operations of one part: ${PARTS.join(', ')}` },
  at: { type: 'string', value: 'TEXT', default: '', about: 'calls whose names contain the text' },
  count: { type: 'boolean', default: false, about: 'count the faults, and perform none' },
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
  const { quick, only, part, at, count, update } = optionsFrom(USAGE, args, OPTIONS);
  const ofPart = all.filter((operation) => part === undefined || operation.part === part);
  if (ofPart.length === 0) throw new UsageError(`--part must be one of: ${PARTS.join(', ')}.`);
  const operations = ofPart.filter(({ title }) => title.includes(only));
  if (operations.length === 0) {
    throw new UsageError(`--only must be part of one of: ${ofPart.map(({ title }) => title).join('; ')}.`);
  }
  const whole = at === '' && operations.length === all.length;
  if (update && !whole) throw new UsageError('--update needs all calls of all operations.');
  return { operations, quick, at, count, update, whole };
}
