/** The figures in the documents are what the scripts make of their inputs; and the calls among these are counted. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OPERATIONS } from '../../scripts/cost/operations';
import { costTables } from '../../scripts/cost/table';
import { withFigures } from '../../scripts/figures';
import { scaleTables } from '../../scripts/scale/table';
import { vendorsTable } from '../../scripts/vendors/table';

it.each([
  ['cost.md', 'docs:cost', costTables],
  ['scale.md', 'docs:scale', scaleTables],
  ['vendors.md', 'docs:vendors', vendorsTable],
])('docs/%s is up to date; if not, run `npm run %s`', (name, _, figures) => {
  const { is, should } = withFigures(name, figures());
  expect(is).toBe(should);
});

describe('the calls that costs are made of', () => {
  const document = readFileSync(join(__dirname, '../../docs/cost.md'), 'utf8');
  const [, table = ''] = document.split('\n## What a call costs\n');

  /** `2 GetItem, 1 BatchGetItem of 3 items`: how many of each. */
  const counted = (cell: string): Record<string, number> =>
    Object.fromEntries<number>(
      [...cell.matchAll(/(\d+) (\w+Item)/g)].map(([, times, name = '']) => [name, Number(times)] as const),
    );

  it.each(OPERATIONS.flatMap(({ steps }) => steps.map((step) => [step.row, step] as const)))(
    'are those of docs/cost.md, which are counted: %s',
    (row, { calls }) => {
      const [, cell = ''] = new RegExp(`^\\| ${row} +\\| ([^|]+)`, 'm').exec(table) ?? [];
      const mine: Record<string, number> = {};
      for (const { operation } of calls) mine[operation] = (mine[operation] ?? 0) + 1;
      expect(mine).toEqual(counted(cell));
      const items = / of (\d+) items/.exec(cell)?.[1];
      if (items !== undefined) {
        const batch = calls.find(({ operation }) => operation === 'BatchGetItem');
        expect(batch?.readUnits).toBe(Number(items));
      }
    },
  );
});
