/**
 * `npm run recording`: records `npm run demo` on a terminal, and writes docs/images/demo.svg. The lines are those of this
 * run. The pauses between the steps are long enough to read them.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { linesOf } from './recording/cast';
import { pictureOf } from './recording/picture';

const ROOT = join(__dirname, '..');
const COLUMNS = 120;
const ROWS = 30;
const COMMAND = ['npm', 'run', '--silent', 'demo'];

const record = [join(ROOT, 'scripts/recording/record.py'), String(COLUMNS), String(ROWS), ...COMMAND];
const cast = execFileSync(process.env.PYTHON ?? 'python3', record, { cwd: ROOT, encoding: 'utf8' });
const picture = pictureOf(linesOf(cast), {
  columns: COLUMNS,
  rows: ROWS,
  command: 'npm run demo',
  title:
    'The demo in a terminal: a user asks an agent, which needs the calendar of the user at another company',
});
writeFileSync(join(ROOT, 'docs/images/demo.svg'), picture);
