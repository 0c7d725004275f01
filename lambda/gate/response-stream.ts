/**
 * The answer of a streaming function, as Lambda takes it: metadata in JSON, eight zero bytes, the body.
 * Source: API Gateway developer guide, "Set up a Lambda proxy integration with payload response streaming".
 */
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { within } from '../domain/within';

/** Lambda's `responseStream`. */
export interface ResponseStream extends Writable {
  setContentType: (contentType: string) => void;
}

/** Tells whoever invoked that there is metadata ahead of the body. */
export const WITH_METADATA = 'application/vnd.awslambda.http-integration-response';

/** Between the two; no JSON has a zero byte. */
export const DELIMITER = Buffer.alloc(8);

export interface Metadata {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Sends the metadata at once. AWS's own helper (`awslambda.HttpResponseStream`) keeps it until the body's first byte,
 * which may be long in coming, and which an answer like 202 does not have.
 */
export function beginAnswer(stream: ResponseStream, metadata: Metadata): void {
  stream.setContentType(WITH_METADATA);
  stream.write(Buffer.concat([Buffer.from(JSON.stringify(metadata)), DELIMITER]));
}

/** @returns once there is room for more @throws what ended the run, if the reader stops reading until then */
export async function writeChunk(
  stream: ResponseStream,
  chunk: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  if (chunk.length > 0 && !stream.write(chunk)) await once(stream, 'drain', { signal });
}

/**
 * @param signal until when a reader may take what was written
 * @returns when all of it has been taken, or the reader has gone
 * @throws the signal's reason
 */
export async function endAnswer(stream: ResponseStream, signal: AbortSignal): Promise<void> {
  const ended = new Promise<void>((end) => {
    // Called with an error, too, when the reader has gone: it missed the end of what it did not want.
    stream.end(() => end());
    stream.once('close', end);
  });
  await within(signal, ended);
}
