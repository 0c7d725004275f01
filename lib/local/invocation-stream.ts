/**
 * The streamed response of a function as the events of InvokeWithResponseStream.
 * Source: AWS Lambda API reference, InvokeWithResponseStream; the events' encoding: Smithy, "Amazon Event Stream
 * Specification".
 */
import type { ServerResponse } from 'node:http';
import { Writable } from 'node:stream';
import { crc32 } from 'node:zlib';
import type { ResponseStream } from '../../lambda/gate/response-stream';

/** A function that streams its response. */
export interface StreamedFunction {
  readonly streaming: (event: unknown, stream: ResponseStream) => Promise<unknown>;
}

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

/** Encodes a header of the string type, which is 7. */
function header(name: string, value: string): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(Buffer.byteLength(value));
  return Buffer.concat([
    Buffer.from([name.length]),
    Buffer.from(name),
    Buffer.from([7]),
    length,
    Buffer.from(value),
  ]);
}

/** Encodes an event: the lengths and their checksum, the headers, the payload, and the checksum of all of it. */
function encoded(type: 'PayloadChunk' | 'InvokeComplete', contentType: string, payload: Buffer): Buffer {
  const headers = Buffer.concat([
    header(':message-type', 'event'),
    header(':event-type', type),
    header(':content-type', contentType),
  ]);
  const lengths = Buffer.concat([uint32(16 + headers.length + payload.length), uint32(headers.length)]);
  const message = Buffer.concat([lengths, uint32(crc32(lengths)), headers, payload]);
  return Buffer.concat([message, uint32(crc32(message))]);
}

export class InvocationStream extends Writable implements ResponseStream {
  /** Lambda does not send this type: the response has the type of event streams. */
  setContentType = (): void => undefined;

  constructor(private readonly response: ServerResponse) {
    super();
    response.writeHead(200, { 'content-type': 'application/vnd.amazon.eventstream' });
    response.flushHeaders();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.send(encoded('PayloadChunk', 'application/octet-stream', chunk), done);
  }

  /**
   * Returns after the last chunk and the end of the stream are sent.
   *
   * @throws Error when the function left its stream open
   */
  async complete(): Promise<void> {
    if (!this.writableEnded) throw new Error('A function left its stream open.');
    await this.close({});
  }

  /** Ends the stream of a function that failed. Chunks that were sent before stay sent. */
  async fail(error: object): Promise<void> {
    await this.close({ ErrorCode: 'Unhandled', ErrorDetails: JSON.stringify(error) });
  }

  private async close(end: object): Promise<void> {
    if (!this.writableFinished) await new Promise<void>((finished) => this.end(finished));
    const payload = Buffer.from(JSON.stringify(end));
    await new Promise<void>((sent) => {
      this.send(encoded('InvokeComplete', 'application/json', payload), () => sent());
    });
    this.response.end();
  }

  /** A client that disconnected does not get the rest. The function continues, as on AWS Lambda. */
  private send(message: Buffer, done: (error?: Error | null) => void): void {
    if (this.response.destroyed) done();
    else this.response.write(message, () => done());
  }
}
