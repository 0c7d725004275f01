/** Tables and colors for people, and JSON for programs. */
import { styleText } from 'node:util';
import type { CliContext } from './context';

type Stream = CliContext['process']['stdout'];
type Style = Parameters<typeof styleText>[0];

/** Control and format characters, with which a text could change what a terminal shows. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** Returns the text without characters that a terminal interprets: it might contain another party's text. */
export const printable = (text: string): string => text.replace(UNSEEN, '?');

/** Returns whether the stream is a terminal with colors. Node.js decides, which obeys NO_COLOR and FORCE_COLOR. */
const hasColors = (stream: Stream, env: CliContext['env']): boolean =>
  (stream.getColorDepth?.({ ...env }) ?? 1) > 1;

/** Returns a function that styles text for the stream. */
export function painter(stream: Stream, env: CliContext['env']): (style: Style, text: string) => string {
  if (!hasColors(stream, env)) return (_style, text) => text;
  return (style, text) => styleText(style, text, { validateStream: false });
}

/** Prints a line of text for people on stdout. */
export const print = ({ process }: CliContext, ...lines: readonly string[]): void => {
  process.stdout.write(`${lines.join('\n')}\n`);
};

/** Prints what is not the result: hints, progress, and questions. */
export const printAside = ({ process }: CliContext, ...lines: readonly string[]): void => {
  process.stderr.write(`${lines.join('\n')}\n`);
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
export const printJson = (context: CliContext, result: unknown): void => {
  print(context, jsonText(result, 2));
};

/** Prints rows below their headings. A cell that is undefined stays empty. */
export function printTable(
  context: CliContext,
  headings: readonly string[],
  rows: readonly (readonly (string | undefined)[])[],
): void {
  const paint = painter(context.process.stdout, context.env);
  const cells = rows.map((row) => row.map((cell) => printable(cell ?? '')));
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  print(context, paint('bold', line(headings)), ...cells.map(line));
}

/** Prints labels and values. */
export function printFields(
  context: CliContext,
  fields: readonly (readonly [label: string, value: string | undefined])[],
): void {
  const stated = fields.filter((field): field is readonly [string, string] => field[1] !== undefined);
  const width = Math.max(...stated.map(([label]) => label.length));
  print(context, ...stated.map(([label, value]) => `${label.padEnd(width)}  ${printable(value)}`));
}

/** Returns the name of a resource, which its ARN ends with. */
export const nameOf = (arn: string | undefined): string | undefined => arn?.split('/').at(-1);

/** Returns a time in ISO 8601 to the second, UTC. */
export const isoTime = (epochSeconds: number): string =>
  new Date(epochSeconds * 1000).toISOString().replace('.000Z', 'Z');

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
    stderr.write(`\r\u001b[K${FRAMES[frame++ % FRAMES.length] ?? ''} ${printable(current)}`);
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
