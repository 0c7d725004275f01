/** Bodies of requests to the embedded cloud, within bounds. */
import type { IncomingMessage } from 'node:http';

/**
 * Reads to the end, whatever the size: an answer before the end of the request is lost on many a client.
 *
 * @param most bytes
 * @returns undefined when there was more; it has been dropped
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
