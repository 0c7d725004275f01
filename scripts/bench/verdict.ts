/** Whether the figures of the benchmark meet the targets. */
import type { Settings } from './settings';

/**
 * Returns the target, and whether a figure meets it. The figures of a quick run are of too few calls to say so.
 *
 * @param unit follows the target
 */
export function verdict(figure: number, most: number, { quick }: Pick<Settings, 'quick'>, unit = ''): string {
  const result = figure <= most ? 'met' : 'missed';
  return `≤ ${most}${unit}: ${quick ? 'not evaluated' : result}`;
}
