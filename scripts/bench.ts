/**
 * `npm run bench`: measures the data plane next to the floor of each operation, which is hand-written code that does only
 * what no implementation can omit, with the AWS SDK and with the functions' own clients, against the same database.
 * Publishes the figures in docs/engineering/performance.md, which has the options.
 *
 * `npm run bench -- --peers` compares the local service with other services instead (bench/peers.ts), and
 * `npm run bench -- --check` compares counts with the committed ones (bench/check.ts).
 *
 * The functions and their floors run in separate processes, as bundles of a deployment. Their CPU time excludes the
 * database and everything else that runs here. All sides alternate, so that their ratios are valid on a busy machine; the
 * other figures are not.
 */
import '../test/program/quiet';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InstallationError, MissingPrograms } from '../test/clients/installation.mjs';
import { runProgram, type UntilInterrupted } from '../test/program/command-line';
import { checkCounts, parseCheck } from './bench/check';
import { PARTS } from './bench/parts';
import { runPeers } from './bench/peers';
import { publishPart } from './bench/publish-part';
import { parseSettings } from './bench/settings';
import { prepareStage, startWorld } from './bench/stage';
import { buildFunctions } from './build/functions';

async function measureParts(untilInterrupted: UntilInterrupted): Promise<void> {
  const settings = parseSettings(process.argv.slice(2));
  await buildFunctions();
  const folder = await mkdtemp(join(tmpdir(), 'agent-identity-bench-'));
  const world = await startWorld();
  const measure = async () => {
    const stage = await prepareStage(world);
    for (const name of settings.parts) {
      const report = await PARTS[name]({ stage, settings, folder });
      // A few calls, or some of the operations, are no figures for the document.
      if (settings.quick || settings.operations.length > 0) process.stdout.write(`${report}\n\n`);
      else publishPart(name, report, settings.node);
    }
  };
  try {
    await untilInterrupted(measure());
  } finally {
    await world.stop();
    await rm(folder, { recursive: true });
  }
}

async function check(args: readonly string[], untilInterrupted: UntilInterrupted): Promise<number> {
  const settings = parseCheck(args);
  await buildFunctions();
  const world = await startWorld();
  try {
    const failed = await untilInterrupted(prepareStage(world).then((stage) => checkCounts(stage, settings)));
    return failed === 0 ? 0 : 1;
  } finally {
    await world.stop();
  }
}

runProgram(
  async (untilInterrupted) => {
    const [first, ...others] = process.argv.slice(2);
    // PostgreSQL, Keycloak, and the functions end with this process.
    if (first === '--check') return check(others, untilInterrupted);
    if (first === '--peers') await untilInterrupted(runPeers(others));
    else await measureParts(untilInterrupted);
    return 0;
  },
  [InstallationError, MissingPrograms],
);
