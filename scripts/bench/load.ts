/**
 * Latency under load: calls arrive at a constant rate at one process of a function, whether or not it has answered the calls
 * before. The knee is the highest rate that it answers.
 */
import { bundleOf } from '../build/functions';
import { table } from '../markdown-table';
import { buildFloors } from './floor-bundles';
import { FunctionProcess } from './function-process';
import type { Part } from './part';
import type { Settings } from './settings';
import type { Measured } from './stage';
import { median, quantile } from './statistics';
import { verdict } from './verdict';

/** One operation of each function. */
const LOADED = ['GetWorkloadAccessTokenForUserId', 'GetResourceOauth2Token, a stored token of a user'];

/** Parts of the knee. */
const SHARES = [0.25, 0.5, 0.75, 0.9];

/** The part of the knee for which there is a target. */
const TARGET_SHARE = 0.5;

/** p99, divided by p50. */
const MAX_SPREAD = 2;

/** Parallel callers that find the knee. */
const CALLERS = 64;

const AMOUNTS = {
  full: { warmUp: 3000, calls: 3000 },
  quick: { warmUp: 2, calls: 2 },
} as const;

interface Latency {
  /** Milliseconds, from the arrival. */
  readonly p50: number;
  readonly p99: number;
}

interface Step {
  readonly share: number;
  /** Calls per second. */
  readonly rate: number;
  readonly ours: Latency;
  /** With the same requests, at the same rate. */
  readonly floor: Latency;
}

const latencyOf = (latencies: Float64Array): Latency => ({
  p50: median([...latencies]),
  p99: quantile([...latencies], 0.99),
});

/** @returns calls per second */
async function kneeOf(process: FunctionProcess, calls: number): Promise<number> {
  const begun = performance.now();
  await process.run(calls, CALLERS);
  return (calls / (performance.now() - begun)) * 1000;
}

/** @param bundles of the function, and of its floor with the same clients */
async function measureLoad(
  { call }: Measured,
  bundles: { readonly ours: string; readonly floor: string },
  { node, quick }: Settings,
): Promise<Step[]> {
  const { warmUp, calls } = AMOUNTS[quick ? 'quick' : 'full'];
  const start = (bundle: string) => FunctionProcess.start({ node, bundle, calls: [call] });
  const [ours, floor] = [await start(bundles.ours), await start(bundles.floor)];
  try {
    for (const process of [ours, floor]) await process.run(warmUp);
    const knee = await kneeOf(ours, calls);
    const steps = [];
    for (const share of SHARES) {
      const rate = share * knee;
      steps.push({
        share,
        rate,
        ours: latencyOf(await ours.arrive(calls, rate)),
        floor: latencyOf(await floor.arrive(calls, rate)),
      });
    }
    return steps;
  } finally {
    for (const process of [ours, floor]) await process.stop();
  }
}

const spreadOf = ({ p50, p99 }: Latency): number => p99 / p50;

const rowOf = (name: string, { share, rate, ours, floor }: Step, settings: Settings): string[] => {
  const both = (of: (latency: Latency) => number, digits: number): string =>
    [ours, floor].map((latency) => of(latency).toFixed(digits)).join(' / ');
  return [
    name,
    `${share * 100}%`,
    rate.toFixed(0),
    both(({ p50 }) => p50, 2),
    both(({ p99 }) => p99, 2),
    both(spreadOf, 1),
    share === TARGET_SHARE ? verdict(spreadOf(ours), MAX_SPREAD, settings) : '',
  ];
};

export const load: Part = async ({ stage, settings, folder }) => {
  const floorOf = await buildFloors(folder);
  const rows = [];
  for (const measured of stage.measured.filter(({ name }) => LOADED.includes(name))) {
    const { name, group } = measured;
    const bundles = { ours: bundleOf(group), floor: floorOf(group, 'lean') };
    const steps = await measureLoad(measured, bundles, settings);
    rows.push(...steps.map((step) => rowOf(name, step, settings)));
  }
  return table([
    ['operation', 'of the knee', 'calls per second', 'p50 ms', 'p99 ms', 'p99 / p50', 'target'],
    ...rows,
  ]);
};
