/** The generated parts of a document, each between two markers. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Returns the pattern of the part that a command generates. */
const blockOf = (command: string): RegExp =>
  new RegExp(`(<!-- figures: \`${command}\` -->\\n\\n).*?(\\n\\n<!-- end of figures -->)`, 's');

const pathOf = (name: string): string => join(__dirname, '..', 'docs', name);

/**
 * Returns a document in its current form, and with the new generated part.
 *
 * @param name the name of a file in docs/
 * @param figures the new generated part, as Markdown
 * @param command the command that generates the part, for a document with several of them
 * @throws Error for a document without markers
 */
export function withFigures(
  name: string,
  figures: string,
  command = '[^`]+',
): { readonly is: string; readonly should: string } {
  const is = readFileSync(pathOf(name), 'utf8');
  const block = blockOf(command);
  if (!block.test(is)) throw new Error(`docs/${name} has no markers for the generated part`);
  const should = is.replace(
    block,
    (_, before: string, after: string) => `${before}${figures.trim()}${after}`,
  );
  return { is, should };
}

/** Writes the generated part into the document, and prints it. The parameters are those of {@link withFigures}. */
export function publish(...part: Parameters<typeof withFigures>): void {
  const [name, figures] = part;
  writeFileSync(pathOf(name), withFigures(...part).should);
  process.stdout.write(`${figures.trim()}\n`);
}
