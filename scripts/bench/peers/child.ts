/** A program of the comparison in its own process, which ends with this one. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

export interface Child<Ready> {
  readonly pid: number;
  readonly ready: Ready;
  readonly stop: () => Promise<void>;
}

/**
 * @param script path of a program that ends when its parent disconnects
 * @param assignment its settings, in a message because they contain secrets
 * @throws Error if it ends before it is ready; its output is on stderr
 */
export async function startChild<Ready>(
  script: string,
  assignment: object,
  execArgv: readonly string[] = [],
): Promise<Child<Ready>> {
  const child: ChildProcess = fork(script, {
    execArgv: [...execArgv],
    // The variable is what a deployment of Express sets.
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const gone = once(child, 'exit');
  const ended = new AbortController();
  const abort = (): void => ended.abort(new Error(`${script} ended before it was ready.`));
  child.once('exit', abort);
  child.send(assignment);
  const [ready] = (await once(child, 'message', { signal: ended.signal })) as [Ready];
  child.off('exit', abort);
  const stop = async (): Promise<void> => {
    child.disconnect();
    await gone;
  };
  return { pid: child.pid ?? 0, ready, stop };
}
