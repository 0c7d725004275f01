/**
 * A reader of a tutorial: an empty folder, terminals, and a browser, in which the steps are done as written. Two kinds
 * of steps are not: `checkout` neither clones nor installs, but provides this checkout as it is, and `own values` sets
 * the values of the test.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import type { Checks } from '../deployed/checks';
import { performAction } from './browser-actions';
import { isOutput, printedCommands } from './expected-output';
import { Terminal } from './terminal';
import type { Step } from './tutorial';

/** The repository, which the reader has already cloned and installed. */
const ROOT = join(__dirname, '..', '..');

/** What a new checkout does not contain, or no command of a tutorial uses. */
const NOT_OF_A_CHECKOUT = ['.git', '.local'];

/** The only way in which tutorials get the repository. */
const CHECKOUT = `git clone https://github.com/agent-identity/agent-identity.git
cd agent-identity
npm ci
`;

export interface ReaderWorld {
  /** An empty folder. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly page: Page;
  /** Whether the reader runs the service on the computer, which writes its state into the checkout. */
  readonly runsLocally: boolean;
  /** What the reader has for `own values`, by the names of variables. */
  readonly values: Readonly<Record<string, string>>;
  /** Adds a redirect URI to the reader's app at the vendor. */
  readonly registerRedirectUri: (uri: string) => Promise<void> | undefined;
  /** Where pictures are saved; undefined if this run does not take them. */
  readonly pictures: string | undefined;
}

export class Reader {
  private readonly terminals = new Map<string, Terminal>();
  private current = '1';
  /** The last commands, if they are repeated until their output is as shown. */
  private repeated: string | undefined;

  constructor(private readonly world: ReaderWorld) {}

  /**
   * Does the steps in their order.
   *
   * @throws Stopped at the first one that fails, which is reported
   */
  async follow(steps: readonly Step[], checks: Checks): Promise<void> {
    for (const step of steps) {
      const name = nameOf(step);
      if (step.kind === 'not run') checks.skip(name, step.reason);
      else await checks.step(name, () => this.perform(step));
    }
  }

  /** Ends all programs that still run. */
  async close(): Promise<void> {
    await Promise.all([...this.terminals.values()].map((terminal) => terminal.close()));
  }

  private async perform(step: Exclude<Step, { readonly kind: 'not run' }>): Promise<void> {
    switch (step.kind) {
      case 'file': {
        const path = join(this.world.folder, step.path);
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, step.content);
        break;
      }
      case 'run':
      case 'run until output':
        await (await this.terminal(step.terminal)).run(step.content);
        this.repeated = step.kind === 'run' ? undefined : step.content;
        break;
      case 'start':
        await (await this.terminal(step.terminal)).start(step.content, step.until);
        break;
      case 'checkout':
        await this.checkOut(step.content, await this.terminal(step.terminal));
        break;
      case 'own values':
        await (await this.terminal(step.terminal)).run(withValues(step.content, this.world.values));
        break;
      case 'account':
        // It was opened before the first terminal.
        break;
      case 'redirect URI':
        await this.world.registerRedirectUri(this.existing(this.current).outputOfBlock.trim());
        break;
      case 'paste': {
        const { output } = this.existing(step.from);
        await (await this.terminal(step.terminal)).run(printedCommands(step.content, output));
        break;
      }
      case 'output':
        await this.expectOutput(step.content);
        break;
      case 'interrupt':
        await this.existing(step.terminal).interrupt();
        break;
      case 'browser':
        for (const action of step.actions) {
          const urlAfter = (text: string): Promise<string> => this.existing(this.current).urlAfter(text);
          await performAction(this.world.page, action, { urlAfter, pictures: this.world.pictures });
        }
    }
  }

  /** Without the state of the service, because it is the reader's. npm packs no folder of links. */
  private async link(checkout: string): Promise<void> {
    if (!this.world.runsLocally) {
      await symlink(ROOT, checkout);
      return;
    }
    await mkdir(checkout);
    const entries = (await readdir(ROOT)).filter((entry) => !NOT_OF_A_CHECKOUT.includes(entry));
    for (const entry of entries) await symlink(join(ROOT, entry), join(checkout, entry));
  }

  private async checkOut(content: string, terminal: Terminal): Promise<void> {
    if (content !== CHECKOUT) throw new Error(`The block must be:\n${CHECKOUT}`);
    const checkout = join(this.world.folder, 'agent-identity');
    if (!existsSync(checkout)) await this.link(checkout);
    await terminal.run('cd agent-identity');
  }

  private async expectOutput(expected: string): Promise<void> {
    const terminal = this.existing(this.current);
    if (terminal.isBusy) {
      await terminal.expectNext(expected);
      return;
    }
    for (let again = 0; again < 15 && this.repeated !== undefined; again += 1) {
      if (isOutput(expected, terminal.outputOfBlock)) return;
      await pause(2000);
      await terminal.run(this.repeated);
    }
    if (!isOutput(expected, terminal.outputOfBlock)) {
      throw new Error(`The output differs. Expected:\n${expected}Printed:\n${terminal.outputOfBlock}`);
    }
  }

  private existing(name: string): Terminal {
    const terminal = this.terminals.get(name);
    if (!terminal) throw new Error(`Nothing has run in terminal ${name} yet.`);
    return terminal;
  }

  /** The terminal of a step, which stays the one of the steps after it. The first mention opens it. */
  private async terminal(name = this.current): Promise<Terminal> {
    this.current = name;
    const known = this.terminals.get(name);
    if (known) return known;
    const { folder, env } = this.world;
    // Not in the reader's folder, which must be empty.
    const own = `${folder}.terminal-${name}`;
    await mkdir(own, { recursive: true });
    const opened = new Terminal(name, folder, own, env);
    this.terminals.set(name, opened);
    return opened;
  }
}

/**
 * The commands with the reader's values.
 *
 * @param commands of the form `export NAME=example`
 * @throws Error for a variable without a value
 */
function withValues(commands: string, values: Readonly<Record<string, string>>): string {
  return commands.replaceAll(/^.*$/gm, (line) => {
    if (line === '') return line;
    const name = /^export (?<name>[A-Z_]+)=/.exec(line)?.groups?.name ?? '';
    const value = values[name];
    if (value === undefined) throw new Error(`The test has no value for the line "${line}".`);
    return `export ${name}='${value}'`;
  });
}

/** The kind of the step, its line, and the beginning of what it does. */
function nameOf(step: Step): string {
  const at = `line ${step.line}`;
  switch (step.kind) {
    case 'file':
      return `${at}: the file ${step.path}`;
    case 'browser':
      return `${at}: in the browser, ${step.actions.map(({ verb, what }) => `${verb} ${what}`).join('; ')}`;
    case 'interrupt':
      return `${at}: Ctrl-C in terminal ${step.terminal}`;
    case 'account':
      return `${at}: an AWS account`;
    case 'redirect URI':
      return `${at}: the redirect URI at the vendor`;
    case 'output':
      return `${at}: the output is as shown`;
    case 'run':
    case 'run until output':
    case 'start':
    case 'paste':
    case 'checkout':
    case 'own values':
    case 'not run':
      return `${at}: ${step.content.split('\n', 1).join('')}`;
  }
}
