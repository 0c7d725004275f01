/** The generated part of a document, between two markers. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const BLOCK = /(<!-- figures: `[^`]+` -->\n\n).*?(\n\n<!-- end of figures -->)/s;

const pathOf = (name: string): string => join(__dirname, '..', 'docs', name);

/**
 * Returns a document in its current form, and with the new generated part.
 *
 * @param name the name of a file in docs/
 * @param figures the new generated part, as Markdown
 * @throws Error for a document without markers
 */
export function withFigures(name: string, figures: string): { readonly is: string; readonly should: string } {
  const is = readFileSync(pathOf(name), 'utf8');
  if (!BLOCK.test(is)) throw new Error(`docs/${name} has no markers for the generated part`);
  const should = is.replace(
    BLOCK,
    (_, before: string, after: string) => `${before}${figures.trim()}${after}`,
  );
  return { is, should };
}

/** Writes the generated part into the document, and prints it. */
export function publish(name: string, figures: string): void {
  writeFileSync(pathOf(name), withFigures(name, figures).should);
  process.stdout.write(`${figures.trim()}\n`);
}
