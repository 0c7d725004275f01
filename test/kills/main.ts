/**
 * `npm run test:kills`: kills the service with SIGKILL at each write of each flow, starts it again, and checks that the
 * flow continues as documented in docs/engineering/faults.md. Ends with status 1 if it does not, or if a flow has fewer
 * points than committed in counts.json.
 */
import '../program/quiet';
import { table } from '../../scripts/markdown-table';
import { compilePrograms } from '../local/compile-programs';
import { runProgram } from '../program/command-line';
import { consentsAgainOf, COUNTS_COMMAND, countFaults, writeCounts } from './counts';
import { KEY_FLOWS } from './flows/keys';
import { RESOURCE_FLOWS } from './flows/resources';
import { REVOCATION_FLOWS } from './flows/revocations';
import { TOKEN_FLOWS } from './flows/tokens';
import type { Flow } from './flow';
import { NPM_START, performNpmStart } from './npm-start/perform';
import { perform, type Case, type FlowResult, type PerformOptions } from './perform';
import { startKillsProvider } from './provider';
import { parseSettings, type Settings } from './settings';

const FLOWS = [...TOKEN_FLOWS, ...REVOCATION_FLOWS, ...RESOURCE_FLOWS, ...KEY_FLOWS];

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

function report({ flow, point, fault }: Case): void {
  if (fault !== undefined) print(`FAILED ${flow}, ${point ?? 'without a kill'}: ${fault}`);
}

/** A flow with its own way to be killed. */
interface Played extends Pick<Flow, 'name' | 'omittedFromQuick'> {
  readonly play: (options: PerformOptions) => Promise<FlowResult>;
}

const PLAYED: readonly Played[] = [
  ...FLOWS.map((flow): Played => ({ ...flow, play: (options) => perform(flow, options) })),
  { name: NPM_START, play: performNpmStart },
];

async function play({ flows, quick }: Settings<Played>): Promise<FlowResult[]> {
  const provider = await startKillsProvider();
  const results: FlowResult[] = [];
  print(`Flows to kill, one after the other: ${flows.length}`);
  try {
    for (const flow of flows) {
      const result = await flow.play({ provider, quick, progress: report });
      results.push(result);
      print(`${flow.name}: killed at ${killedIn(result)} of ${result.points} points`);
    }
    return results;
  } finally {
    await provider.close();
  }
}

const killedIn = ({ cases }: FlowResult): number => cases.filter(({ point }) => point !== undefined).length;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** @returns whether all checks passed */
function summarize(results: readonly FlowResult[], { update }: Settings<Played>): boolean {
  const rows = results.map((result) => [
    result.flow,
    String(result.points),
    String(killedIn(result)),
    String(consentsAgainOf(result)),
    String(sum(result.cases.map(({ opened }) => opened))),
  ]);
  print(`\n${table([['flow', 'points', 'killed', 'consents again', 'ciphertexts decrypted'], ...rows])}\n`);
  if (update) writeCounts(results);
  const faults = countFaults(results, PLAYED);
  for (const fault of faults) print(`FAILED ${fault}. If that is intended, run ${COUNTS_COMMAND}.`);
  const cases = results.flatMap((result) => result.cases);
  const failed = cases.filter(({ fault }) => fault !== undefined).length + faults.length;
  const points = sum(results.map((result) => result.points));
  const killed = sum(results.map(killedIn));
  print(`Killed at ${killed} of ${points} points.`);
  print(`${cases.length + faults.length - failed} passed, ${failed} failed, 0 skipped`);
  return failed === 0;
}

runProgram(async (untilInterrupted) => {
  const settings = parseSettings(process.argv.slice(2), PLAYED);
  await compilePrograms();
  // The processes of the service end with this one.
  return summarize(await untilInterrupted(play(settings)), settings) ? 0 : 1;
});
