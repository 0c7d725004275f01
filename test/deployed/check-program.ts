/** A program of checks, which a script starts in another process: its output, and how it ends. */
import { INTERRUPTED, type interruption } from '../program/interruption';
import type { Checks } from './checks';

export const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/**
 * Waits for the checks or an interruption, and prints the total.
 *
 * @param interrupted {@link interruption}, called when the program began
 * @returns the exit code
 */
export async function exitCodeOf(
  checks: Checks,
  checking: Promise<void>,
  interrupted: ReturnType<typeof interruption>,
): Promise<number> {
  // Errors during the shutdown are expected.
  checking.catch(() => undefined);
  if ((await Promise.race([checking, interrupted])) === 'interrupted') return INTERRUPTED;
  print(`\n${checks.total}`);
  return checks.good ? 0 : 1;
}

/**
 * Runs the program, and ends the process.
 *
 * @param main returns the exit code
 */
export function run(main: () => Promise<number>): void {
  main().then(
    (status) => process.exit(status),
    (error: unknown) => {
      process.stderr.write(
        `${error instanceof Error ? (error.stack ?? error.message) : 'not an error object'}\n`,
      );
      process.exit(1);
    },
  );
}
