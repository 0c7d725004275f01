/** Tables and colors for people, and JSON for programs. */
import { styleText } from 'node:util';
import type { CliContext, Output } from './context';

type Style = Parameters<typeof styleText>[0];

/** Control and format characters, with which a text could change what a terminal shows. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** Returns the text without characters that a terminal interprets: it might contain another party's text. */
export const printable = (text: string): string => text.replace(UNSEEN, '?');

/** A part of a line in a style, on a terminal with colors. */
interface Styled {
  readonly text: string;
  readonly style: Style;
}

/** A line of text. The terminal interprets no character in it: the functions that print it add the styles. */
export type Line = string | readonly (string | Styled)[];

export const styled = (style: Style, text: string): Styled => ({ style, text });

/** Returns whether the stream is a terminal with colors. Node.js decides, which obeys NO_COLOR and FORCE_COLOR. */
const hasColors = (stream: Output, env: CliContext['env']): boolean =>
  (stream.getColorDepth?.({ ...env }) ?? 1) > 1;

function printOn(stream: Output, env: CliContext['env'], lines: readonly Line[]): void {
  const colored = hasColors(stream, env);
  const shown = (part: string | Styled): string => {
    if (typeof part === 'string') return printable(part);
    const text = printable(part.text);
    return colored ? styleText(part.style, text, { validateStream: false }) : text;
  };
  const parts = (line: Line) => (typeof line === 'string' ? [line] : line);
  stream.write(lines.map((line) => `${parts(line).map(shown).join('')}\n`).join(''));
}

/** Prints lines for people on stdout. */
export const print = ({ process, env }: CliContext, ...lines: readonly Line[]): void => {
  printOn(process.stdout, env, lines);
};

/** Prints what is not the result: hints, progress, and questions. */
export const printAside = ({ process, env }: CliContext, ...lines: readonly Line[]): void => {
  printOn(process.stderr, env, lines);
};

/** Returns the character as JSON escapes it, by its UTF-16 code units. */
const escaped = (character: string): string =>
  character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');

/** Returns JSON in which a terminal interprets no character: JSON.stringify leaves C1 and format characters. */
export const jsonText = (value: unknown, indent?: number): string =>
  JSON.stringify(value, undefined, indent).replace(UNSEEN, (character) =>
    // Outside of texts, the only such character is the line break of the indentation.
    character === '\n' ? character : escaped(character),
  );

/** Prints a result for programs. */
export const printJson = ({ process }: CliContext, result: unknown): void => {
  process.stdout.write(`${jsonText(result, 2)}\n`);
};

/** Prints rows below their headings. A cell that is undefined stays empty. */
export function printTable(
  context: CliContext,
  headings: readonly string[],
  rows: readonly (readonly (string | undefined)[])[],
): void {
  const cells = rows.map((row) => row.map((cell) => printable(cell ?? '')));
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  print(context, [styled('bold', line(headings))], ...cells.map(line));
}

/** Prints labels and values. */
export function printFields(
  context: CliContext,
  fields: readonly (readonly [label: string, value: string | undefined])[],
): void {
  const stated = fields.filter((field): field is readonly [string, string] => field[1] !== undefined);
  const width = Math.max(...stated.map(([label]) => label.length));
  print(context, ...stated.map(([label, value]) => `${label.padEnd(width)}  ${value}`));
}

/** Returns a time in ISO 8601 to the second, UTC. A server's text that is not a time stays as it is. */
export function isoTime(epochSeconds: number): string {
  const time = new Date(epochSeconds * 1000);
  return Number.isNaN(time.getTime()) ? String(epochSeconds) : time.toISOString().replace('.000Z', 'Z');
}

export interface Progress {
  /** Replaces the text. */
  readonly show: (text: string) => void;
  /** Removes the text, so that the result follows. */
  readonly end: () => void;
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/** Shows what the command waits for. On a stream that is not a terminal it prints each text once. */
export function progress({ process: { stderr }, env }: CliContext): Progress {
  let current = '';
  if (stderr.getColorDepth === undefined || env.TERM === 'dumb') {
    return {
      show: (text) => {
        if (text !== current) stderr.write(`${printable(text)}\n`);
        current = text;
      },
      end: () => undefined,
    };
  }
  let frame = 0;
  const draw = (): void => {
    // Only the last row of a text that wraps would be replaced.
    const shown = printable(current).slice(0, Math.max(0, (stderr.columns ?? Infinity) - 3));
    stderr.write(`\r\u001b[K${FRAMES[frame++ % FRAMES.length] ?? ''} ${shown}`);
  };
  const timer = setInterval(draw, 100);
  timer.unref();
  return {
    show: (text) => {
      current = text;
      draw();
    },
    end: () => {
      clearInterval(timer);
      stderr.write('\r\u001b[K');
    },
  };
}
