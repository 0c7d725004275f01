/** Runs two processes in alternating batches, so that other work on the machine affects both equally. */
import type { Batch, FunctionProcess } from './function-process';
import { quantile } from './statistics';

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

export interface Comparison extends Sides<Side> {
  /** CPU time of ours, divided by that of the floor. */
  readonly ratio: number;
}

export interface Amount {
  /** Batches of each side that are measured. */
  readonly batches: number;
  /** Calls of a batch. */
  readonly calls: number;
  /** Calls of each side before. */
  readonly warmUp: number;
}

export const SIDES = ['ours', 'floor'] as const;

export type Sides<Of> = Readonly<Record<(typeof SIDES)[number], Of>>;

function sideOf(batches: readonly Batch[]): Side {
  const latencies = batches.flatMap(({ latencies }) => [...latencies]);
  const perCall = (of: (batch: Batch) => number): number =>
    batches.reduce((sum, batch) => sum + of(batch), 0) / latencies.length;
  return {
    cpu: perCall(({ cpu }) => cpu),
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    transferred: perCall(({ transferred }) => transferred),
  };
}

/** @param callers in parallel */
export async function compare(
  processes: Sides<FunctionProcess>,
  { batches, calls, warmUp }: Amount,
  callers: number,
): Promise<Comparison> {
  for (const side of SIDES) await processes[side].run(warmUp, callers);
  const done: Sides<Batch[]> = { ours: [], floor: [] };
  for (let turn = 0; turn < batches; turn += 1) {
    // Alternate the order, so that neither side is always the second.
    for (const side of turn % 2 === 0 ? SIDES : SIDES.toReversed()) {
      done[side].push(await processes[side].run(calls, callers));
    }
  }
  const [ours, floor] = [sideOf(done.ours), sideOf(done.floor)];
  return { ours, floor, ratio: ours.cpu / floor.cpu };
}
