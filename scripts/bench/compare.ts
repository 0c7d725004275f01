/** Runs the processes in alternating batches, so that other work on the machine affects all of them equally. */
import type { Batch, FunctionProcess } from './function-process';
import { FLOORS, type Floor } from './floor-bundles';
import { median, quantile } from './statistics';

/** The figures of one side. */
export interface Side {
  /** Milliseconds on a CPU for each call. */
  readonly cpu: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Bytes on the connections to AWS, in both directions, for each call. */
  readonly transferred: number;
}

export interface Comparison {
  readonly sides: Sides<Side>;
  /** CPU time of ours, divided by that of each floor. */
  readonly ratios: Readonly<Record<Floor, number>>;
}

export interface Amount {
  /** Batches of each side that are measured. */
  readonly batches: number;
  /** Calls of a batch. */
  readonly calls: number;
}

export const SIDES = ['ours', ...FLOORS] as const;

export type SideName = (typeof SIDES)[number];

export type Sides<Of> = Readonly<Record<SideName, Of>>;

/** The sides in turn, and every other time in reverse, so that no side is always the last. */
export const inTurn = (turn: number): readonly SideName[] => (turn % 2 === 0 ? SIDES : SIDES.toReversed());

export const ratiosOf = ({ ours, sdk, lean }: Sides<number>): Comparison['ratios'] => ({
  sdk: ours / sdk,
  lean: ours / lean,
});

export const each = <Of, To>({ ours, sdk, lean }: Sides<Of>, of: (side: Of) => To): Sides<To> => ({
  ours: of(ours),
  sdk: of(sdk),
  lean: of(lean),
});

/** The batches of one process of each side. */
export type Round = Sides<readonly Batch[]>;

/** @param callers in parallel */
export async function runInTurn(
  processes: Sides<FunctionProcess>,
  { batches, calls }: Amount,
  callers: number,
): Promise<Round> {
  const done: Sides<Batch[]> = { ours: [], sdk: [], lean: [] };
  for (let turn = 0; turn < batches; turn += 1) {
    for (const side of inTurn(turn)) done[side].push(await processes[side].run(calls, callers));
  }
  return done;
}

function perCall(batches: readonly Batch[], of: (batch: Batch) => number): number {
  const calls = batches.reduce((sum, { latencies }) => sum + latencies.length, 0);
  return batches.reduce((sum, batch) => sum + of(batch), 0) / calls;
}

const cpuOf = (batches: readonly Batch[]): number => perCall(batches, ({ cpu }) => cpu);

function sideOf(processes: readonly (readonly Batch[])[]): Side {
  const batches = processes.flat();
  const latencies = batches.flatMap(({ latencies }) => [...latencies]);
  return {
    cpu: median(processes.map(cpuOf)),
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    transferred: perCall(batches, ({ transferred }) => transferred),
  };
}

/**
 * Returns the figures of all processes. V8 compiles each process differently, and one process of a side can cost a tenth more
 * than the next one for all of its calls: CPU times and ratios are medians of the rounds.
 */
export function comparisonOf(rounds: readonly Round[]): Comparison {
  const ratios = rounds.map((round) => ratiosOf(each(round, cpuOf)));
  return {
    sides: {
      ours: sideOf(rounds.map(({ ours }) => ours)),
      sdk: sideOf(rounds.map(({ sdk }) => sdk)),
      lean: sideOf(rounds.map(({ lean }) => lean)),
    },
    ratios: { sdk: median(ratios.map(({ sdk }) => sdk)), lean: median(ratios.map(({ lean }) => lean)) },
  };
}
