/** Results of checks, one line each: whether it is good, and what to do if it is not. */
import type { CliContext } from './context';
import { print, styled } from './output';

export interface Check {
  /** `todo`: the command cannot know it. */
  readonly status: 'ok' | 'todo' | 'warn' | 'fail';
  /** What was checked. */
  readonly check: string;
  /** What was found. */
  readonly detail: string;
  /** What to do about it. */
  readonly action?: string;
}

export const ok = (check: string, detail: string): Check => ({ status: 'ok', check, detail });
export const todo = (check: string, detail: string, action: string): Check => ({
  status: 'todo',
  check,
  detail,
  action,
});
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

const STYLE = { ok: 'green', todo: 'yellow', warn: 'yellow', fail: 'red' } as const;

/** Prints the checks for people. */
export function printChecks(context: CliContext, checks: readonly Check[]): void {
  const width = Math.max(...checks.map(({ check }) => check.length));
  const columns = context.process.stdout.columns ?? Infinity;
  // On a narrow terminal, the actions would have no room below the details.
  const indent = ' '.repeat(columns < 4 * width ? 6 : 6 + width + 2);
  for (const { status, check, detail, action } of checks) {
    print(
      context,
      [styled(STYLE[status], status.padEnd(4)), `  ${check.padEnd(width)}  ${detail}`],
      ...(action === undefined ? [] : [`${indent}${action}`]),
    );
  }
}

export const hasFailed = (checks: readonly Check[]): boolean =>
  checks.some(({ status }) => status === 'fail');
