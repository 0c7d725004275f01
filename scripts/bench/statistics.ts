/** The statistics of which the figures are made. */

/** Returns the value that this share of the values does not exceed; NaN without values. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? NaN;
}

/** Returns a number of milliseconds as the tables have it. */
export const rounded = (value: number): string => value.toFixed(value < 10 ? 1 : 0);

export const median = (values: readonly number[]): number => quantile(values, 0.5);
