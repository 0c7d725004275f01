/** How `npm run bench -- --peers` reads CPU times, and turns them into the table and the targets. */
import { figuresOf, type Comparison, type Figures } from '../../scripts/bench/peers/comparison';
import { WORK, type Work } from '../../scripts/bench/peers/peer';
import { parseStat } from '../../scripts/bench/peers/process-time';
import { parseSettings } from '../../scripts/bench/peers/settings';
import { peersTable, verdicts } from '../../scripts/bench/peers/table';

const figures = (service: number, database = 0): Figures => ({
  cpu: { service, database },
  p50: 1,
  p99: 2,
  bytes: { sent: 100, received: 200 },
});

const ofEach = (value: Figures): Record<Work, Figures> => ({
  mint: value,
  ownToken: value,
  storedToken: value,
  apiKey: value,
});

const comparison: Comparison = new Map([
  ['agent-identity', ofEach(figures(1.5, 0.5))],
  ['Keycloak', { ...ofEach(figures(4)), mint: figures(5) }],
  ['Express and PostgreSQL', ofEach(figures(0.4, 0.1))],
]);

it('the time of a process includes its ended children, whatever the name of its program', () => {
  const line = '42 (a (strange) name) S 7 42 42 0 -1 4194304 1 2 3 4 150 50 20 5 20 0 11 0 12345 1 2';
  expect(parseStat(line)).toEqual({ parent: 7, time: 225 });
});

it('CPU times are medians over the rounds, and waits are quantiles of all requests', () => {
  const sample = (cpu: number, waits: number[]) => ({
    cpu: { service: cpu, database: 1 },
    waits,
    bytes: { sent: 20, received: 40 },
  });
  expect(figuresOf([sample(2, [1, 2]), sample(4, [3, 4]), sample(90, [5, 100])])).toEqual({
    cpu: { service: 2, database: 0.5 },
    p50: 3,
    p99: 100,
    bytes: { sent: 10, received: 20 },
  });
});

it('the targets compare the CPU time of Keycloak with that of the service and its database', () => {
  expect(verdicts(comparison).map(({ work, ratio, isMet }) => [work, ratio, isMet])).toEqual([
    ['mint', 2.5, true],
    ['ownToken', 2, false],
    ['storedToken', 2, false],
    ['apiKey', 2, false],
  ]);
});

it('the table has a row for each kind of work and peer, with the share of the database', () => {
  const rows = peersTable(comparison).split('\n').slice(2);
  expect(rows).toHaveLength(WORK.length * comparison.size);
  expect(rows[0]).toMatch(/GetWorkloadAccessTokenForJWT +\| agent-identity +\| 2\.00 +\| 0\.50 +\| 1\.00 /);
  expect(rows[1]).toMatch(/token exchange +\| Keycloak +\| 5\.00 +\| +\| 2\.50 /);
});

it('options set the size of the run, and others are rejected', () => {
  expect(parseSettings(['--rounds', '3'])).toMatchObject({ rounds: 3, connections: 16, update: false });
  expect(() => parseSettings(['--rounds', '0'])).toThrow('--rounds must be a whole number from 1');
  expect(() => parseSettings(['--laps', '3'])).toThrow("Unknown option '--laps'");
});
