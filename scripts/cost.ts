/** `npm run docs:cost`: writes the tables of docs/scale-and-cost.md. */
import { optionsFrom, runProgram } from '../test/program/command-line';
import { costTables } from './cost/table';
import { publish } from './figures';

const USAGE = { command: 'npm run docs:cost', about: 'Writes the tables of docs/scale-and-cost.md.' };

runProgram(() => {
  optionsFrom(USAGE, process.argv.slice(2), {});
  publish('scale-and-cost.md', costTables());
  return 0;
});
