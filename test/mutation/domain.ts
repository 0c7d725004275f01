/**
 * The domain tests as one file, for mutation runs only. Each of some thousand changes needs one run, and loading the
 * code once for all tests instead of once for each file makes a run several times as fast. Each file's hooks stay in
 * their own describe block.
 */
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const DOMAIN = join(__dirname, '../domain');
const load = createRequire(__filename);

/** The vendor catalog is not mutated, and its tests load an AWS SDK client, which takes long. */
const ELSEWHERE = new Set(['vendors.test.ts']);

const files = readdirSync(DOMAIN, { recursive: true, encoding: 'utf8' }).filter(
  (name) => name.endsWith('.test.ts') && !ELSEWHERE.has(name),
);
for (const file of files) {
  describe(file, () => {
    load(join(DOMAIN, file));
  });
}
