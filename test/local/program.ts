/** `npm start` as a program, for tests of what it does from its start to its end. */
import { spawn, type ChildProcess } from 'node:child_process';
import { resolve } from 'node:path';

const ENTRY = resolve(__dirname, '../../bin/local.cjs');

/** What it prints once it is ready. */
export interface Ready {
  endpoint: string;
  region: string;
  awsEndpoints: { kms: string; secretsManager: string };
  principals: Record<string, { arn: string; accessKeyId: string; secretAccessKey: string }>;
}

export class Program {
  stdout = '';
  stderr = '';
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;

  /** @param env beside PATH; any free port and no examples unless it says so */
  constructor(env: Record<string, string>, nodeOptions: readonly string[], cwd?: string) {
    this.child = spawn(process.execPath, [...nodeOptions, ENTRY], {
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

  /** Ends it as Ctrl-C does; its state stays. */
  async stop(): Promise<void> {
    this.child.kill('SIGINT');
    await this.ended;
  }
}

/** All that a test has started, so that none outlives it. */
export class Programs {
  private started: Program[] = [];

  start(env: Record<string, string>, nodeOptions: readonly string[] = [], cwd?: string): Program {
    const program = new Program(env, nodeOptions, cwd);
    this.started.push(program);
    return program;
  }

  kill(): void {
    for (const { child } of this.started.splice(0)) child.kill('SIGKILL');
  }
}
