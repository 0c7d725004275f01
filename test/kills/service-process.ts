/** Starts the process of the service, and kills it. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { COMPILED } from '../local/program';
import type { Acknowledgment, Assignment, Delivered, Ready, Request } from './service';

/** Compiled, because each kill needs a new process, which then starts in a sixth of the time. */
const ENTRY = join(COMPILED, 'lib/local/killed-service.js');

export class ServiceProcess {
  private requests = 0;

  private constructor(
    private readonly child: ChildProcess,
    readonly port: number,
  ) {
    child.setMaxListeners(0);
  }

  /** @throws Error if it ends before it listens; its output is on stderr */
  static async start(
    assignment: Assignment,
    onDelivery: (delivery: Delivered['delivered']) => void,
  ): Promise<ServiceProcess> {
    const child = fork(ENTRY, {
      env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
      execArgv: [],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    child.send(assignment);
    child.on('message', (message) => {
      const { delivered } = message as Partial<Delivered>;
      if (delivered) onDelivery(delivered);
    });
    const { port } = (await nextMessage(child, () => true)) as Ready;
    return new ServiceProcess(child, port);
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** @throws Error if the process ends first, or the function fails */
  async request(request: Omit<Request, 'id'>): Promise<unknown> {
    const id = (this.requests += 1);
    const acknowledged = nextMessage(this.child, (message) => (message as Acknowledgment).id === id);
    // The wait reports that the process ended.
    this.child.send({ ...request, id }, () => undefined);
    const { error, result } = (await acknowledged) as Acknowledgment;
    if (error !== undefined) throw new Error(`the function failed: ${error}`);
    return result;
  }

  /** Ends the process immediately. */
  killNow(): void {
    this.child.kill('SIGKILL');
  }

  /** Resolves after the exit of the process. */
  async ended(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'exit');
  }
}

function nextMessage(child: ChildProcess, isExpected: (message: unknown) => boolean): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      child.off('message', receive);
      child.off('exit', fail);
    };
    const receive = (message: unknown): void => {
      if (!isExpected(message)) return;
      stop();
      resolve(message);
    };
    const fail = (): void => {
      stop();
      reject(new Error('the service ended'));
    };
    child.on('message', receive);
    child.on('exit', fail);
  });
}
