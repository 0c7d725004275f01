/** Starts the process of the service, and kills it. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { LOOPBACK } from '../../lib/local/loopback-server';
import { send, signed } from '../../test/local/handmade-request';
import type { Assignment, Report } from './service';

const ENTRY = join(__dirname, 'service.ts');

export class ServiceProcess {
  private constructor(
    private readonly child: ChildProcess,
    private readonly assignment: Assignment,
    private report: Report,
  ) {
    child.on('message', (report) => {
      this.report = report as Report;
    });
  }

  /** @throws Error if it ends before it listens; its output is on stderr */
  static async start(assignment: Assignment): Promise<ServiceProcess> {
    const child = fork(ENTRY, {
      execArgv: ['--require', 'tsx/cjs'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const ended = new AbortController();
    const abort = (): void => ended.abort(new Error('the service ended before it listened'));
    child.once('exit', abort);
    child.send(assignment);
    const [report] = (await once(child, 'message', { signal: ended.signal })) as [Report];
    child.off('exit', abort);
    return new ServiceProcess(child, assignment, report);
  }

  /** Milliseconds of CPU time since it listens, as far as it has reported. */
  get cpu(): number {
    return this.report.cpu;
  }

  /** Ends the process immediately. */
  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await gone;
  }

  get endpoint(): string {
    return `http://${LOOPBACK}:${this.report.port}`;
  }

  /** Calls an operation of the operators with a signed request. @throws Error for an error response */
  async operate(operation: string, input: object): Promise<unknown> {
    const { accessKeyId, secretAccessKey } = this.assignment.principals.operator;
    const credentials = { accessKeyId, secretAccessKey };
    const request = { path: `/operator/${operation}`, body: JSON.stringify(input), credentials };
    const { status, body } = await send(await signed(new URL(this.endpoint).host, request));
    if (status !== 200) throw new Error(`${operation} returned status ${String(status)}: ${body}`);
    return JSON.parse(body);
  }
}
