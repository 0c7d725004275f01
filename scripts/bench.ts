/**
 * `npm run bench`: measures the data plane next to the floor of each operation, which is hand-written code that does only
 * what no implementation can omit, with the same AWS SDK against the same database. Publishes docs/performance.md.
 *
 * The functions and their floors run in separate processes, as bundles of a deployment. Their CPU time excludes the
 * database and everything else that runs here. Both sides alternate, so that their ratio is valid on a busy machine; the
 * other figures are not.
 */
import '../test/storm/quiet';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StartError } from '../lib/local/start-error';
import { PARTS } from './bench/parts';
import { parseSettings } from './bench/settings';
import { prepareStage, startWorld } from './bench/stage';
import { buildFunctions } from './build/functions';

async function main(): Promise<void> {
  const settings = parseSettings(process.argv.slice(2));
  await buildFunctions();
  const folder = await mkdtemp(join(tmpdir(), 'agent-identity-bench-'));
  const world = await startWorld();
  try {
    const stage = await prepareStage(world);
    for (const name of settings.parts) {
      const { measure, report } = PARTS[name];
      process.stdout.write(`${report(await measure({ stage, settings, folder }))}\n\n`);
    }
  } finally {
    await world.stop();
    await rm(folder, { recursive: true });
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof StartError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : 'The benchmark failed.';
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${reasonOf(error)}\n`);
    process.exit(1);
  },
);
