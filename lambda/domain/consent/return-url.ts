/** The way back to the application: its own return URL, byte for byte, with what it needs added. */

/**
 * @param returnUrl as registered; a query or fragment in it survives
 * @param parameters appended in order, percent-encoded
 */
export function withParameters(
  returnUrl: string,
  parameters: Readonly<Record<string, string | undefined>>,
): string {
  const added = Object.entries(parameters)
    .filter((entry): entry is [string, string] => entry[1] !== undefined)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&');
  const end = `${returnUrl}#`.indexOf('#');
  const address = returnUrl.slice(0, end);
  const glue = !address.includes('?') ? '?' : /[?&]$/.test(address) ? '' : '&';
  return address + glue + added + returnUrl.slice(end);
}
