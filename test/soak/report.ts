/** The figures of the soak, and what is wrong with them. */
import { table } from '../../scripts/markdown-table';
import { quantile } from '../../scripts/bench/statistics';
import type { WorkerMemory } from '../storm/worker';
import type { Tally } from './mix';

const MIB = 1024 * 1024;

/** The memory of all workers, at a time of the run. */
export interface MemorySample {
  /** Seconds since the callers began. */
  readonly at: number;
  readonly workers: readonly WorkerMemory[];
}

/** What remains after the run. */
export interface Remainder {
  /** Grants that the users gave and did not revoke. */
  readonly grants: number;
  /** Those whose token every process returned, and the authorization server accepts. */
  readonly opened: number;
  /** Refresh tokens that the authorization server accepts. */
  readonly refreshTokens: number;
}

export interface Outcome extends Remainder {
  readonly seconds: number;
  readonly tally: Tally;
  readonly samples: readonly MemorySample[];
  readonly renewals: number;
  /** Error lines in the logs of the workers. */
  readonly logged: readonly string[];
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

const heapOf = ({ workers }: MemorySample): number => mean(workers.map(({ heapUsed }) => heapUsed)) / MIB;

/** The most that the heap can grow from the second quarter of the run to the last, in MiB and as a part. */
const MAX_GROWTH = { mib: 3, part: 0.1 };

/** Fewer samples say nothing. */
const MIN_SAMPLES = 8;

/** Returns the heap in the second quarter and in the last one, in MiB; undefined for a short run. */
export function growthOf(samples: readonly MemorySample[]): readonly [number, number] | undefined {
  if (samples.length < MIN_SAMPLES) return undefined;
  const quarter = Math.floor(samples.length / 4);
  const heapIn = (part: readonly MemorySample[]): number => mean(part.map(heapOf));
  return [heapIn(samples.slice(quarter, 2 * quarter)), heapIn(samples.slice(-quarter))];
}

function memoryFaults(samples: readonly MemorySample[]): string[] {
  const [early, late] = growthOf(samples) ?? [0, 0];
  const isFlat = late - early <= Math.max(MAX_GROWTH.mib, MAX_GROWTH.part * early);
  return isFlat ? [] : [`the heap grew from ${early.toFixed(1)} to ${late.toFixed(1)} MiB`];
}

export function faultsOf({ tally, grants, opened, refreshTokens, samples, logged }: Outcome): string[] {
  return [
    ...[...tally.errors].map(([error, count]) => `${count} × ${error}`),
    ...(opened === grants ? [] : [`${grants - opened} of ${grants} grants do not open`]),
    ...(refreshTokens === grants
      ? []
      : [`the authorization server accepts ${refreshTokens} refresh tokens for ${grants} grants`]),
    ...memoryFaults(samples),
    ...logged.map((line) => `logged: ${line}`),
  ];
}

export function reportOf({ tally, seconds, samples, grants, renewals }: Outcome): string {
  const operations = [...tally.waits].map(([name, waits]) => [
    name,
    String(waits.length),
    (waits.length / seconds).toFixed(1),
    quantile(waits, 0.5).toFixed(0),
    quantile(waits, 0.99).toFixed(0),
  ]);
  const memory = samples.map((sample) => [
    String(Math.round(sample.at)),
    ...sample.workers.map(
      ({ heapUsed, rss }) => `${(heapUsed / MIB).toFixed(1)} / ${(rss / MIB).toFixed(0)}`,
    ),
  ]);
  const workers = samples[0]?.workers.map((_, index) => `process ${index + 1}`) ?? [];
  return [
    table([['operation', 'count', 'per second', 'p50 ms', 'p99 ms'], ...operations]),
    `Heap / RSS in MiB, after a garbage collection:\n\n${table([['seconds', ...workers], ...memory])}`,
    `${renewals} renewals. At the end, ${grants} grants.`,
  ].join('\n\n');
}
