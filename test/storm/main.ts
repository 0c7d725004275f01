/**
 * `npm run storm`: hundreds of callers request one token at the moment when it has expired, from several processes
 * that share only the database, while a strict provider watches and the process that won the lease is killed.
 * Prints a table; ends with status 1 if a redemption count is not one, an error reached a caller, or another check
 * fails.
 *
 * The waiting times are measured with everything on one machine, including the callers. They compare scenarios, and say
 * little about a deployment.
 */
import './quiet';
import { styleText } from 'node:util';
import { StartError } from '../../lib/local/start-error';
import { INTERRUPTED, interruption } from './interruption';
import { perform, type Outcome } from './perform';
import { parseSettings, type Settings } from './settings';
import { Stage } from './stage';
import { remarksOf, tableOf } from './table';
import { faultsOf } from './verdict';

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const colored = process.stdout.isTTY && process.env.NO_COLOR === undefined;

const mark = (text: string, good: boolean): string =>
  colored ? styleText(good ? 'green' : 'red', text) : text;

async function play(stage: Stage, { scenarios, ...size }: Settings): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const scenario of scenarios) {
    const progress = (step: string): void => {
      print(`${scenario.name}: ${step}`);
    };
    outcomes.push(await perform(stage, scenario, size, progress));
  }
  return outcomes;
}

/** @returns whether all checks passed */
function report(outcomes: readonly Outcome[]): boolean {
  const good = outcomes.every((outcome) => faultsOf(outcome).length === 0);
  const verdict = good ? 'One redemption each, and no one was left without an answer.' : 'Faults were found.';
  print(`\n${tableOf(outcomes, mark)}\n${remarksOf(outcomes)}\n${mark(verdict, good)}`);
  return good;
}

async function main(): Promise<number> {
  const settings = parseSettings(process.argv.slice(2));
  const interrupted = interruption();
  const stage = await Stage.set();
  process.on('exit', () => {
    stage.workers.killNow();
  });
  const playing = play(stage, settings);
  // Errors during the shutdown are expected.
  playing.catch(() => undefined);
  try {
    const outcomes = await Promise.race([playing, interrupted]);
    if (outcomes === 'interrupted') return INTERRUPTED;
    return report(outcomes) ? 0 : 1;
  } finally {
    await stage.close();
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof StartError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : 'The storm ended, for an unknown reason.';
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${reasonOf(error)}\n`);
    process.exit(1);
  },
);
