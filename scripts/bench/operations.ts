/** Warm calls of each operation, next to their floor. */
import { inLines, UsageError } from '../../test/program/command-line';
import { bundleOf } from '../build/functions';
import { table } from '../markdown-table';
import { compare, each, type Amount, type Comparison, type Side, type SideName, type Sides } from './compare';
import { buildFloors } from './floor-bundles';
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

/** CPU time of ours, divided by that of the floor with the AWS SDK, with one caller. */
const MAX_RATIO = 0.82;

/** What a call adds to the heap and to the log, in bytes. */
interface Traces {
  readonly allocated: number;
  readonly logged: number;
}

interface OperationFigures {
  readonly name: string;
  readonly traces: Sides<Traces>;
  readonly comparisons: readonly (Comparison & { readonly callers: number })[];
}

const ofEach = async <Of>(of: (side: SideName) => Promise<Of>): Promise<Sides<Of>> => ({
  ours: await of('ours'),
  sdk: await of('sdk'),
  lean: await of('lean'),
});

async function tracesOf(process: FunctionProcess, calls: number): Promise<Traces> {
  const before = process.log.bytes;
  const allocated = (await process.allocated(calls)) / calls;
  return { allocated, logged: (process.log.bytes - before) / calls };
}

/** @param bundles of the function and of its floors */
async function measureOperation(
  { name, call }: Pick<Measured, 'name' | 'call'>,
  bundles: Sides<string>,
  { node, quick }: { readonly node: string; readonly quick: boolean },
): Promise<OperationFigures> {
  const amount = AMOUNTS[quick ? 'quick' : 'full'];
  const processes = await ofEach((side) =>
    FunctionProcess.start({ node, bundle: bundles[side], calls: [call] }),
  );
  try {
    const comparisons = [];
    for (const callers of CALLERS) {
      comparisons.push({ callers, ...(await compare(processes, amount, callers)) });
    }
    const traces = await ofEach((side) => tracesOf(processes[side], amount.allocations));
    return { name, traces, comparisons };
  } finally {
    await ofEach((side) => processes[side].stop());
  }
}

const shown = ({ ours, sdk, lean }: Sides<number>, round: (value: number) => string): string =>
  [ours, sdk, lean].map(round).join(' / ');

const milliseconds = (value: number): string => value.toFixed(2);
const kibibytes = (value: number): string => (value / 1024).toFixed(value < 10_240 ? 1 : 0);

function report(figures: readonly OperationFigures[], settings: Settings): string {
  const rows = figures.flatMap(({ name, traces, comparisons }) =>
    comparisons.map(({ callers, sides, ratios: { sdk, lean } }) => {
      const of = (member: keyof Side) => each(sides, (side) => side[member]);
      return [
        name,
        String(callers),
        shown(of('cpu'), milliseconds),
        `${sdk.toFixed(2)} / ${lean.toFixed(2)}`,
        callers === 1 ? verdict(sdk, MAX_RATIO, settings) : '',
        shown(of('p50'), milliseconds),
        shown(of('p99'), milliseconds),
        shown(
          each(traces, ({ allocated }) => allocated),
          kibibytes,
        ),
        shown(of('transferred'), kibibytes),
        kibibytes(traces.ours.logged),
      ];
    }),
  );
  return table([
    [
      'operation',
      'callers',
      'CPU ms',
      'ratios',
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
  const floorOf = await buildFloors(folder);
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
    const bundles = { ours: bundleOf(group), sdk: floorOf(group, 'sdk'), lean: floorOf(group, 'lean') };
    figures.push(await measureOperation(measured, bundles, settings));
  }
  return report(figures, settings);
};
