/** Runs the processes in alternating batches, so that other work on the machine affects all of them equally. */
import type { Batch, FunctionProcess } from './function-process';
import { FLOORS, type Floor } from './floor-bundles';
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
  /** Calls of each side before. */
  readonly warmUp: number;
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
  const done: Sides<Batch[]> = { ours: [], sdk: [], lean: [] };
  for (let turn = 0; turn < batches; turn += 1) {
    for (const side of inTurn(turn)) done[side].push(await processes[side].run(calls, callers));
  }
  const sides = { ours: sideOf(done.ours), sdk: sideOf(done.sdk), lean: sideOf(done.lean) };
  return { sides, ratios: ratiosOf(each(sides, ({ cpu }) => cpu)) };
}
