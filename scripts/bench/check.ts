/**
 * `npm run bench -- --check`: counts what a call of each operation costs, without a clock, and compares it with counts.json.
 * The bytes of what a start loads have budgets (scripts/build/budgets.json), and the requests of a first call are in
 * test/faults/counts.json.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { optionsFrom, UsageError } from '../../test/program/command-line';
import { bundleOf } from '../build/functions';
import { FunctionProcess } from './function-process';
import { checkNode, versionOf } from './node-binary';
import type { Measured, Stage } from './stage';

const FILE = join(__dirname, 'counts.json');

/** Calls before the measurement, and in each measurement. */
const CALLS = 100;

/** Without its optimizing compilers, V8 allocates the same in each run. */
const SAME_ALLOCATIONS = ['--no-opt', '--no-maglev'];

/** What a figure can exceed the committed one by: patch releases of Node.js, and lengths of numbers in log lines. */
const TOLERANCES = {
  'requests to AWS': 0,
  'bytes to and from AWS': 0.02,
  'log lines': 0,
  'bytes logged': 0.02,
  'bytes allocated': 0.05,
  'modules of Node.js loaded with the first call': 0.02,
  'bytes of bundles loaded with the first call': 0.02,
} as const;

export type Figures = Readonly<Record<keyof typeof TOLERANCES, number>>;

interface Counts {
  /** The figures depend on it. */
  readonly node: string;
  readonly operations: Readonly<Record<string, Figures>>;
}

interface CheckSettings {
  readonly node: string;
  readonly update: boolean;
}

const USAGE = {
  command: 'npm run bench -- --check',
  about:
    'Counts requests, bytes, log lines, and allocations of calls, and compares them with the committed counts.',
};

const OPTIONS = {
  node: {
    type: 'string',
    value: 'BINARY',
    about: 'the Node.js that runs the functions, instead of the one of the benchmark',
  },
  update: { type: 'boolean', default: false, about: 'writes the counts' },
} as const;

/** @throws UsageError, HelpRequested */
export function parseCheck(args: readonly string[]): CheckSettings {
  const { node = process.execPath, update } = optionsFrom(USAGE, args, OPTIONS);
  checkNode(node);
  return { node, update };
}

const perCall = (sum: number): number => Math.round(sum / CALLS);

async function figuresOf({ group, call }: Measured, node: string): Promise<Figures> {
  const started = await FunctionProcess.start({
    node,
    bundle: bundleOf(group),
    calls: [call],
    flags: SAME_ALLOCATIONS,
  });
  await started.run(1);
  const { modules, bytes } = await started.loaded();
  await started.run(CALLS - 1);
  const { transferred } = await started.run(CALLS);
  const requests = await started.requested(CALLS);
  const allocated = await started.allocated(CALLS);
  await started.stop();
  const { lines, bytes: logged } = started.log;
  return {
    'requests to AWS': perCall(requests.length),
    'bytes to and from AWS': perCall(transferred),
    'log lines': perCall(lines / 4),
    'bytes logged': perCall(logged / 4),
    'bytes allocated': perCall(allocated),
    'modules of Node.js loaded with the first call': modules,
    'bytes of bundles loaded with the first call': bytes,
  };
}

const figure = (number: number): string => number.toLocaleString('en-US');

/** Returns a sentence for each figure that is larger than the committed one. */
export function regressions(operation: string, found: Figures, committed: Figures | undefined): string[] {
  if (!committed) return [`${operation} has no committed counts.`];
  const names = Object.keys(TOLERANCES) as (keyof Figures)[];
  return names
    .filter((name) => !(found[name] <= committed[name] * (1 + TOLERANCES[name])))
    .map((name) => `${operation}: ${figure(found[name])} ${name}, not ${figure(committed[name])}.`);
}

const majorOf = (version: string): string => version.split('.')[0] ?? '';

/**
 * @returns the number of operations that cost more than before
 * @throws UsageError for another major version of Node.js than that of the counts
 */
export async function checkCounts({ measured }: Stage, { node, update }: CheckSettings): Promise<number> {
  const version = versionOf(node);
  const committed = JSON.parse(readFileSync(FILE, 'utf8')) as Counts;
  if (!update && majorOf(version) !== majorOf(committed.node)) {
    throw new UsageError(
      `The counts are those of Node.js ${committed.node}: set --node to such a binary, in place of ${version}.`,
    );
  }
  const operations: Record<string, Figures> = {};
  for (const each of measured) operations[each.name] = await figuresOf(each, node);
  if (update) {
    writeFileSync(FILE, `${JSON.stringify({ node: version, operations }, null, 2)}\n`);
    return 0;
  }
  const faults = Object.entries(operations).map(([name, found]) =>
    regressions(name, found, committed.operations[name]),
  );
  const failed = faults.filter(({ length }) => length > 0).length;
  for (const sentence of faults.flat()) process.stdout.write(`${sentence}\n`);
  if (failed > 0) {
    process.stdout.write(
      'Find what the change adds, and remove it. If it is worth its cost, run `npm run bench -- --check --update`, with the same --node, and say why in the commit.\n',
    );
  }
  process.stdout.write(`${faults.length - failed} passed, ${failed} failed, 0 skipped\n`);
  return failed;
}
