/** The command line of the programs that `npm run` starts: their options, `--help`, and how they end. */
import { isAbsolute, join, relative } from 'node:path';
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { StartError } from '../../lib/local/start-error';
import { INTERRUPTED, interruption } from './interruption';

const ROOT = join(__dirname, '..', '..');

/** Options that are not valid. The message says what to do. */
export class UsageError extends Error {}

/** `--help` was requested. The message is the help. */
export class HelpRequested extends Error {}

export interface Usage {
  /** For example, `npm run soak`, or `npm run bench -- --peers`. */
  readonly command: string;
  /** What the program does, in one sentence. */
  readonly about: string;
  /** The arguments that are not options, for the help; absent if there are none. */
  readonly operands?: string;
}

interface Description {
  /** What the option does, for the help. */
  readonly about: string;
  /** Name of its value. */
  readonly value?: string;
}

type Option = NonNullable<ParseArgsConfig['options']>[string] & Description;

export type Options = Readonly<Record<string, Option>>;

/** npm passes options to a program after `--`. */
const commandWith = (command: string, option: string): string =>
  `${command}${command.includes(' -- ') ? '' : ' --'} ${option}`;

function helpOf({ command, about, operands }: Usage, options: Options): string {
  const rows = Object.entries(options).map(([name, option]) => {
    const left = `--${name}${option.value === undefined ? '' : ` ${option.value}`}`;
    const { default: otherwise } = option;
    const hasDefault = typeof otherwise === 'string' && otherwise !== '';
    return [left, `${option.about}${hasDefault ? ` (default: ${otherwise})` : ''}`] as const;
  });
  const all = [...rows, ['--help', 'print this help'] as const];
  const width = Math.max(...all.map(([left]) => left.length));
  const lines = all.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
  const rest = operands === undefined ? '[options]' : `[options] ${operands}`;
  return [commandWith(command, rest), '', about, '', ...lines].join('\n');
}

/**
 * Returns the values of the options.
 *
 * @param args the arguments of the program
 * @param options as in `parseArgs`, with their help
 * @throws UsageError for an unknown option; HelpRequested for `--help`
 */
export const optionsFrom = <const Given extends Options>(
  usage: Usage,
  args: readonly string[],
  options: Given,
) => argumentsFrom(usage, args, options).values;

/** Returns the arguments in which a negative number is the value of the option before it. `parseArgs` rejects it as ambiguous. */
const withNegativeNumbers = (args: readonly string[], options: Options): string[] =>
  args.reduce<string[]>((joined, arg) => {
    const option = /^--([\w-]+)$/.exec(joined.at(-1) ?? '')?.[1];
    const isValue = /^-\d/.test(arg) && option !== undefined && options[option]?.type === 'string';
    return isValue ? [...joined.slice(0, -1), `--${option}=${arg}`] : [...joined, arg];
  }, []);

/** Returns names for a message, each in its own line. */
export const inLines = (names: readonly string[]): string => names.map((name) => `\n  ${name}`).join('');

/** Returns the values of the options, and the arguments that are not options. @throws as {@link optionsFrom} */
export function argumentsFrom<const Given extends Options>(
  usage: Usage,
  args: readonly string[],
  options: Given,
) {
  if (args.includes('--help')) throw new HelpRequested(helpOf(usage, options));
  try {
    return parseArgs({
      args: withNegativeNumbers(args, options),
      options,
      allowPositionals: usage.operands !== undefined,
    });
  } catch (error) {
    const [reason = ''] = error instanceof Error ? error.message.split(/\. |\n/) : [];
    throw new UsageError(`${reason}. Run \`${commandWith(usage.command, '--help')}\` for the options.`);
  }
}

/**
 * Returns the number that is the value of an option.
 *
 * @param name of the option, without dashes
 * @param range the least and the greatest number
 * @throws UsageError
 */
export function countOf(name: string, text: string, [min, max]: readonly [number, number]): number {
  const count = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (count >= min && count <= max) return count;
  throw new UsageError(`--${name} must be a whole number from ${min} to ${max}; it is "${text}".`);
}

/** A kind of errors. */
type ErrorClass = abstract new (...args: never[]) => Error;

class Interrupted extends Error {}

/** How a program ends, and what it prints last. */
export interface End {
  readonly status: number;
  readonly stdout?: string;
  readonly stderr?: string;
}

/** Returns the first place of this project in the stack of an error, as `file:line`. */
function placeOf({ stack = '' }: Error): string | undefined {
  for (const [, file = '', line = ''] of stack.matchAll(/([^\s(]+):(\d+):\d+\)?$/gm)) {
    const path = relative(ROOT, file);
    const isOurs = isAbsolute(file) && !path.startsWith('..') && !path.includes('node_modules');
    if (isOurs) return `${path}:${line}`;
  }
  return undefined;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'The program failed for an unknown reason.';
  if (process.env.STACK === '1') return error.stack ?? error.message;
  const place = placeOf(error);
  const [message = ''] = error.message.split('\n');
  const where = place === undefined ? '' : ` (${place})`;
  return `The program failed: ${error.name}: ${message}${where}. Set STACK=1 to see the stack trace.`;
}

/**
 * Returns the end of a program that failed.
 *
 * @param expected kinds of errors whose messages say what to do
 */
export function endOf(error: unknown, expected: readonly ErrorClass[] = []): End {
  if (error instanceof HelpRequested) return { status: 0, stdout: error.message };
  if (error instanceof UsageError) return { status: 2, stderr: error.message };
  if (error instanceof Interrupted) return { status: INTERRUPTED };
  const isExpected = [StartError, ...expected].some((kind) => error instanceof kind);
  return { status: 1, stderr: isExpected && error instanceof Error ? error.message : reasonOf(error) };
}

/** Returns the result of some work; throws if Ctrl-C comes first. Then the errors of the work are ignored. */
export type UntilInterrupted = <Result>(work: Promise<Result>) => Promise<Result>;

/**
 * Runs a program, and ends the process: with the status that it returns, 2 for options that are not valid, 130 after
 * Ctrl-C, and 1 for another failure.
 *
 * @param main does all that takes long within `untilInterrupted`, and then cleans up
 * @param expected kinds of errors whose messages say what to do, in addition to StartError
 */
export function runProgram(
  main: (untilInterrupted: UntilInterrupted) => number | Promise<number>,
  expected: readonly ErrorClass[] = [],
): void {
  const interrupted = interruption().then(() => {
    throw new Interrupted();
  });
  interrupted.catch(() => undefined);
  const untilInterrupted: UntilInterrupted = (work) => {
    work.catch(() => undefined);
    return Promise.race([work, interrupted]);
  };
  Promise.resolve()
    .then(() => main(untilInterrupted))
    .then(
      (status) => process.exit(status),
      (error: unknown) => {
        const { status, stdout, stderr } = endOf(error, expected);
        if (stdout !== undefined) process.stdout.write(`${stdout}\n`);
        if (stderr !== undefined) process.stderr.write(`${stderr}\n`);
        process.exit(status);
      },
    );
}
