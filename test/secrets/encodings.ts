/** The forms in which a secret can be in a text: in clear, and in the encodings of URLs, JSON, hex, and base64. */

const BITS_PER_CHARACTER = 6;

/**
 * Returns the characters of a base64 text that depend on the secret alone, if the secret begins at this byte of a group of
 * three. The characters at both ends also depend on the bytes around it.
 */
function alignedBase64(secret: Buffer, offset: number, encoding: 'base64' | 'base64url'): string {
  const bytes = Buffer.concat([Buffer.alloc(offset), secret]);
  const first = Math.ceil((offset * 8) / BITS_PER_CHARACTER);
  const end = Math.floor((bytes.length * 8) / BITS_PER_CHARACTER);
  return bytes.toString(encoding).slice(first, end);
}

const formEncoded = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1);

/** Returns the different forms of a secret, at each of the three alignments of base64. */
export function formsOf(secret: string | Buffer): string[] {
  const bytes = Buffer.from(secret as string, 'utf8');
  const hex = bytes.toString('hex');
  const base64 = [0, 1, 2].flatMap((offset) =>
    (['base64', 'base64url'] as const).map((encoding) => alignedBase64(bytes, offset, encoding)),
  );
  // The log and the files are compared as UTF-8 bytes.
  const inClear = bytes.toString('latin1');
  const text = bytes.toString();
  const escaped = Buffer.from(JSON.stringify(text).slice(1, -1)).toString('latin1');
  const url = encodeURIComponent(text);
  return [...new Set([inClear, escaped, url, formEncoded(text), hex, hex.toUpperCase(), ...base64])];
}
