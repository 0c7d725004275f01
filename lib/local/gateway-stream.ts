/**
 * The streamed response of a function, as API Gateway forwards it. The metadata becomes the status and the headers. Each
 * later chunk becomes part of the body when it is written.
 * Source: API Gateway developer guide, "Set up a Lambda proxy integration with payload response streaming".
 */
import type { ServerResponse } from 'node:http';
import { Writable } from 'node:stream';
import type { APIGatewayProxyEvent, APIGatewayProxyResult, Context } from 'aws-lambda';
import { DELIMITER, WITH_METADATA, type ResponseStream } from '../../lambda/gate/response-stream';
import { sendHead } from './gateway-response';

/** A function that streams its response, as `awslambda.streamifyResponse` creates it. */
export interface StreamingFunction {
  readonly streaming: (
    event: APIGatewayProxyEvent,
    stream: ResponseStream,
    context: Context,
  ) => Promise<unknown>;
}

/** Largest metadata, in bytes. */
const MAX_METADATA_BYTES = 16 * 1024;

export class GatewayStream extends Writable implements ResponseStream {
  private contentType = '';
  private metadata = Buffer.alloc(0);

  /** @param response that is cut off if the function does not end it. The stream ends if the client disconnects. */
  constructor(private readonly response: ServerResponse) {
    super();
    response.once('close', () => this.destroy());
  }

  setContentType = (contentType: string): void => {
    this.contentType = contentType;
  };

  /** Whether the headers are sent, so that no error can replace the response. */
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
    // The client learns that the response is incomplete.
    if (this.begun && !this.response.writableEnded) this.response.destroy();
    done(error);
  }

  private begin(metadata: Buffer): void {
    if (this.contentType !== WITH_METADATA)
      throw new Error('A function streamed without the content type of metadata.');
    sendHead(this.response, JSON.parse(metadata.toString('utf8')) as APIGatewayProxyResult);
    this.response.flushHeaders();
  }

  private pass(chunk: Buffer, done: (error?: Error | null) => void): void {
    if (chunk.length === 0) {
      done();
      return;
    }
    this.response.write(chunk, (error) => {
      // The client disconnected, which is not a failure of the function.
      if (error) this.destroy();
      else done();
    });
  }
}
