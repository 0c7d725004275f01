/** Questions to the person at the terminal, and secrets, which are never arguments: other users can read those. */
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text as readAll } from 'node:stream/consumers';
import type { CliContext } from './context';
import { CliError, usageError } from './failure';

export const isInteractive = ({ stdin }: CliContext): boolean => stdin.isTTY === true;

/** @param display.hidden whether the terminal does not show what the person types */
async function askLine(
  context: CliContext,
  question: string,
  { hidden }: { readonly hidden: boolean },
): Promise<string> {
  const { stderr } = context.process;
  const output = new Writable({
    write(chunk: Buffer, _encoding, done) {
      if (!hidden) stderr.write(chunk.toString());
      done();
    },
  });
  const lines = createInterface({ input: context.stdin, output, terminal: true });
  try {
    const closed = new Promise<never>((_resolve, reject) => {
      lines.once('close', () => {
        reject(new CliError('There was no answer, so nothing was changed.'));
      });
    });
    const answer = lines.question(hidden ? '' : question);
    if (hidden) stderr.write(question);
    return (await Promise.race([answer, closed])).trim();
  } finally {
    lines.close();
    if (hidden) stderr.write('\n');
  }
}

/** Asks for a value until there is one. */
export async function ask(context: CliContext, question: string): Promise<string> {
  for (;;) {
    const answer = await askLine(context, `${question}: `, { hidden: false });
    if (answer !== '') return answer;
  }
}

/** Asks a question whose answer is yes only if the person says so. */
export const confirm = async (context: CliContext, question: string): Promise<boolean> =>
  /^y(es)?$/i.test(await askLine(context, `${question} [y/N] `, { hidden: false }));

/**
 * Returns a secret: what stdin contains, or what the person types, which the terminal does not show.
 *
 * @param name what the secret is, for the question
 */
export async function readSecret(context: CliContext, name: string): Promise<string> {
  const secret = isInteractive(context)
    ? await askLine(context, `${name} (not shown): `, { hidden: true })
    : (await readAll(context.stdin)).replace(/\r?\n$/, '');
  if (secret === '') throw usageError(`The ${name} is empty. Type it, or write it to stdin.`);
  return secret;
}
