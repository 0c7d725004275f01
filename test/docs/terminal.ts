/**
 * A reader's terminal. Each block of commands runs in a separate shell and process group. It begins with the folder, the
 * variables, and the functions of the block before. So a program that keeps running can be ended as Ctrl-C does, with all
 * its child processes.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { endOfOutput } from './expected-output';

const COMMAND_MILLISECONDS = 300_000;
const PRINT_MILLISECONDS = 90_000;
const END_MILLISECONDS = 20_000;
const BETWEEN_LOOKS_MILLISECONDS = 50;

/** Variables that bash sets itself. */
const OF_BASH =
  'BASH*|_|PPID|UID|EUID|GROUPS|DIRSTACK|FUNCNAME|PIPESTATUS|SHELLOPTS|SECONDS|RANDOM|SRANDOM|EPOCH*|LINENO|HISTCMD|COMP_*|OPT*|tutorial_*';

/** Begins where the last block ended, runs the block, and keeps its end. The first failure ends it. */
const scriptOf = (block: string, state: string): string => `
[ ! -f '${state}' ] || . '${state}'
set -e -o pipefail
. '${block}' </dev/null
set +e
{
  for tutorial_name in $(compgen -v); do
    case $tutorial_name in ${OF_BASH}) ;; *) declare -p "$tutorial_name" ;; esac
  done
  declare -f
  printf 'cd -- %q\\n' "$PWD"
} >'${state}'
`;

interface Running {
  readonly child: ChildProcess;
  readonly closed: Promise<unknown>;
  ended: boolean;
}

export class Terminal {
  private blocks = 0;
  private running: Running | undefined;
  private text = '';
  /** Position in the output up to which a tutorial has shown it. */
  private shown = 0;
  /** Position of the output of the last block. */
  private begin = 0;

  /**
   * @param folder in which the reader begins
   * @param own a folder for the files of the terminal
   */
  constructor(
    private readonly name: string,
    private readonly folder: string,
    private readonly own: string,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  /** Everything that was printed. */
  get output(): string {
    return this.text;
  }

  /** The output of the last block. */
  get outputOfBlock(): string {
    return this.text.slice(this.begin);
  }

  get isBusy(): boolean {
    return this.running !== undefined && !this.running.ended;
  }

  /**
   * Runs the commands to their end.
   *
   * @throws Error with the output if one of them fails, or takes too long
   */
  async run(commands: string): Promise<void> {
    const running = await this.begun(commands);
    const overdue = setTimeout(() => {
      signal(running.child, 'SIGKILL');
    }, COMMAND_MILLISECONDS);
    await running.closed;
    clearTimeout(overdue);
    this.expectSuccess(running);
  }

  /** Runs commands, and returns when they have printed the text. */
  async start(commands: string, until: string): Promise<void> {
    await this.begun(commands);
    await this.waitFor(`the text "${until}"`, () => this.outputOfBlock.includes(until) || undefined);
  }

  /** Waits until a running program prints these lines after those that the tutorial has shown. */
  async expectNext(expected: string): Promise<void> {
    const end = await this.waitFor(`the lines\n${expected}`, () =>
      endOfOutput(expected, this.text.slice(this.shown)),
    );
    this.shown += end;
  }

  /** The first URL after the last place of this text in the output. */
  urlAfter(text: string): Promise<string> {
    const find = (): string | undefined => {
      const at = this.text.lastIndexOf(text);
      return at === -1
        ? undefined
        : /https?:\/\/[^\s"]+(?=[\s"])/.exec(this.text.slice(at + text.length))?.[0];
    };
    return this.waitFor(`a URL after "${text}"`, find);
  }

  /** Ctrl-C. */
  async interrupt(): Promise<void> {
    if (!this.running || this.running.ended) throw new Error(`No program runs in terminal ${this.name}.`);
    signal(this.running.child, 'SIGINT');
    await this.ended();
    this.running = undefined;
  }

  /** Ends what still runs. */
  async close(): Promise<void> {
    if (!this.running) return;
    if (!this.running.ended) signal(this.running.child, 'SIGTERM');
    await this.ended().catch(() => undefined);
    // Child processes can outlive the shell.
    signal(this.running.child, 'SIGKILL');
  }

  private async begun(commands: string): Promise<Running> {
    await this.becomeFree();
    this.blocks += 1;
    const [block, script] = ['block', 'script'].map((kind) =>
      join(this.own, `${kind}-${this.blocks}.sh`),
    ) as [string, string];
    await writeFile(block, commands);
    await writeFile(script, scriptOf(block, join(this.own, 'state.sh')));
    this.begin = this.text.length;
    this.shown = this.text.length;
    const child = spawn('bash', ['--noprofile', '--norc', script], {
      cwd: this.folder,
      env: this.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (this.text += text));
    }
    const running: Running = { child, closed: once(child, 'close'), ended: false };
    void running.closed.then(() => (running.ended = true));
    this.running = running;
    return running;
  }

  /** Waits until the program that the tutorial started ends by itself, and expects success. */
  private async becomeFree(): Promise<void> {
    if (!this.running) return;
    await this.ended();
    this.expectSuccess(this.running);
  }

  private async ended(): Promise<void> {
    if (!this.running || this.running.ended) return;
    const { closed } = this.running;
    const patience = new AbortController();
    const overdue = pause(END_MILLISECONDS, 'overdue', { signal: patience.signal }).catch(() => undefined);
    const outcome = await Promise.race([closed, overdue]);
    patience.abort();
    if (outcome === 'overdue') {
      throw new Error(`A program still runs in terminal ${this.name}:\n${this.outputOfBlock}`);
    }
  }

  private expectSuccess({ child }: Running): void {
    this.running = undefined;
    const { exitCode, signalCode } = child;
    // The shell saves its state last, so a block that ends in the middle is a failure too.
    if (exitCode === 0 && existsSync(join(this.own, 'state.sh'))) return;
    const status = signalCode ?? String(exitCode);
    throw new Error(`The commands ended with status ${status}:\n${this.outputOfBlock}`);
  }

  private async waitFor<Found>(what: string, look: () => Found | undefined): Promise<Found> {
    const until = Date.now() + PRINT_MILLISECONDS;
    for (;;) {
      const { isBusy } = this;
      const found = look();
      if (found !== undefined) return found;
      if (!isBusy || Date.now() > until) {
        throw new Error(`Terminal ${this.name} did not print ${what}. It printed:\n${this.outputOfBlock}`);
      }
      await pause(BETWEEN_LOOKS_MILLISECONDS);
    }
  }
}

/** Sends a signal to a process and all processes of its group. */
function signal({ pid }: ChildProcess, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
