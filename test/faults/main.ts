/**
 * `npm run test:faults`: every fault at every call of every operation. A proxy stands between the functions and
 * everything that they call. Each operation runs once without a fault, to learn its calls, and then once for each call and
 * each fault. The number of cases is compared with counts.json, and must not fall.
 */
import '../program/quiet';
import './passing-time';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StandardRetryStrategy } from '@smithy/core/retry';
import { runProgram, UsageError } from '../program/command-line';
import { nameOf, type Site } from './calls';
import { committedRows, FAULT_COUNTS_COMMAND, totalOf, writeRows, type Row } from './counts';
import { expectRecorded } from './outbox';
import { faultsOf, type Armed } from './fault-kinds';
import { caseName, NotReached, perform, record, type Recording } from './perform';
import { titleOf, type Scenario } from './scenario';
import { newIdentity, tokenOf } from './scenarios/agents';
import { SCENARIOS } from './scenarios';
import { selectionOf } from './selection';
import { parseSettings, type Settings } from './settings';
import { Stage } from './stage';

const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

/** Repetitions of a case whose call did not occur, because of a cache, or of a day that is over. */
const REPETITIONS = 3;

/** A part of the pause before the AWS SDK sends a request again, which it draws up to a limit. */
const PAUSES_SHORTENED = 1000;

const reasonOf = (error: unknown): string =>
  error instanceof Error
    ? `${error.message}\n${(error.stack ?? '').split('\n').slice(1, 3).join('\n')}`
    : String(error);

type Options = Omit<Settings<never>, 'operations' | 'update'>;

interface Recorded {
  readonly scenario: Scenario;
  readonly recording: Recording;
  readonly cases: readonly Armed[];
}

class Run {
  passed = 0;
  failed = 0;
  private rows: readonly Row[] = [];

  constructor(
    private readonly stage: Stage,
    private readonly options: Options,
  ) {}

  fail(title: string, reason: string): void {
    this.failed += 1;
    print(`FAIL  ${title}: ${reason}`);
  }

  async play(scenarios: readonly Scenario[]): Promise<void> {
    const recorded: Recorded[] = [];
    for (const scenario of scenarios) {
      try {
        const recording = await record(this.stage, scenario);
        const sites = recording.calls.filter((site) => nameOf(site).includes(this.options.at));
        const cases = sites.flatMap((site) => faultsOf(site.dependency).map((fault) => ({ site, fault })));
        recorded.push({ scenario, recording, cases });
      } catch (error) {
        this.fail(titleOf(scenario), reasonOf(error));
      }
    }
    this.rows = recorded.map(rowOf);
    const all = recorded.map(({ cases }) => cases);
    if (recorded.length > 0 && all.every(({ length }) => length === 0)) {
      const names = new Set(recorded.flatMap(({ recording }) => recording.calls.map(nameOf)));
      throw new UsageError(
        `--at: no call has "${this.options.at}" in its name. The calls: ${[...names].join(', ')}.`,
      );
    }
    if (this.options.count) return;
    const performed = this.options.quick ? selectionOf(all) : all;
    for (const [index, each] of recorded.entries()) await this.perform(each, performed[index] ?? []);
  }

  private async perform({ scenario, recording }: Recorded, cases: readonly Armed[]): Promise<void> {
    const failures = this.failed;
    for (const armed of cases) await this.try(scenario, armed, recording);
    const mark = this.failed === failures ? 'ok  ' : 'FAIL';
    const faults = counted(cases.length, 'fault');
    print(`${mark}  ${titleOf(scenario)}: ${faults} at ${counted(recording.calls.length, 'call')}`);
  }

  private async try(scenario: Scenario, armed: Armed, recording: Recording): Promise<void> {
    for (let repetition = 1; ; repetition += 1) {
      try {
        await perform(this.stage, scenario, armed, recording);
        this.passed += 1;
        return;
      } catch (error) {
        this.stage.faults.disarm();
        scenario.forget();
        if (error instanceof NotReached && repetition < REPETITIONS) continue;
        const reason = error instanceof NotReached ? 'the call did not occur' : reasonOf(error);
        this.fail(`${titleOf(scenario)}; ${caseName(armed)}`, reason);
        return;
      }
    }
  }

  /** Checks of the whole run. */
  async finish(): Promise<void> {
    if (this.stage.strayRequests > 0) this.fail('redirects', `followed ${this.stage.strayRequests} times`);
    const log = await readFile(join(this.stage.world.dataDir, 'service.log'), 'utf8');
    try {
      this.stage.secrets.expectNone('the log', log);
    } catch (error) {
      this.fail('the log', reasonOf(error));
    }
    try {
      await expectRecorded(this.stage, log);
    } catch (error) {
      this.fail('the audit log', reasonOf(error));
    }
    // A listing reads fewer pages if other scenarios created nothing.
    if (this.options.whole) this.compareCounts();
    print(totalOf(this.rows));
  }

  private compareCounts(): void {
    const present = new Map(this.rows.map(({ title, faults }) => [title, faults]));
    for (const { title, faults } of committedRows()) {
      const found = present.get(title) ?? 0;
      if (found >= faults) continue;
      this.fail(
        title,
        `${counted(found, 'fault')}, and counts.json has ${faults}: the number must not fall. If that is intended, run ${FAULT_COUNTS_COMMAND}`,
      );
    }
  }

  /** Updates the committed counts. */
  write(titles: readonly string[]): void {
    writeRows(this.rows, titles);
  }
}

function rowOf({ scenario, recording, cases }: Recorded): Row {
  const calls: Partial<Record<Site['dependency'], number>> = {};
  for (const { dependency } of recording.calls) calls[dependency] = (calls[dependency] ?? 0) + 1;
  return { title: titleOf(scenario), calls, faults: cases.length };
}

const ALL = SCENARIOS.map((scenario) => ({ scenario, title: titleOf(scenario), part: scenario.part }));

async function play(stage: Stage, { operations, update, ...options }: Settings<(typeof ALL)[number]>) {
  // The first token creates the signing key.
  await tokenOf(stage, await newIdentity(stage));
  const run = new Run(stage, options);
  print(`Operations whose calls are recorded first: ${operations.length}`);
  await run.play(operations.map(({ scenario }) => scenario));
  await run.finish();
  if (update) run.write(ALL.map(({ title }) => title));
  print(`${run.passed} passed, ${run.failed} failed, 0 skipped`);
  return run.failed === 0 ? 0 : 1;
}

runProgram(async (untilInterrupted) => {
  const settings = parseSettings(process.argv.slice(2), ALL);
  const random = Math.random;
  Math.random = () => random() / PAUSES_SHORTENED;
  // The AWS SDK stops retries when most requests of a client fail, as they do here.
  Object.assign(StandardRetryStrategy.prototype, { getCapacityCost: () => 0 });
  const stage = await Stage.start();
  try {
    return await untilInterrupted(play(stage, settings));
  } finally {
    await stage.stop();
  }
});
