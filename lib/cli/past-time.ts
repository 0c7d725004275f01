/** A time in the past, as options state it. */
import { usageError } from './failure';

const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/**
 * Returns epoch milliseconds.
 *
 * @param option such as `--since`
 */
export function pastTimeOf(option: string, text: string): number {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const time =
    count === undefined ? Date.parse(text) : Date.now() - Number(count) * UNITS[unit as keyof typeof UNITS];
  if (Number.isNaN(time)) {
    throw usageError(
      `${option} must be a duration, such as 30m, 12h, or 7d, or a time, such as 2026-11-26T12:00:00Z.`,
    );
  }
  return time;
}
