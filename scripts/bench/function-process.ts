/** Starts a bundle in a separate process (function-entry.cjs), and sends it messages. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const ENTRY = join(__dirname, 'function-entry.cjs');

/** An event, and the context of its call. */
export interface Call {
  readonly event: object;
  readonly context: object;
}

export interface Time {
  /** Milliseconds. */
  readonly elapsed: number;
  /** Milliseconds on a CPU, of all threads. */
  readonly cpu: number;
}

export interface Batch {
  /** Milliseconds on a CPU, of all threads. */
  readonly cpu: number;
  /** Bytes on the process's connections, in both directions. */
  readonly transferred: number;
  /** Milliseconds of each call. */
  readonly latencies: Float64Array;
  /** The last response. */
  readonly response: unknown;
}

export interface FunctionProcessOptions {
  /** Path of the Node.js binary. */
  readonly node: string;
  readonly bundle: string;
  readonly calls: readonly Call[];
  /** Options of Node.js. */
  readonly flags?: readonly string[];
}

/** What a process has loaded. */
export interface Loaded {
  /** The number of modules of Node.js. */
  readonly modules: number;
  /** Bytes of the bundle's files. */
  readonly bytes: number;
}

/** Variables of the local mode that a function in Lambda does not have. */
const LOCAL_ONLY = ['NODE_OPTIONS'];

const NEWLINE = 0x0a;

export class FunctionProcess {
  /** What it wrote to its log; complete after {@link stop}. */
  readonly log = { lines: 0, bytes: 0 };

  private constructor(
    private readonly child: ChildProcess,
    /** How long the bundle took to load. */
    readonly load: Time,
  ) {
    child.stdout?.on('data', (chunk: Buffer) => {
      this.log.bytes += chunk.length;
      this.log.lines += chunk.filter((byte) => byte === NEWLINE).length;
    });
  }

  static async start({ node, bundle, calls, flags = [] }: FunctionProcessOptions): Promise<FunctionProcess> {
    const inherited = Object.entries(process.env).filter(([name]) => !LOCAL_ONLY.includes(name));
    const child = fork(ENTRY, {
      execPath: node,
      execArgv: ['--expose-gc', ...flags],
      serialization: 'advanced',
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      env: { ...Object.fromEntries(inherited), DEPLOYMENT_NAME: 'measured' },
    });
    // A message to a process that did not start would be another error, which nothing handles.
    await once(child, 'spawn');
    const texts = calls.map(({ event, context }) => ({
      event: JSON.stringify(event),
      context: JSON.stringify(context),
    }));
    return new FunctionProcess(child, await ask<Time>(child, { bundle, calls: texts }));
  }

  /** Calls the function, by several callers in parallel. */
  run(calls: number, callers = 1): Promise<Batch> {
    return ask(this.child, { run: calls, callers });
  }

  /**
   * Calls the function at a constant rate, and returns the milliseconds of each call from its arrival.
   *
   * @param rate calls per second
   */
  arrive(calls: number, rate: number): Promise<Float64Array> {
    return ask(this.child, { arrivals: calls, rate });
  }

  /** Returns the bytes that a number of calls allocate on the heap. */
  allocated(calls: number): Promise<number> {
    return ask(this.child, { allocated: calls });
  }

  /** Returns the AWS operations, and the paths of other requests, of a number of calls. */
  requested(calls: number): Promise<string[]> {
    return ask(this.child, { requested: calls });
  }

  loaded(): Promise<Loaded> {
    return ask(this.child, { loaded: true });
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = Promise.all([
      once(this.child, 'exit'),
      ...(this.child.stdout ? [once(this.child.stdout, 'close')] : []),
    ]);
    this.child.disconnect();
    await ended;
  }
}

/**
 * Sends a message to the process of a function, and returns its response.
 *
 * @throws Error if the process ends first, for example because its heap is full; its output is on stderr
 */
async function ask<Response>(child: ChildProcess, request: object): Promise<Response> {
  child.send(request);
  const received = new AbortController();
  const { signal } = received;
  try {
    const [message] = (await Promise.race([
      once(child, 'message', { signal }),
      once(child, 'exit', { signal }).then(([code, cause]) => {
        throw new Error(`The process of the function ended: ${String(code ?? cause)}.`);
      }),
    ])) as [Response];
    return message;
  } finally {
    received.abort();
  }
}

/** Milliseconds on a CPU. */
export interface Start {
  readonly load: number;
  readonly first: number;
}

/** Starts a function, calls it once, and ends it. */
export async function startOnce(options: FunctionProcessOptions): Promise<Start> {
  const started = await FunctionProcess.start(options);
  const { cpu: first } = await started.run(1);
  await started.stop();
  return { load: started.load.cpu, first };
}
