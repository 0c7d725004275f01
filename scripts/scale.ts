/** `npm run docs:scale`: writes the tables of docs/scale.md. */
import { optionsFrom, runProgram } from '../test/program/command-line';
import { publish } from './figures';
import { scaleTables } from './scale/table';

const USAGE = { command: 'npm run docs:scale', about: 'Writes the tables of docs/scale.md.' };

runProgram(() => {
  optionsFrom(USAGE, process.argv.slice(2), {});
  publish('scale.md', scaleTables());
  return 0;
});
