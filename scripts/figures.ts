/** Figures that a document quotes, between two markers, as a script made them. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const BLOCK = /(<!-- figures: `[^`]+` -->\n\n).*?(\n\n<!-- end of figures -->)/s;

const pathOf = (name: string): string => join(__dirname, '..', 'docs', name);

/**
 * @param name of a file in docs
 * @returns the document as it is, and as it would be with these figures
 * @throws Error for a document without markers
 */
export function withFigures(name: string, figures: string): { readonly is: string; readonly should: string } {
  const is = readFileSync(pathOf(name), 'utf8');
  if (!BLOCK.test(is)) throw new Error(`docs/${name} has no place for figures`);
  const should = is.replace(
    BLOCK,
    (_, before: string, after: string) => `${before}${figures.trim()}${after}`,
  );
  return { is, should };
}

/** Writes the figures into the document, and prints them. */
export function publish(name: string, figures: string): void {
  writeFileSync(pathOf(name), withFigures(name, figures).should);
  process.stdout.write(`${figures.trim()}\n`);
}
