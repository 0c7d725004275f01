/**
 * The output that a tutorial shows, with `…` for what varies: within a line for any text, and as a line for any number of
 * lines.
 */

const ELLIPSIS = '…';

const escaped = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

/** A line of the text as a pattern. */
const linePattern = (line: string): string =>
  line === ELLIPSIS
    ? '(?:.*\\n)*?'
    : `[^\\S\\n]*${line.trim().split(ELLIPSIS).map(escaped).join('.*?')}[^\\S\\n]*\\n`;

const patternOf = (text: string): string => text.trimEnd().split('\n').map(linePattern).join('');

const withEnd = (text: string): string => (text.endsWith('\n') ? text : `${text}\n`);

/** Whether the text is the whole output. Blank space at the ends of lines and of the output does not matter. */
export const isOutput = (expected: string, output: string): boolean =>
  new RegExp(`^\\s*${patternOf(expected)}\\s*$`).test(withEnd(output));

/**
 * @param output of a program that still runs
 * @returns the position after the text in the output; undefined if it is not there
 */
export function endOfOutput(expected: string, output: string): number | undefined {
  const found = new RegExp(`^${patternOf(expected)}`, 'm').exec(withEnd(output));
  return found ? Math.min(found.index + found[0].length, output.length) : undefined;
}

/**
 * The commands that a program has printed for its user.
 *
 * @param commands one a line, with `…` for what varies
 * @throws Error if a line was not printed
 */
export function printedCommands(commands: string, output: string): string {
  const lines = output.split('\n');
  const found = commands
    .trimEnd()
    .split('\n')
    .map((command) => {
      const pattern = new RegExp(`^${linePattern(command)}$`);
      const printed = lines.findLast((line) => pattern.test(`${line}\n`));
      if (printed === undefined) throw new Error(`The terminal shows no line "${command}":\n${output}`);
      return printed.trim();
    });
  return `${found.join('\n')}\n`;
}
