/**
 * `npm run test:properties`: the property tests with another number of cases and another seed than in `npm test`. Without
 * `--seed`, the seed is new, and the report says which it was.
 */
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { countOf, optionsFrom, runProgram } from '../program/command-line';

const MAX_NUMBER = 999_999_999;
const NIGHTLY = '100000';

const USAGE = {
  command: 'npm run test:properties',
  about: 'Sends random requests and responses to the service, and performs random sequences of operations.',
};

const OPTIONS = {
  runs: { type: 'string', value: 'N', about: 'cases in all (5000)' },
  nightly: { type: 'boolean', default: false, about: `${NIGHTLY} cases` },
  seed: { type: 'string', value: 'N', about: 'the seed of a run to repeat, instead of a new one' },
  only: { type: 'string', value: 'TEXT', default: '', about: 'files whose names contain the text' },
} as const;

const JEST = join(__dirname, '..', '..', 'node_modules', 'jest', 'bin', 'jest.js');

runProgram(async (untilInterrupted) => {
  const values = optionsFrom(USAGE, process.argv.slice(2), OPTIONS);
  const runs = countOf('runs', values.runs ?? (values.nightly ? NIGHTLY : '5000'), [1, MAX_NUMBER]);
  const seed = countOf('seed', values.seed ?? String(randomInt(1, 1_000_000_000)), [0, MAX_NUMBER]);
  process.stderr.write(`${runs} cases from seed ${seed}\n`);
  // One file after the other, so that the responses of the service do not depend on how many cores there are.
  const child = spawn(process.execPath, [JEST, '--runInBand', `test/properties/.*${values.only}`], {
    stdio: 'inherit',
    env: { ...process.env, PROPERTY_RUNS: String(runs), PROPERTY_SEED: String(seed) },
  });
  process.on('exit', () => child.kill());
  const [status] = (await untilInterrupted(once(child, 'exit'))) as [number | null];
  return status ?? 1;
});
