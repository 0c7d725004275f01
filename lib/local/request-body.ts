/** Reads the bodies of requests to the embedded cloud, up to a size. */
import type { IncomingMessage } from 'node:http';

/**
 * Reads the body to its end, whatever its size: many clients lose a response that arrives before the end of the request.
 *
 * @param most largest size, in bytes
 * @returns undefined when the body is larger
 */
export async function readBody(request: IncomingMessage, most: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= most) chunks.push(chunk);
    else chunks.length = 0;
  }
  return size <= most ? Buffer.concat(chunks) : undefined;
}
