/** `npm start` as a user runs it: in a separate process, with its own data folder. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const ENTRY = join(__dirname, '..', '..', 'bin', 'local.cjs');
const READY_MILLISECONDS = 60_000;

/** The Python that `npm run test:clients` has installed. */
const CLIENTS_PYTHON = join(__dirname, '..', 'clients', 'python', '.venv', 'bin', 'python');

/** A Python with the AWS SDK, for the agent in Python; undefined with a warning if there is none. */
export const PYTHON = findPython();

function findPython(): string | undefined {
  if (process.env.PYTHON !== undefined) return process.env.PYTHON;
  if (existsSync(CLIENTS_PYTHON)) return CLIENTS_PYTHON;
  process.stderr.write(
    '\n*** THE AGENT IN PYTHON IS NOT TESTED IN THE BROWSER: run npm run test:clients once, or set PYTHON. ***\n\n',
  );
  return undefined;
}

/** The members of the ready line that these tests use. */
export interface Ready {
  readonly endpoint: string;
  readonly consoleUrl: string;
  readonly exampleApp: string;
  readonly portal: { readonly url: string };
}

export class LocalProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly ready: Ready,
  ) {}

  /** Resolves when the ready line has been printed; rejects with the output otherwise. */
  static async start(port: number, dataDir: string): Promise<LocalProcess> {
    const child = spawn(process.execPath, [ENTRY, '--json'], {
      env: { ...process.env, PORT: String(port), DATA_DIR: dataDir, ...(PYTHON && { PYTHON }) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const printed: string[] = [];
    child.stderr.on('data', (text: Buffer) => printed.push(text.toString()));
    const overdue = setTimeout(() => child.kill('SIGKILL'), READY_MILLISECONDS);
    try {
      for await (const line of createInterface({ input: child.stdout })) {
        if (line.startsWith('{"ready":true')) return new LocalProcess(child, JSON.parse(line) as Ready);
        printed.push(line);
      }
    } finally {
      clearTimeout(overdue);
    }
    throw new Error(`The service did not become ready:\n${printed.join('\n')}`);
  }

  /** Ends the process with a signal, and waits for its end. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill(signal);
    await gone;
  }
}
