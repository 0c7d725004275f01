/** A Markdown table in the format of Prettier: aligned columns where the lines fit, else single spaces. */

/** Longest line of an aligned table: `printWidth` of Prettier's settings. */
const MAX_WIDTH = 110;

/** @param rows the rows, with the header first */
export function table(rows: readonly (readonly string[])[]): string {
  const [header = []] = rows;
  const aligned = header.map((_, column) => Math.max(3, ...rows.map((row) => (row[column] ?? '').length)));
  const fits = `| ${aligned.map((width) => '-'.repeat(width)).join(' | ')} |`.length <= MAX_WIDTH;
  const widths = fits ? aligned : header.map(() => 0);
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`;
  const rule = line(widths.map((width) => '-'.repeat(Math.max(3, width))));
  return [line(header), rule, ...rows.slice(1).map(line)].join('\n');
}
