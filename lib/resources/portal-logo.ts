/** The logo on the pages of a consent portal: an image file, as the `data:` URL that the service takes. */
import { readFileSync } from 'node:fs';
import { extname } from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.webp': 'image/webp',
  '.svg': 'image/svg+xml',
};

/** Bytes whose base64 fits into the service's limit of 24,000 characters. */
const MAX_LOGO_BYTES = 17_900;

/** Returns the image as a `data:` URL. @throws Error whose message says what the logo must be */
export function readLogo(path: string): string {
  const type = TYPES[extname(path).toLowerCase()];
  if (type === undefined) throw new Error(`must be a file ${Object.keys(TYPES).join(', ')}`);
  let content: Buffer;
  try {
    content = readFileSync(path);
  } catch (error) {
    throw new Error(`must be a file that can be read; ${path} cannot be read`, { cause: error });
  }
  if (content.length === 0 || content.length > MAX_LOGO_BYTES) {
    throw new Error(
      `must have 1 to ${MAX_LOGO_BYTES.toLocaleString('en')} bytes; ${path} has ${content.length.toLocaleString('en')}`,
    );
  }
  return `data:${type};base64,${content.toString('base64')}`;
}
