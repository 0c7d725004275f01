/** The comparison of counts with the committed ones. */
import { regressions, type Figures } from '../../scripts/bench/check';

const COMMITTED: Figures = {
  'requests to AWS': 1,
  'bytes to and from AWS': 2000,
  'log lines': 2,
  'bytes logged': 1000,
  'bytes allocated': 100_000,
  'modules of Node.js loaded with the first call': 200,
  'bytes of bundles loaded with the first call': 200_000,
};

it('accepts counts that are lower, or higher within the tolerance', () => {
  const found = { ...COMMITTED, 'requests to AWS': 0, 'bytes logged': 1010, 'bytes allocated': 104_000 };
  expect(regressions('Get', found, COMMITTED)).toEqual([]);
});

it.each<[keyof Figures, number, string]>([
  ['requests to AWS', 2, 'Get: 2 requests to AWS, not 1.'],
  ['log lines', 3, 'Get: 3 log lines, not 2.'],
  ['bytes allocated', 106_000, 'Get: 106,000 bytes allocated, not 100,000.'],
])('names a count that is too high: %s', (name, count, sentence) => {
  expect(regressions('Get', { ...COMMITTED, [name]: count }, COMMITTED)).toEqual([sentence]);
});

it('rejects a count that is no number, and an operation without counts', () => {
  expect(regressions('Get', { ...COMMITTED, 'log lines': NaN }, COMMITTED)).toHaveLength(1);
  expect(regressions('Get', COMMITTED, undefined)).toEqual(['Get has no committed counts.']);
});
