/** Settings of the run, from the command line. */
import { countOf, inLines, optionsFrom, UsageError } from '../../test/program/command-line';
import { checkNode } from './node-binary';
import { PARTS, PART_NAMES, type PartName } from './parts';

export interface Settings {
  readonly parts: readonly PartName[];
  /** Path of the Node.js binary that runs the functions. */
  readonly node: string;
  /** Texts that the names of the measured operations contain; empty for all operations. */
  readonly operations: readonly string[];
  /** Calls over which the memory of the gateway is measured. */
  readonly calls: number;
  /** Whether a few calls suffice, to see that everything works. */
  readonly quick: boolean;
}

const isPart = (name: string): name is PartName => Object.hasOwn(PARTS, name);

const USAGE = {
  command: 'npm run bench',
  about: `Measures ${PART_NAMES.join(', ')}, and writes docs/engineering/performance.md. As the first option, --peers compares other services instead, and --check compares counts with the committed ones.`,
};

const OPTIONS = {
  only: {
    type: 'string',
    value: 'PART',
    multiple: true,
    default: [] as string[],
    about: `one of ${PART_NAMES.join(', ')}; can be repeated`,
  },
  node: {
    type: 'string',
    value: 'BINARY',
    about: 'the Node.js that runs the functions, instead of the one of the benchmark',
  },
  operation: {
    type: 'string',
    value: 'TEXT',
    multiple: true,
    default: [] as string[],
    about: 'operations whose names contain the text, and no other part, without writing; can be repeated',
  },
  calls: {
    type: 'string',
    value: 'NUMBER',
    default: '2000',
    about: 'calls over which the memory of the gateway is measured',
  },
  quick: {
    type: 'boolean',
    default: false,
    about: 'a few calls, without writing and without evaluating the targets',
  },
} as const;

/** @throws UsageError, HelpRequested */
export function parseSettings(args: readonly string[]): Settings {
  const other = ['--peers', '--check'].find((option) => args.includes(option));
  if (other !== undefined) {
    throw new UsageError(
      `${other} must be the first option, because it has its own options: npm run bench -- ${other} --help lists them.`,
    );
  }
  const values = optionsFrom(USAGE, args, OPTIONS);
  const { only, node = process.execPath, operation: operations, quick } = values;
  const unknown = only.find((name) => !isPart(name));
  if (unknown !== undefined) {
    throw new UsageError(
      `--only "${unknown}" is no part of the benchmark. The parts are:${inLines(PART_NAMES)}`,
    );
  }
  checkNode(node);
  const parts = only.filter(isPart);
  const usual: readonly PartName[] = operations.length > 0 ? ['operations'] : PART_NAMES;
  const calls = countOf('calls', values.calls, [1, 1_000_000]);
  return { parts: parts.length > 0 ? parts : usual, node, operations, calls, quick };
}
