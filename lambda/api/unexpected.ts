/** The report of an unexpected error: its name and stack frames. Its message might contain secrets, and is left out. */

export interface Unexpected {
  readonly name: string;
  /** The stack frames, without the message. */
  readonly frames: string;
}

export type ReportUnexpected = (unexpected: Unexpected) => void;

const FRAME = '\n    at ';

/**
 * A frame of V8: a position, in parentheses if the function has a name. Source: V8, "Stack trace API", section "Stack trace
 * format".
 */
const POSITION = /^(?:[\w$.<> [\]#]+ \()?(?:[^()\n]*:\d+:\d+|<anonymous>|native|index \d+)\)?$/;

/** Returns the frames of a stack. The message before them can itself contain lines that look like frames. */
function framesOf({ stack = '', message }: Error): string[] {
  const at = stack.indexOf(message);
  if (at >= 0)
    return stack
      .slice(at + message.length)
      .split(FRAME)
      .slice(1);
  // The message was changed after the error was created, so the stack has another one.
  const parts = stack.split(FRAME).slice(1);
  return parts.slice(parts.findLastIndex((part) => !POSITION.test(part)) + 1);
}

/**
 * Returns what can be logged of an error.
 *
 * @param thrown anything
 */
export function unexpected(thrown: unknown): Unexpected {
  const error = thrown instanceof Error ? thrown : undefined;
  return { name: error?.name ?? 'unknown', frames: error ? framesOf(error).join('\n') : '' };
}
