/**
 * Kills the whole of `npm start`, with its embedded database, while clients change resources and grants, and while it
 * starts. After each kill, it starts on the same data folder, and everything that was acknowledged is there.
 */
import { existsSync, rmSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { NPM_START as NPM_START_FILE, Program } from '../../local/program';
import type { Case, FlowResult } from '../perform';
import type { KillsProvider } from '../provider';
import { Client } from './client';
import { Ledger } from './ledger';
import { apiKey, grant, identity, prepare, type Subject } from './subjects';

export const NPM_START = 'npm start, killed under load and while it starts';

const KILLS = { full: 24, quick: 3 };

/** Every fourth kill is during a start. The others are under load. */
const STARTS = 4;

const WORKERS = 4;

/** Moves that are acknowledged before the service is killed: at least so many, and up to so many more. */
const ACKNOWLEDGED = { least: 6, more: 12 };

/** Milliseconds of real time from the last acknowledgment to the kill, and from a start to its kill. */
const DELAY = { load: 25, start: 1_200 };

/** Seconds of real time in which the outbox must have revoked all tokens, which a killed attempt delays by a minute. */
const REVOKED = 120;

export interface NpmStartOptions {
  readonly provider: KillsProvider;
  readonly quick: boolean;
  readonly progress: (result: Case) => void;
}

/** A linear congruential generator: the same choices in each run. */
function choices(): (below: number) => number {
  let state = 1;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

class Whole {
  private program: Program | undefined;
  private client: Client | undefined;
  private names = 0;
  private readonly choose = choices();
  readonly ledger = new Ledger();

  constructor(
    private readonly dataDir: string,
    private readonly options: NpmStartOptions,
  ) {}

  killNow(): void {
    this.program?.child.kill('SIGKILL');
  }

  /** Returns whether the signal ended the process. It can have failed before. */
  private async kill(): Promise<boolean> {
    this.killNow();
    const status = await this.program?.ended;
    this.client?.close();
    return status === null;
  }

  private launch(): Program {
    const env = { DATA_DIR: this.dataDir };
    // The compiled program starts in half of the time, and has no examples.
    this.program = this.options.quick
      ? new Program(env, [])
      : new Program({ ...env, EXAMPLES: 'on' }, [], undefined, [NPM_START_FILE, '--json']);
    return this.program;
  }

  /** @throws Error if it does not start */
  async start(): Promise<void> {
    const program = this.launch();
    this.client = new Client(await program.ready());
    await prepare(this.client, this.options.provider);
  }

  /** Kills the service while it starts. Returns whether it ran until then. */
  async killWhileStarting(): Promise<boolean> {
    await this.kill();
    this.launch();
    // In a quick run, as soon as the database exists, or immediately.
    while (this.options.quick && !existsSync(join(this.dataDir, 'dynamodb'))) await wait(1);
    await wait(this.options.quick ? 0 : this.choose(DELAY.start));
    return this.kill();
  }

  /** Kills the service while clients wait for responses. Returns whether it ran until then. */
  async killUnderLoad(): Promise<boolean> {
    const { client, ledger } = this;
    if (!client) throw new Error('the service does not run');
    const end = ledger.acknowledged + ACKNOWLEDGED.least + this.choose(ACKNOWLEDGED.more);
    const unfinished = ledger.unfinished();
    let isKilled = false;
    const isStopped = (): boolean => isKilled || ledger.acknowledged >= end;
    const work = async (): Promise<void> => {
      // The others continue until the service is killed.
      while (!isKilled) {
        const entry = unfinished.shift() ?? this.newEntry();
        try {
          await ledger.finish(entry, client, () => isKilled);
        } catch (error) {
          if (!isKilled) throw error;
        }
      }
    };
    const working = Promise.all(Array.from({ length: WORKERS }, work));
    working.catch(() => undefined);
    const watching = async (): Promise<boolean> => {
      while (!isStopped()) await Promise.race([wait(1), working]);
      await wait(this.options.quick ? 0 : this.choose(DELAY.load));
      isKilled = true;
      return this.kill();
    };
    const wasRunning = await watching();
    await working;
    return wasRunning;
  }

  private newEntry() {
    this.names += 1;
    const { provider } = this.options;
    const kinds: ((name: string) => Subject)[] = [
      (name) => apiKey(`key-${name}`),
      (name) => identity(`identity-${name}`),
      (name) => grant(`user-grant-${name}`, provider, false),
      (name) => grant(`operator-grant-${name}`, provider, true),
    ];
    const subject = (kinds[this.names % kinds.length] ?? apiKey)(String(this.names));
    return this.ledger.add(subject, 1 + this.choose(subject.path.length - 1));
  }

  /** Returns what is not as it was acknowledged. */
  async check(): Promise<string[]> {
    if (!this.client) return ['the service does not run'];
    return [...(await this.ledger.check(this.client)), ...(await this.checkLog())];
  }

  private async checkLog(): Promise<string[]> {
    const text = await readFile(join(this.dataDir, 'service.log'), 'utf8');
    const lines = text.split('\n').slice(0, -1);
    // The examples write other lines, too.
    const broken = lines.filter((line) => line.includes('{"level":') && !isJson(line)).length;
    const missing = this.ledger.namesOfAcknowledged().filter((name) => !text.includes(`${name}"`));
    return [
      ...(broken > 0 ? [`the log has ${broken} lines that cannot be read`] : []),
      ...missing.map((name) => `the log has no entry of ${name}`),
    ];
  }

  /** Returns how many tokens of revoked grants the provider still accepts, when the outbox had its time. */
  async acceptedTokens(): Promise<number> {
    for (let seconds = 0; ; seconds += 1) {
      const accepted = await Promise.all(
        this.ledger.revokedTokens().map((token) => this.options.provider.accepts(token)),
      );
      const count = accepted.filter(Boolean).length;
      if (count === 0 || seconds === REVOKED) return count;
      await wait(1_000);
    }
  }

  /** Stops it as Ctrl-C does. Returns its status. */
  async stop(): Promise<number | null | undefined> {
    await this.program?.stop();
    return this.program?.ended;
  }
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : 'unknown error';

export async function performNpmStart(options: NpmStartOptions): Promise<FlowResult> {
  const folder = await mkdtemp(join(tmpdir(), 'agent-identity-killed-start-'));
  const whole = new Whole(join(folder, 'data'), options);
  const cases: Case[] = [];
  const kills = options.quick ? KILLS.quick : KILLS.full;
  let performed = 0;
  const endProcess = (): void => {
    whole.killNow();
    rmSync(folder, { recursive: true, force: true });
  };
  process.on('exit', endProcess);
  const run = async (point: string | undefined, action: () => Promise<string[]>): Promise<boolean> => {
    const faults = await action().catch((error: unknown) => [messageOf(error)]);
    const fault = faults.length > 0 ? faults.join('; ') : undefined;
    const result: Case = { flow: NPM_START, point, fault, opened: 0, cost: {} };
    cases.push(result);
    options.progress(result);
    return fault === undefined;
  };
  try {
    for (let kill = 0; kill < kills; kill += 1) {
      const isStart = kill % STARTS === 0;
      const isFine = await run(
        `kill ${kill + 1}, ${isStart ? 'while it starts' : 'under load'}`,
        async () => {
          if (await (isStart ? whole.killWhileStarting() : whole.killUnderLoad())) performed += 1;
          await whole.start();
          return whole.check();
        },
      );
      // What a fault leaves would be another fault in each later case.
      if (!isFine) break;
    }
    await run(undefined, async () => {
      const accepted = options.quick ? 0 : await whole.acceptedTokens();
      const status = await whole.stop();
      return [
        ...(accepted > 0 ? [`the provider accepts ${accepted} tokens of revoked grants`] : []),
        ...(status === 0 ? [] : [`it ended with status ${String(status)}`]),
      ];
    });
  } finally {
    whole.killNow();
    process.off('exit', endProcess);
    await rm(folder, { recursive: true, force: true });
  }
  // A quick run omits most kills. Those that it should have performed, and did not, are missing.
  return { flow: NPM_START, points: KILLS.full - kills + performed, cases };
}
