/** What the soak counts as a fault, and that it counts it. */
import { faultsOf, type MemorySample, type Outcome } from './report';

const MIB = 1024 * 1024;

/** A run with these heaps, in MiB. */
const samplesOf = (heaps: readonly number[]): MemorySample[] =>
  heaps.map((heap, index) => ({ at: index * 15, workers: [{ heapUsed: heap * MIB, rss: 150 * MIB }] }));

const outcome: Outcome = {
  seconds: 600,
  tally: { waits: new Map([['read', [1, 2, 3]]]), errors: new Map() },
  samples: samplesOf([30, 33, 34, 34, 34, 35, 34, 35]),
  renewals: 10,
  grants: 3,
  opened: 3,
  refreshTokens: 3,
  logged: [],
};

it('finds nothing wrong with a run in which everything is right', () => {
  expect(faultsOf(outcome)).toEqual([]);
});

it.each<[string, Partial<Outcome>, string]>([
  [
    'an error',
    { tally: { ...outcome.tally, errors: new Map([['read: a token after a revocation', 2]]) } },
    '2 × read: a token after a revocation',
  ],
  ['a grant that does not open', { opened: 2 }, '1 of 3 grants do not open'],
  [
    'a token that was not revoked',
    { refreshTokens: 4 },
    'the authorization server accepts 4 refresh tokens for 3 grants',
  ],
  [
    'a token that was lost',
    { refreshTokens: 2 },
    'the authorization server accepts 2 refresh tokens for 3 grants',
  ],
  [
    'memory that grows',
    { samples: samplesOf([30, 33, 36, 39, 42, 45, 48, 51]) },
    'the heap grew from 37.5 to 49.5 MiB',
  ],
  ['an error in a log', { logged: ['{"level":"ERROR"}'] }, 'logged: {"level":"ERROR"}'],
])('finds %s', (_what, differing, fault) => {
  expect(faultsOf({ ...outcome, ...differing })).toEqual([fault]);
});

it('says nothing about the memory of a short run', () => {
  expect(faultsOf({ ...outcome, samples: samplesOf([30, 60]) })).toEqual([]);
});
