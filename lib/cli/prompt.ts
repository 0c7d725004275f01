/** Questions to the person at the terminal, and secrets, which are never arguments: other users can read those. */
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text as readAll } from 'node:stream/consumers';
import type { CliContext } from './context';
import { canceled, usageError, type CliError } from './failure';
import { printable, printAside } from './output';

export const isInteractive = ({ stdin }: CliContext): boolean => stdin.isTTY === true;

interface Typed {
  readonly line: string;
  /** Whether more lines were typed at the same time, as by pasting several lines. */
  readonly more: boolean;
}

/** @param display.hidden whether the terminal does not show what the person types */
async function askLine(
  context: CliContext,
  question: string,
  { hidden }: { readonly hidden: boolean },
): Promise<Typed> {
  const { stderr } = context.process;
  const shown = printable(question);
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (!hidden) stderr.write(chunk.toString());
      done();
    },
  });
  // Else readline takes a question that wraps for one row.
  Object.defineProperty(output, 'columns', { get: () => stderr.columns });
  const lines = createInterface({ input: context.stdin, output, terminal: true });
  let count = 0;
  let answered = false;
  lines.on('line', () => (count += 1));
  try {
    const closed = new Promise<never>((_resolve, reject) => {
      lines.once('close', () => {
        reject(canceled('There was no answer, so nothing was changed.'));
      });
    });
    const answer = lines.question(hidden ? '' : shown);
    if (hidden) stderr.write(shown);
    const line = await Promise.race([answer, closed]);
    answered = true;
    return { line: line.trim(), more: count > 0 || lines.line !== '' };
  } finally {
    lines.close();
    // Readline writes it after an answer that it shows.
    if (hidden || !answered) stderr.write('\n');
  }
}

/** Asks for a value until there is one. */
export async function ask(context: CliContext, question: string): Promise<string> {
  for (;;) {
    const { line } = await askLine(context, `${question}: `, { hidden: false });
    if (line !== '') return line;
  }
}

/** Asks for a value that can be left out: Enter alone. */
export async function askOptional(context: CliContext, question: string): Promise<string | undefined> {
  const { line } = await askLine(context, `${question}: `, { hidden: false });
  return line === '' ? undefined : line;
}

/** Asks a question whose answer is yes only if the person says so. */
export const confirm = async (context: CliContext, question: string): Promise<boolean> =>
  /^y(es)?$/i.test((await askLine(context, `${question} [y/N] `, { hidden: false })).line);

/**
 * Asks before a change that cannot be undone.
 *
 * @param done what was not done if the person says no
 * @throws CliError if the person says no, or there is no person and no option `--yes`
 */
export async function confirmOrCancel(
  context: CliContext,
  { yes, question, done }: { readonly yes: boolean; readonly question: string; readonly done: string },
): Promise<void> {
  if (yes) return;
  if (!isInteractive(context)) throw usageError('There is no terminal for a question.', 'Set --yes.');
  if (!(await confirm(context, question))) throw canceled(`Nothing was ${done}.`);
}

/** Returns the error for a text that cannot be a secret. All secrets here have one line: a second one is a mistake. */
function secretFault(name: string, { line, more }: Typed): CliError | undefined {
  if (line === '') return usageError(`The ${name} is empty.`, 'Type it, or write it to stdin.');
  if (!more) return undefined;
  return usageError(
    `The ${name} has more than one line.`,
    'Type it, or write it to stdin, as a single line without anything else.',
  );
}

/** Returns what a program wrote to stdin. Line breaks at the end are not part of a secret: files and `echo` add them. */
async function readLine({ stdin }: CliContext): Promise<Typed> {
  const line = (await readAll(stdin)).replace(/[\r\n]+$/, '');
  return { line, more: /[\r\n]/.test(line) };
}

/**
 * Returns a secret: what stdin contains, or what the person types, which the terminal does not show. Asks a person again
 * if the text cannot be a secret.
 *
 * @param name what the secret is, for the question
 */
export async function readSecret(context: CliContext, name: string): Promise<string> {
  const interactive = isInteractive(context);
  for (;;) {
    const typed = interactive
      ? await askLine(context, `${name} (not shown): `, { hidden: true })
      : await readLine(context);
    const fault = secretFault(name, typed);
    if (!fault) return typed.line;
    if (!interactive) throw fault;
    printAside(context, fault.message);
  }
}
