/** The service as a program, for tests of its start, output, and end. */
import { spawn, type ChildProcess } from 'node:child_process';
import { join, resolve } from 'node:path';

/** The folder of the compiled programs. */
export const COMPILED = resolve(__dirname, '../../dist/test-programs');

/** The file that `npm start` starts: it checks the version of Node.js, and compiles the program. */
export const NPM_START = resolve(__dirname, '../../bin/local.cjs');

/** The program of `npm start`. */
const START = join(COMPILED, 'lib/local/npm-start.js');

/** The program of the command `agent-identity`. */
export const AGENT_IDENTITY = join(COMPILED, 'bin/agent-identity.js');

/** The members of the ready line. */
export interface Ready {
  endpoint: string;
  region: string;
  awsEndpoints: { kms: string; secretsManager: string; s3: string };
  principals: Record<string, { arn: string; accessKeyId: string; secretAccessKey: string }>;
}

export class Program {
  stdout = '';
  stderr = '';
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;

  /**
   * @param env in addition to PATH; by default, a free port and no examples
   * @param launcher a program and its arguments, to which those of Node.js are added
   */
  constructor(
    env: Record<string, string>,
    nodeOptions: readonly string[],
    cwd?: string,
    command: readonly string[] = [START, '--json'],
    launcher: readonly string[] = [],
  ) {
    const [file = '', ...args] = [...launcher, process.execPath, ...nodeOptions, ...command];
    this.child = spawn(file, args, {
      env: { PATH: process.env.PATH, PORT: '0', EXAMPLES: 'off', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(cwd !== undefined && { cwd }),
    });
    this.child.stdout?.on('data', (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.child.stderr?.on('data', (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.ended = new Promise((done) => this.child.on('close', done));
  }

  async ready(): Promise<Ready> {
    let status: number | null | undefined;
    void this.ended.then((code) => (status = code));
    while (!/^\{"ready":true.*\}$/m.test(this.stdout)) {
      if (status !== undefined) throw new Error(`ended with ${status}: ${this.stderr}`);
      await new Promise((wait) => setTimeout(wait, 50));
    }
    return JSON.parse(this.stdout.trimEnd().split('\n').at(-1) ?? '') as Ready;
  }

  /** Waits for the end of what the service prints for people. */
  async announced(): Promise<string> {
    let status: number | null | undefined;
    void this.ended.then((code) => (status = code));
    while (!this.stdout.includes('agent-identity env')) {
      if (status !== undefined) throw new Error(`ended with ${status}: ${this.stderr}`);
      await new Promise((wait) => setTimeout(wait, 50));
    }
    return this.stdout;
  }

  /** Ends the service as Ctrl-C does; its state remains. */
  async stop(): Promise<void> {
    this.child.kill('SIGINT');
    await this.ended;
  }
}

/** All processes that a test has started, so that none survives it. */
export class Programs {
  private started: Program[] = [];

  start(env: Record<string, string>, nodeOptions: readonly string[] = [], cwd?: string): Program {
    return this.add(new Program(env, nodeOptions, cwd));
  }

  /** Starts the service as on a disk that becomes full. @param kibibytes that each of its files can have */
  startLimited(env: Record<string, string>, kibibytes: number): Program {
    const launcher = ['bash', '-c', `ulimit -f ${kibibytes} && exec "$@"`, 'limited'];
    return this.add(new Program(env, [], undefined, undefined, launcher));
  }

  /**
   * @param args arguments of the command `agent-identity`
   * @param file that is the command, or a link to it
   */
  startCommand(args: readonly string[], env: Record<string, string>, file = AGENT_IDENTITY): Program {
    return this.add(new Program(env, [], undefined, [file, ...args]));
  }

  /**
   * As `npm start` does, from its file on. It takes twice as long as `start`.
   *
   * @param options options of `npm start`
   */
  npmStart(
    env: Record<string, string>,
    { options = [], nodeOptions = [] }: { options?: readonly string[]; nodeOptions?: readonly string[] } = {},
  ): Program {
    return this.add(new Program(env, nodeOptions, undefined, [NPM_START, ...options]));
  }

  private add(program: Program): Program {
    this.started.push(program);
    return program;
  }

  kill(): void {
    for (const { child } of this.started.splice(0)) child.kill('SIGKILL');
  }
}
