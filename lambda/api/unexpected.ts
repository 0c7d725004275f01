/** The report of an unexpected error: its name and stack frames. Its message might contain secrets, and is left out. */

export interface Unexpected {
  readonly name: string;
  /** The stack frames, without the message. */
  readonly frames: string;
}

export type ReportUnexpected = (unexpected: Unexpected) => void;

/**
 * Returns what can be logged of an error.
 *
 * @param thrown anything
 */
export function unexpected(thrown: unknown): Unexpected {
  const error = thrown instanceof Error ? thrown : undefined;
  const [, ...frames] = (error?.stack ?? '').split('\n    at ');
  return { name: error?.name ?? 'unknown', frames: frames.join('\n') };
}
