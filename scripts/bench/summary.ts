/** The figures of docs/performance.json in three sentences, at the top of docs/performance.md. */
import type { OperationFigures } from './operations';

/** What the summary reads of docs/performance.json. */
export interface Published {
  readonly operations: {
    readonly figures: readonly Pick<OperationFigures, 'name' | 'maxRatio' | 'comparisons'>[];
  };
  readonly gate: {
    readonly figures: readonly { readonly way: string; readonly p50: number; readonly p95: number }[];
  };
}

/** Returns the lowest and the highest figure. */
const range = (figures: readonly number[], digits: number): string =>
  `${Math.min(...figures).toFixed(digits)} to ${Math.max(...figures).toFixed(digits)}`;

/** Returns the summary as Markdown. */
export function summaryOf({ operations, gate }: Published): string {
  // An instance of a function in Lambda has one call at a time.
  const single = operations.figures.flatMap(({ maxRatio, comparisons }) =>
    comparisons.filter(({ callers }) => callers === 1).map((comparison) => ({ ...comparison, maxRatio })),
  );
  const missed = single.filter(({ ratio, maxRatio }) => ratio > maxRatio);
  const added = gate.figures.find(({ way }) => way === 'added');
  const targets =
    missed.length === 0
      ? 'All operations meet their targets for CPU time.'
      : `${missed.length} of ${single.length} operations miss their target for CPU time, which is up to ${Math.max(...single.map(({ maxRatio }) => maxRatio))} times that of the least code that does the work. The difference is ${range(
          missed.map(({ ours, floor }) => ours.cpu - floor.cpu),
          1,
        )} ms of CPU time for each call, and the caller waits ${range(
          missed.map(({ ours, floor }) => ours.p50 - floor.p50),
          1,
        )} ms longer (p50).`;
  return [
    `- One call of an operation uses ${range(
      single.map(({ ours }) => ours.cpu),
      1,
    )} ms of CPU time.`,
    ...(added
      ? [
          `- The gate adds ${added.p50.toFixed(1)} ms to a call (p50; p95: ${added.p95.toFixed(1)} ms), without the network.`,
        ]
      : []),
    `- ${targets}`,
  ].join('\n');
}
