/**
 * The domain's tests as one file, for mutation runs only: a run is made for each of some thousand changes, and to load
 * the code once for all tests instead of once for each file makes it several times as fast. Each file's hooks stay
 * its own, inside a block of its own.
 */
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const DOMAIN = join(__dirname, '../domain');
const load = createRequire(__filename);

/** The vendors' catalogue is not changed, and its tests take a client of AWS's along, which is long in loading. */
const ELSEWHERE = new Set(['vendors.test.ts']);

const files = readdirSync(DOMAIN).filter((name) => name.endsWith('.test.ts') && !ELSEWHERE.has(name));
for (const file of files) {
  describe(file, () => {
    load(join(DOMAIN, file));
  });
}
