/** Base64url as RFC 7515 section 2 defines it: without padding, and with zero bits after the last byte. */

/**
 * Returns the bytes of a text in base64url; undefined for any other text. Decoders of Node.js ignore padding, surplus bits,
 * and other characters, so that they read several texts as the same bytes. Only one of these texts is accepted.
 */
export function decodeBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}

export const encodeBase64url = (bytes: Buffer | string): string =>
  (typeof bytes === 'string' ? Buffer.from(bytes) : bytes).toString('base64url');

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Returns the JSON object of a part of a JWS or JWE; undefined for anything else. */
export function decodeJsonPart(part: string): Readonly<Record<string, unknown>> | undefined {
  const bytes = decodeBase64url(part);
  if (!bytes) return undefined;
  try {
    const value: unknown = JSON.parse(decoder.decode(bytes));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}
