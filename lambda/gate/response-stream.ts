/**
 * The response format of a streaming Lambda function: JSON metadata, eight zero bytes, then the body.
 * Source: API Gateway developer guide, "Set up a Lambda proxy integration with payload response streaming".
 */
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { unlessAborted } from '../domain/abort';

/** Lambda's `responseStream`. */
export interface ResponseStream extends Writable {
  setContentType: (contentType: string) => void;
}

/** Content type that announces metadata ahead of the body. */
export const WITH_METADATA = 'application/vnd.awslambda.http-integration-response';

/** Separates metadata and body; JSON text contains no zero byte. */
export const DELIMITER = Buffer.alloc(8);

export interface Metadata {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Sends the metadata immediately. The AWS helper (`awslambda.HttpResponseStream`) holds it back until the first byte of
 * the body, which might take long, and which a response such as 202 does not have.
 */
export function beginResponse(stream: ResponseStream, metadata: Metadata): void {
  stream.setContentType(WITH_METADATA);
  stream.write(Buffer.concat([Buffer.from(JSON.stringify(metadata)), DELIMITER]));
}

/** @returns once the stream accepts more @throws the invocation's abort reason, if it aborts first */
export async function writeChunk(
  stream: ResponseStream,
  chunk: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  if (chunk.length > 0 && !stream.write(chunk)) await once(stream, 'drain', { signal });
}

/**
 * @param signal ends the wait for the reader
 * @returns when the reader has read everything, or has disconnected
 * @throws the signal's reason
 */
export async function endResponse(stream: ResponseStream, signal: AbortSignal): Promise<void> {
  const ended = new Promise<void>((end) => {
    // A reader that disconnected also ends here, with an error that does not matter.
    stream.end(() => end());
    stream.once('close', end);
  });
  await unlessAborted(signal, ended);
}
