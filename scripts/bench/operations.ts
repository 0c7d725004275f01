/** Warm calls of each operation, next to their floor. */
import { inLines, UsageError } from '../../test/program/command-line';
import { bundleOf } from '../build/functions';
import { table } from '../markdown-table';
import { type Amount, compare, type Comparison, type Sides, type SIDES } from './compare';
import { buildFloor } from './floor-bundles';
import { FunctionProcess } from './function-process';
import type { Part } from './part';
import type { Measured } from './stage';
import type { Settings } from './settings';
import { verdict } from './verdict';

const CALLERS = [1, 64] as const;

const AMOUNTS = {
  full: { batches: 16, calls: 64, warmUp: 300, allocations: 200 },
  quick: { batches: 2, calls: 2, warmUp: 2, allocations: 2 },
} as const satisfies Record<string, Amount & { allocations: number }>;

/** CPU time of ours, divided by that of the floor, with one caller: the most that each function may have. */
const MAX_RATIO = { 'token-exchange': 1.2, 'credential-retrieval': 1.25 } as const;

/** What a call adds to the heap and to the log, in bytes. */
interface Traces {
  readonly allocated: number;
  readonly logged: number;
}

interface OperationFigures {
  readonly name: string;
  readonly maxRatio: number;
  readonly traces: Sides<Traces>;
  readonly comparisons: readonly (Comparison & { readonly callers: number })[];
}

const both = async <Of>(of: (side: (typeof SIDES)[number]) => Promise<Of>): Promise<Sides<Of>> => ({
  ours: await of('ours'),
  floor: await of('floor'),
});

async function tracesOf(process: FunctionProcess, calls: number): Promise<Traces> {
  const before = process.logged;
  const allocated = (await process.allocated(calls)) / calls;
  return { allocated, logged: (process.logged - before) / calls };
}

/** @param bundles of the function and of its floor */
async function measureOperation(
  { name, group, call }: Measured,
  bundles: Sides<string>,
  { node, quick }: { readonly node: string; readonly quick: boolean },
): Promise<OperationFigures> {
  const amount = AMOUNTS[quick ? 'quick' : 'full'];
  const processes = await both((side) =>
    FunctionProcess.start({ node, bundle: bundles[side], calls: [call] }),
  );
  try {
    const comparisons = [];
    for (const callers of CALLERS) {
      comparisons.push({ callers, ...(await compare(processes, amount, callers)) });
    }
    const traces = await both((side) => tracesOf(processes[side], amount.allocations));
    return { name, maxRatio: MAX_RATIO[group], traces, comparisons };
  } finally {
    await both((side) => processes[side].stop());
  }
}

const pair = ({ ours, floor }: Sides<number>, round: (value: number) => string): string =>
  `${round(ours)} / ${round(floor)}`;

const milliseconds = (value: number): string => value.toFixed(2);
const kibibytes = (value: number): string => (value / 1024).toFixed(value < 10_240 ? 1 : 0);

function report(figures: readonly OperationFigures[], settings: Settings): string {
  const rows = figures.flatMap(({ name, maxRatio, traces, comparisons }) =>
    comparisons.map(({ callers, ours, floor, ratio }) => {
      const of = (member: 'cpu' | 'p50' | 'p99' | 'transferred') => ({
        ours: ours[member],
        floor: floor[member],
      });
      return [
        name,
        String(callers),
        pair(of('cpu'), milliseconds),
        ratio.toFixed(2),
        callers === 1 ? verdict(ratio, maxRatio, settings) : '',
        pair(of('p50'), milliseconds),
        pair(of('p99'), milliseconds),
        pair({ ours: traces.ours.allocated, floor: traces.floor.allocated }, kibibytes),
        pair(of('transferred'), kibibytes),
        pair({ ours: traces.ours.logged, floor: traces.floor.logged }, kibibytes),
      ];
    }),
  );
  return table([
    [
      'operation',
      'callers',
      'CPU ms',
      'ratio',
      'target',
      'p50 ms',
      'p99 ms',
      'KiB allocated',
      'KiB to and from AWS',
      'KiB logged',
    ],
    ...rows,
  ]);
}

export const operations: Part = async ({ stage, settings, folder }) => {
  const floorOf = await buildFloor(folder);
  const chosen = stage.measured.filter(
    ({ name }) => settings.operations.length === 0 || settings.operations.some((text) => name.includes(text)),
  );
  if (chosen.length === 0) {
    throw new UsageError(
      `--operation must be in the name of a measured operation. These are measured:${inLines(stage.measured.map(({ name }) => name))}`,
    );
  }
  const figures = [];
  for (const measured of chosen) {
    const { group } = measured;
    figures.push(
      await measureOperation(measured, { ours: bundleOf(group), floor: floorOf(group) }, settings),
    );
  }
  return report(figures, settings);
};
