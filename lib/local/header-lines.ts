/**
 * Every header line of a request, repeated ones too, as name and value.
 *
 * @param rawHeaders as Node.js has them, names and values in turn
 */
export function headerLines(rawHeaders: readonly string[]): [string, string][] {
  const lines: [string, string][] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2)
    lines.push([rawHeaders[i] ?? '', rawHeaders[i + 1] ?? '']);
  return lines;
}
