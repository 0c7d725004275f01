/** The report of an unexpected error: its name and stack frames. Its message might contain secrets, and is left out. */

export interface Unexpected {
  readonly name: string;
  /** The stack frames, without the message. */
  readonly frames: string;
}

export type ReportUnexpected = (unexpected: Unexpected) => void;

const FRAME = '\n    at ';

/** A position in a file, or in Node.js itself. */
const POSITION = String.raw`(?:\/|file:\/\/|node:|[A-Za-z]:[\\/])[^()\n]*:\d+:\d+`;

/**
 * A line of V8 about a position, in parentheses if the function has a name. Source: V8, "Stack trace API", section "Stack
 * trace format".
 */
const LINE = new RegExp(
  String.raw`^(?:[\w$.<> [\]#]+ \((?:${POSITION}|<anonymous>|native|index \d+)\)|(?:async )?${POSITION})$`,
);

/** The names of errors are identifiers. Another text can contain anything. */
const NAME = /^\w{1,64}$/;

/** What V8 writes before the message: the name and a colon, or without a message the name alone. */
const BEFORE_MESSAGE = /^(?:[^\n]*: )?$/;
const BEFORE_NO_MESSAGE = /^[^:\n]*$/;

/** Returns the value; undefined if its getter throws, as objects of callers and libraries can. */
function attempted<Value>(get: () => Value): Value | undefined {
  try {
    return get();
  } catch {
    return undefined;
  }
}

/** Returns what follows the message in a stack; undefined if the message was changed after the stack was written. */
function afterMessage(stack: string, message: string): string | undefined {
  const at = stack.indexOf(message + FRAME);
  const before = message === '' ? BEFORE_NO_MESSAGE : BEFORE_MESSAGE;
  return at >= 0 && before.test(stack.slice(0, at)) ? stack.slice(at + message.length) : undefined;
}

/** Returns the frames of a stack. The message before them, and a text behind them, can contain lines that look like frames. */
function framesOf({ stack, message }: Record<'stack' | 'message', unknown>): string[] {
  if (typeof stack !== 'string') return [];
  const frames = typeof message === 'string' ? afterMessage(stack, message) : undefined;
  if (frames === undefined) {
    const parts = stack.split(FRAME).slice(1);
    return parts.slice(parts.findLastIndex((part) => !LINE.test(part)) + 1);
  }
  const parts = frames.split(FRAME).slice(1);
  const end = parts.findIndex((part) => part.includes('\n'));
  const own = end < 0 ? parts : [...parts.slice(0, end), ...(parts[end] ?? '').split('\n', 1)];
  return own.filter((part) => LINE.test(part));
}

/**
 * Returns what can be logged of an error. Never throws.
 *
 * @param thrown anything
 */
export function unexpected(thrown: unknown): Unexpected {
  const error = attempted(() => (thrown instanceof Error ? thrown : undefined));
  if (!error) return { name: 'unknown', frames: '' };
  const name: unknown = attempted(() => error.name);
  const stack: unknown = attempted(() => error.stack);
  const message: unknown = attempted(() => error.message);
  return {
    name: typeof name === 'string' && NAME.test(name) ? name : 'unknown',
    frames: framesOf({ stack, message }).join('\n'),
  };
}
