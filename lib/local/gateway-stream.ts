/**
 * A streaming function's answer, as API Gateway passes it on: the metadata becomes status and headers, what follows the
 * body, at the moment that it is written.
 * Source: API Gateway developer guide, "Set up a Lambda proxy integration with payload response streaming".
 */
import type { ServerResponse } from 'node:http';
import { Writable } from 'node:stream';
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import { DELIMITER, WITH_METADATA, type ResponseStream } from '../../lambda/gate/response-stream';
import { answerHead } from './gateway-response';

/** A function that answers through a stream, as `awslambda.streamifyResponse` makes them. */
export interface StreamingFunction {
  readonly streaming: (
    event: APIGatewayProxyEvent,
    stream: ResponseStream,
    context: Context,
  ) => Promise<unknown>;
}

/** Bytes within which the gateway wants to have seen the metadata. */
const MAX_METADATA_BYTES = 16 * 1024;

export class GatewayStream extends Writable implements ResponseStream {
  private contentType = '';
  private metadata = Buffer.alloc(0);

  /** @param response is cut off when the answer does not come to its end, and the stream ends when the client leaves */
  constructor(private readonly response: ServerResponse) {
    super();
    response.once('close', () => this.destroy());
  }

  setContentType = (contentType: string): void => {
    this.contentType = contentType;
  };

  /** Whether the answer's head is out, so that no error can take its place. */
  get begun(): boolean {
    return this.response.headersSent;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    if (this.begun) {
      this.pass(chunk, done);
      return;
    }
    this.metadata = Buffer.concat([this.metadata, chunk]);
    const end = this.metadata.indexOf(DELIMITER);
    try {
      if (end >= 0) this.begin(this.metadata.subarray(0, end));
      else if (this.metadata.length > MAX_METADATA_BYTES) throw new Error('A function streamed no metadata.');
    } catch (error) {
      done(error as Error);
      return;
    }
    if (end >= 0) this.pass(this.metadata.subarray(end + DELIMITER.length), done);
    else done();
  }

  override _final(done: (error?: Error | null) => void): void {
    if (this.begun) this.response.end(done);
    else done(new Error('A function streamed no metadata.'));
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    // The client gets to know that there should have been more.
    if (this.begun && !this.response.writableEnded) this.response.destroy();
    done(error);
  }

  private begin(metadata: Buffer): void {
    if (this.contentType !== WITH_METADATA)
      throw new Error('A function streamed without saying that it has metadata.');
    answerHead(this.response, JSON.parse(metadata.toString('utf8')) as APIGatewayProxyResult);
    this.response.flushHeaders();
  }

  private pass(chunk: Buffer, done: (error?: Error | null) => void): void {
    if (chunk.length === 0) {
      done();
      return;
    }
    this.response.write(chunk, (error) => {
      // The client has left, which is no fault of the function's.
      if (error) this.destroy();
      else done();
    });
  }
}
