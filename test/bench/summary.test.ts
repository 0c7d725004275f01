/** The summary of docs/performance.md has the figures of docs/performance.json. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { summaryOf, type Published } from '../../scripts/bench/summary';
import { withFigures } from '../../scripts/figures';

const published = JSON.parse(
  readFileSync(join(__dirname, '../../docs/performance.json'), 'utf8'),
) as Published;

it('has the published figures', () => {
  const { is, should } = withFigures('performance.md', summaryOf(published), 'npm run bench');
  expect(is).toBe(should);
});

it('says how many targets are missed, or that none is', () => {
  expect(summaryOf(published)).toMatch(/^- \d+ of \d+ operations miss their target/m);
  const figures = published.operations.figures.map((operation) => ({ ...operation, maxRatio: 100 }));
  expect(summaryOf({ ...published, operations: { figures } })).toContain(
    '- All operations meet their targets for CPU time.',
  );
});
