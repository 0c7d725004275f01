/** Commands of the checks. Those that run are ended at the shutdown. */
import { spawn, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';

/** Lines of the output that are shown when a command fails. */
const LINES_OF_A_FAILURE = 40;

export class Commands {
  private readonly running = new Set<ReturnType<typeof spawn>>();

  /** Ends all running commands, for the shutdown. */
  end(): void {
    for (const child of this.running) child.kill('SIGKILL');
  }

  /**
   * @returns the output of the command, on both streams
   * @throws Error with the end of the output if the command fails
   */
  async run(
    program: string,
    arguments_: readonly string[],
    options: Pick<SpawnOptions, 'cwd' | 'env'>,
  ): Promise<string> {
    const child = spawn(program, arguments_, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    this.running.add(child);
    let printed = '';
    const add = (text: Buffer): void => {
      printed += text.toString('utf8');
    };
    child.stdout.on('data', add);
    child.stderr.on('data', add);
    const [status] = (await once(child, 'close')) as [number | null];
    this.running.delete(child);
    if (status === 0) return printed;
    const end = printed.trimEnd().split('\n').slice(-LINES_OF_A_FAILURE).join('\n');
    throw new Error(`${program} ${arguments_.join(' ')} ended with ${status ?? 'a signal'}:\n${end}`);
  }
}
