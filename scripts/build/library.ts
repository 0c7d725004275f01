/** Builds the compiled library: `dist/lib/index.js` and the modules that it needs, with their types and source maps. */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');
const COMPILER = require.resolve('typescript/bin/tsc');

/**
 * Replaces the compiled library, so that no module of an earlier build remains.
 *
 * @throws Error when the library does not compile
 */
export function buildLibrary(): void {
  for (const folder of ['lib', 'lambda'])
    rmSync(join(ROOT, 'dist', folder), { recursive: true, force: true });
  const { status } = spawnSync(process.execPath, [COMPILER, '--project', 'tsconfig.build.json'], {
    cwd: ROOT,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) throw new Error('The library does not compile. Correct the errors above.');
}
