/** The storm's table and the remarks below it, for a wide terminal. */
import { quantile } from '../../scripts/bench/statistics';
import type { Outcome } from './perform';
import { faultsOf } from './verdict';

type Column = readonly [heading: string, cell: (outcome: Outcome) => string];

const COLUMNS: readonly Column[] = [
  ['scenario', ({ scenario }) => scenario.name],
  ['callers', ({ callers }) => String(callers)],
  ['tokens', ({ tokens }) => String(tokens)],
  ['distinct', ({ distinct }) => String(distinct.size)],
  ['consents', ({ consents }) => String(consents)],
  ['redeemed', ({ redemptions }) => String(redemptions)],
  ['refused', ({ refusals }) => String(refusals)],
  ['errors', ({ callers, tokens, consents }) => String(callers - tokens - consents)],
  ['retries', ({ retries }) => String(retries)],
  ['p50 ms', ({ waits }) => quantile(waits, 0.5).toFixed(0)],
  ['p99 ms', ({ waits }) => quantile(waits, 0.99).toFixed(0)],
  ['state left', stateOf],
];

/** Text columns; the others are numbers, aligned to the right. */
const WORDS = new Set(['scenario', 'state left']);

function stateOf({ after, alive, scenario }: Outcome): string {
  if (!after) return 'no grant';
  const family = scenario.flow === 'M2M' ? [] : [`family ${alive ? 'alive' : 'dead'}`];
  const held = after.tokens ? 'tokens' : `consent needed (${after.lastFailure?.code ?? 'no reason kept'})`;
  return [`generation ${after.generation}`, after.lease ? 'lease held' : 'no lease', held, ...family].join(
    ', ',
  );
}

/** @param mark colors a line by whether its checks passed */
export function tableOf(outcomes: readonly Outcome[], mark: (text: string, good: boolean) => string): string {
  const headings = COLUMNS.map(([heading]) => heading);
  const rows = outcomes.map((outcome) => COLUMNS.map(([, cell]) => cell(outcome)));
  const widths = headings.map((heading, at) =>
    Math.max(heading.length, ...rows.map((row) => (row[at] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => {
        const width = widths[at] ?? 0;
        return WORDS.has(headings[at] ?? '') ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '─'.repeat(width)).join('  ');
  const body = rows.map((row, at) => {
    const outcome = outcomes[at];
    return mark(line(row), outcome !== undefined && faultsOf(outcome).length === 0);
  });
  return [line(headings), rule, ...body].join('\n');
}

/** Additions to the table: remarks on a row, failed checks, and errors. */
export function remarksOf(outcomes: readonly Outcome[]): string {
  const lines = outcomes.flatMap((outcome) => {
    const { scenario, errors } = outcome;
    return [
      ...(scenario.note === undefined ? [] : [`${scenario.name}: ${scenario.note}`]),
      ...faultsOf(outcome).map((fault) => `FAULT ${scenario.name}: ${fault}`),
      ...[...errors].map(([error, times]) => `  ${times} × ${error}`),
    ];
  });
  return lines.map((line) => `\n${line}`).join('');
}
