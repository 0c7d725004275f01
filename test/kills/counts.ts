/**
 * The committed counts: how many points each flow has, at which the service is killed, and how often a person must
 * consent again. A run fails if a flow has fewer points, which would then be untested, or costs more consents.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { table } from '../../scripts/markdown-table';
import { publish } from '../../scripts/figures';
import type { Flow } from './flow';
import type { FlowResult } from './perform';

const FILE = join(__dirname, 'counts.json');

/** The command that writes the counts, and their table in docs/engineering/faults.md. */
export const COUNTS_COMMAND = 'npm run test:kills -- --update';

export interface FlowCounts {
  readonly points: number;
  readonly consentsAgain: number;
}

type CountsByFlow = Readonly<Record<string, FlowCounts>>;

const committedCounts = (): CountsByFlow => JSON.parse(readFileSync(FILE, 'utf8')) as CountsByFlow;

export const consentsAgainOf = ({ cases }: FlowResult): number =>
  cases.reduce((sum, { cost }) => sum + (cost.consentsAgain ?? 0), 0);

/**
 * Returns what is worse than committed, by flow.
 *
 * @param flows all flows, of which a run can have fewer
 */
export function countFaults(results: readonly FlowResult[], flows: readonly Pick<Flow, 'name'>[]): string[] {
  const committed = committedCounts();
  const missing = Object.keys(committed).filter((name) => !flows.some((flow) => flow.name === name));
  return [
    ...missing.map((name) => `${name}: there is no such flow`),
    ...results.flatMap((result) => faultsOf(result, committed)),
  ];
}

function faultsOf(result: FlowResult, committed: CountsByFlow): string[] {
  const expected = committed[result.flow];
  if (!expected) return [`${result.flow}: it has no committed count`];
  const consents = consentsAgainOf(result);
  return [
    ...(result.points < expected.points
      ? [`${result.flow}: ${result.points} points instead of ${expected.points}`]
      : []),
    ...(consents > expected.consentsAgain
      ? [`${result.flow}: ${consents} consents again instead of ${expected.consentsAgain}`]
      : []),
  ];
}

/** Returns the table of the committed counts. */
export function countsTable(): string {
  const counts = Object.entries(committedCounts());
  const sum = (of: keyof FlowCounts): string =>
    String(counts.reduce((total, [, flow]) => total + flow[of], 0));
  return table([
    ['flow', 'points', 'points with another consent'],
    ...counts.map(([flow, { points, consentsAgain }]) => [flow, String(points), String(consentsAgain)]),
    ['all', sum('points'), sum('consentsAgain')],
  ]);
}

/** Writes the counts of this run, and their table in the documentation. */
export function writeCounts(results: readonly FlowResult[]): void {
  const counts = Object.fromEntries(
    results.map((result) => [result.flow, { points: result.points, consentsAgain: consentsAgainOf(result) }]),
  );
  writeFileSync(FILE, `${JSON.stringify(counts, null, 2)}\n`);
  publish('engineering/faults.md', countsTable(), COUNTS_COMMAND);
}
