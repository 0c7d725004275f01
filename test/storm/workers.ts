/** Starts, monitors, kills, and replaces the workers of the storm. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EmulatorAccess } from '../../lib/local/emulators';
import type { Principals } from '../../lib/local/principals';
import { startDatabaseProxy, type DatabaseProxy } from './database-proxy';
import type { Killer } from './killer';
import type { WorkerAssignment, WorkerMemory, WorkerReady } from './worker';

const ENTRY = join(__dirname, 'worker.ts');

export interface WorkersOptions {
  readonly emulators: EmulatorAccess;
  readonly principals: Principals;
  readonly clientPort: number;
  /** Absolute path of the folder for the workers' logs. */
  readonly folder: string;
  readonly killer: Killer;
}

interface Worker {
  readonly child: ChildProcess;
  readonly port: number;
  readonly proxy: DatabaseProxy;
}

export class Workers {
  private readonly alive = new Set<Worker>();
  private readonly children = new Set<ChildProcess>();
  private count = 0;

  constructor(private readonly options: WorkersOptions) {}

  /** Ports of the running workers, as far as this process knows. */
  get ports(): number[] {
    return [...this.alive].map(({ port }) => port);
  }

  /** Starts the missing workers. */
  async replenish(wanted: number): Promise<void> {
    const missing = Math.max(0, wanted - this.alive.size);
    await Promise.all(Array.from({ length: missing }, () => this.start()));
  }

  private async start(): Promise<void> {
    this.count += 1;
    const logPath = this.logOf(this.count);
    const { emulators, principals, clientPort, killer } = this.options;
    const child = fork(ENTRY, {
      execArgv: ['--expose-gc', '--require', 'tsx/cjs'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.children.add(child);
    child.once('exit', () => this.children.delete(child));
    const proxy = await startDatabaseProxy({
      endpoint: emulators.endpoints.dynamodb,
      fateOf: (request) => killer.fateOf(request),
      kill: () => {
        killer.strike();
        child.kill('SIGKILL');
      },
    });
    const assignment: WorkerAssignment = {
      emulators: { ...emulators, endpoints: { ...emulators.endpoints, dynamodb: proxy.endpoint } },
      principals,
      clientPort,
      logPath,
    };
    child.send(assignment);
    const worker: Worker = { child, proxy, port: await readyPort(child) };
    this.alive.add(worker);
    child.once('exit', () => {
      this.alive.delete(worker);
      void proxy.close();
    });
  }

  /** Returns the memory of each worker after a garbage collection. */
  memory(): Promise<WorkerMemory[]> {
    return Promise.all(
      [...this.alive].map(async ({ child }) => {
        child.send('memory');
        const [memory] = (await once(child, 'message')) as [WorkerMemory];
        return memory;
      }),
    );
  }

  /** Returns the lines of all logs that report an unexpected error. */
  async failures(): Promise<string[]> {
    const logs = Array.from({ length: this.count }, (_, index) => this.logOf(index + 1));
    const texts = await Promise.all(logs.map((path) => readFile(path, 'utf8')));
    return texts.flatMap((text) => text.split('\n').filter((line) => line.includes('"level":"ERROR"')));
  }

  private logOf(number: number): string {
    return join(this.options.folder, `worker-${number}.log`);
  }

  /** Ends all workers, including those that are starting. */
  async close(): Promise<void> {
    const gone = [...this.children].map((child) => once(child, 'exit'));
    this.killNow();
    await Promise.all(gone);
  }

  /** Ends the workers without waiting, because this process is ending too. */
  killNow(): void {
    for (const child of this.children) child.kill('SIGKILL');
  }
}

/** @throws Error when it ends before it listens; its output is on stderr */
async function readyPort(child: ChildProcess): Promise<number> {
  const ended = new AbortController();
  const abort = (): void => {
    ended.abort(new Error('a worker ended before it was ready'));
  };
  child.once('exit', abort);
  try {
    const [message] = (await once(child, 'message', { signal: ended.signal })) as [WorkerReady];
    return message.port;
  } finally {
    child.off('exit', abort);
  }
}
