/** Reads request bodies with a size limit. */
import type { IncomingMessage } from 'node:http';

const MAX_BYTES = 16 * 1024;

async function readBody(request: IncomingMessage, mediaType: string): Promise<string | undefined> {
  if (request.headers['content-type']?.split(';')[0]?.trim().toLowerCase() !== mediaType) return undefined;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * Reads a form that a page of this server posted.
 *
 * All the examples share the site 127.0.0.1, and SameSite cookies do not tell ports apart, so the Origin
 * that browsers send with every POST is compared. Scripts send no Origin and are allowed, because they hold no cookies.
 *
 * @returns the fields, or undefined when the form comes from elsewhere, is too large, or is not a form.
 */
export async function readForm(
  request: IncomingMessage,
  origin: string,
): Promise<URLSearchParams | undefined> {
  const sender = request.headers.origin;
  if (sender !== undefined && sender !== origin) return undefined;
  const body = await readBody(request, 'application/x-www-form-urlencoded');
  return body === undefined ? undefined : new URLSearchParams(body);
}

/** @returns the parsed JSON body, or undefined when it is too large or not JSON. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const body = await readBody(request, 'application/json');
  if (body === undefined) return undefined;
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}
