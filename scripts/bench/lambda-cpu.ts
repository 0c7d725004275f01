/** The CPU share of a function in Lambda (AWS Lambda developer guide, "Configure Lambda function memory"). */

/** MiB at which a function has a whole CPU. */
export const WHOLE_CPU_MIB = 1769;

/**
 * Returns the milliseconds that CPU-bound work of one thread takes at a memory size.
 *
 * @param cpu milliseconds on a whole CPU
 * @param size in MiB
 */
export const atMemorySize = (cpu: number, size: number): number =>
  (cpu * WHOLE_CPU_MIB) / Math.min(size, WHOLE_CPU_MIB);
