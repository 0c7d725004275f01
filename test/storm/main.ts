/**
 * `npm run storm`: hundreds of callers request one token at the moment when it has expired, from several processes
 * that share only the database, while a strict provider watches and the process that won the lease is killed.
 * Prints a table; ends with status 1 if a redemption count is not one, an error reached a caller, or another check
 * fails.
 *
 * The waiting times are measured with everything on one machine, including the callers. They compare scenarios, and say
 * little about a deployment.
 */
import '../program/quiet';
import { styleText } from 'node:util';
import { runProgram } from '../program/command-line';
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

runProgram(async (untilInterrupted) => {
  const settings = parseSettings(process.argv.slice(2));
  const stage = await Stage.set();
  process.on('exit', () => {
    stage.workers.killNow();
  });
  try {
    return report(await untilInterrupted(play(stage, settings))) ? 0 : 1;
  } finally {
    await stage.close();
  }
});
