/**
 * Returns every header line of a request as name and value, including repeated headers.
 *
 * @param rawHeaders as in Node.js: names and values in turn
 */
export function headerLines(rawHeaders: readonly string[]): [string, string][] {
  const lines: [string, string][] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2)
    lines.push([rawHeaders[i] ?? '', rawHeaders[i + 1] ?? '']);
  return lines;
}
