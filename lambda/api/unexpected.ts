/** The report of what no one foresaw: its name and where it came from. What it says may hold secrets, and stays out. */

export interface Unexpected {
  readonly name: string;
  /** The stack's frames, without the message above them. */
  readonly frames: string;
}

export type ReportUnexpected = (unexpected: Unexpected) => void;

/** @param thrown anything */
export function unexpected(thrown: unknown): Unexpected {
  const error = thrown instanceof Error ? thrown : undefined;
  const [, ...frames] = (error?.stack ?? '').split('\n    at ');
  return { name: error?.name ?? 'unknown', frames: frames.join('\n') };
}
