/** The way back to the application: its own return URL, byte for byte where a header can hold it, with what it needs added. */

/** A character that no header holds; a URL has none either, but was taken with some before registration refused it. */
const BEYOND_HEADERS = /[^\x21-\x7e]+/g;

const percentEncoded = (text: string): string =>
  [...Buffer.from(text)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');

/**
 * @param returnUrl as registered; a query or fragment in it survives
 * @param parameters appended in order, percent-encoded
 */
export function withParameters(
  returnUrl: string,
  parameters: Readonly<Record<string, string | undefined>>,
): string {
  const registered = returnUrl.replaceAll(BEYOND_HEADERS, percentEncoded);
  const added = Object.entries(parameters)
    .filter((entry): entry is [string, string] => entry[1] !== undefined)
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&');
  const end = `${registered}#`.indexOf('#');
  const address = registered.slice(0, end);
  const glue = !address.includes('?') ? '?' : /[?&]$/.test(address) ? '' : '&';
  return address + glue + added + registered.slice(end);
}
