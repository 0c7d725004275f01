/**
 * `npm run test:docs [-- --pictures] [tutorial …]`: the tutorials, each followed from its own text in an empty folder,
 * with a real browser. The last line counts the steps. `--pictures` also saves the pictures of the pages in docs/images.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runChecks } from '../clients/background-process.mjs';
import { MissingPrograms, runSuite } from '../clients/installation.mjs';

const MAIN = join(import.meta.dirname, 'main.ts');
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

async function main() {
  if (!existsSync(CHROMIUM)) {
    throw new MissingPrograms(`no Chromium at ${CHROMIUM}. Install it, or set CHROMIUM to its path.`);
  }
  return runChecks(MAIN, process.env, process.argv.slice(2));
}

runSuite('DOCUMENTATION', main);
