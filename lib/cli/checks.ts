/** Results of checks, one line each: whether it is good, and what to do if it is not. */
import type { CliContext } from './context';
import { painter, print, printable } from './output';

export interface Check {
  readonly status: 'ok' | 'warn' | 'fail';
  /** What was checked. */
  readonly check: string;
  /** What was found. */
  readonly detail: string;
  /** What to do about it. */
  readonly action?: string;
}

export const ok = (check: string, detail: string): Check => ({ status: 'ok', check, detail });
export const warn = (check: string, detail: string, action: string): Check => ({
  status: 'warn',
  check,
  detail,
  action,
});
export const fail = (check: string, detail: string, action: string): Check => ({
  status: 'fail',
  check,
  detail,
  action,
});

const STYLE = { ok: 'green', warn: 'yellow', fail: 'red' } as const;

/** Prints the checks for people. */
export function printChecks(context: CliContext, checks: readonly Check[]): void {
  const paint = painter(context.process.stdout, context.env);
  const width = Math.max(...checks.map(({ check }) => check.length));
  for (const { status, check, detail, action } of checks) {
    print(
      context,
      `${paint(STYLE[status], status.padEnd(4))}  ${printable(check).padEnd(width)}  ${printable(detail)}`,
      ...(action === undefined ? [] : [`${' '.repeat(6 + width + 2)}${printable(action)}`]),
    );
  }
}

export const hasFailed = (checks: readonly Check[]): boolean =>
  checks.some(({ status }) => status === 'fail');
