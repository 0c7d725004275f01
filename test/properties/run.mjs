/**
 * The property tests with another number of cases and another seed than in `npm test`:
 * `npm run test:properties -- --runs 20000 --seed 5`, or `--nightly`. Without `--seed`, the seed is new, and the report says
 * which it was.
 */
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { fileURLToPath, URL } from 'node:url';
import { parseArgs } from 'node:util';

const NIGHTLY = '100000';

const { values, positionals } = parseArgs({
  options: {
    runs: { type: 'string' },
    nightly: { type: 'boolean', default: false },
    seed: { type: 'string' },
  },
  allowPositionals: true,
});
const whole = (name, text) => {
  if (/^\d{1,9}$/.test(text)) return text;
  throw new Error(`--${name} must be a whole number.`);
};
const runs = whole('runs', values.runs ?? (values.nightly ? NIGHTLY : '5000'));
const seed = whole('seed', values.seed ?? String(randomInt(1, 1_000_000_000)));
process.stderr.write(`${runs} cases from seed ${seed}\n`);
const jest = fileURLToPath(new URL('../../node_modules/jest/bin/jest.js', import.meta.url));
// One file after the other, so that the service's answers do not depend on how many cores there are.
const child = spawn(process.execPath, [jest, '--runInBand', 'test/properties', ...positionals], {
  stdio: 'inherit',
  env: { ...process.env, PROPERTY_RUNS: runs, PROPERTY_SEED: seed },
});
child.on('exit', (code) => {
  process.exitCode = code ?? 1;
});
