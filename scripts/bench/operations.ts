/** Warm calls of each operation, next to their floor. */
import { inLines, UsageError } from '../../test/program/command-line';
import { bundleOf } from '../build/functions';
import { table } from '../markdown-table';
import {
  comparisonOf,
  each,
  runInTurn,
  type Amount,
  type Comparison,
  type Round,
  type Side,
  type SideName,
  type Sides,
} from './compare';
import { buildFloors } from './floor-bundles';
import { FunctionProcess } from './function-process';
import type { Part } from './part';
import type { Measured } from './stage';
import type { Settings } from './settings';
import { median } from './statistics';
import { verdict } from './verdict';

const CALLERS = [1, 64] as const;

type Callers = (typeof CALLERS)[number];

interface Amounts {
  /** Of each side, one after another: each has its own warm-up. */
  readonly processes: number;
  /** Calls before the measurement. */
  readonly warmUp: number;
  /** By the number of parallel callers. */
  readonly callers: Readonly<Record<Callers, Amount>>;
  /** Calls whose allocations are counted. */
  readonly allocations: number;
}

const AMOUNTS = {
  full: {
    processes: 5,
    warmUp: 300,
    callers: { 1: { batches: 6, calls: 50 }, 64: { batches: 2, calls: 64 } },
    allocations: 50,
  },
  quick: {
    processes: 1,
    warmUp: 2,
    callers: { 1: { batches: 2, calls: 2 }, 64: { batches: 2, calls: 2 } },
    allocations: 2,
  },
} as const satisfies Record<string, Amounts>;

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

/** What one process of each side measures. */
interface Measurement {
  readonly rounds: Readonly<Record<Callers, Round>>;
  readonly traces: Sides<Traces>;
}

/** @param bundles of the function and of its floors */
async function measureOnce(
  { call }: Pick<Measured, 'call'>,
  bundles: Sides<string>,
  node: string,
  { warmUp, callers, allocations }: Amounts,
): Promise<Measurement> {
  const processes = await ofEach((side) =>
    FunctionProcess.start({ node, bundle: bundles[side], calls: [call] }),
  );
  try {
    await ofEach((side) => processes[side].run(warmUp));
    const rounds = {
      1: await runInTurn(processes, callers[1], 1),
      64: await runInTurn(processes, callers[64], 64),
    };
    return { rounds, traces: await ofEach((side) => tracesOf(processes[side], allocations)) };
  } finally {
    await ofEach((side) => processes[side].stop());
  }
}

async function measureOperation(
  measured: Pick<Measured, 'name' | 'call'>,
  bundles: Sides<string>,
  { node, quick }: Pick<Settings, 'node' | 'quick'>,
): Promise<OperationFigures> {
  const amounts: Amounts = AMOUNTS[quick ? 'quick' : 'full'];
  const done: Measurement[] = [];
  while (done.length < amounts.processes) done.push(await measureOnce(measured, bundles, node, amounts));
  const tracesOfSide = (side: SideName): Traces => ({
    allocated: median(done.map(({ traces }) => traces[side].allocated)),
    logged: median(done.map(({ traces }) => traces[side].logged)),
  });
  return {
    name: measured.name,
    traces: { ours: tracesOfSide('ours'), sdk: tracesOfSide('sdk'), lean: tracesOfSide('lean') },
    comparisons: CALLERS.map((callers) => ({
      callers,
      ...comparisonOf(done.map(({ rounds }) => rounds[callers])),
    })),
  };
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
