/** Passes the response of another server to the caller as it arrives, and ends what cannot be completed. */
import type { APIGatewayProxyResult } from 'aws-lambda';
import { eachUnlessAborted } from '../domain/abort';
import { EventStream } from '../domain/gate/event-stream';
import type { Invocation } from './invocation';
import { beginResponse, endResponse, writeChunk, type ResponseStream } from './response-stream';

/** Milliseconds before the function's timeout at which the caller gets an error. */
export const TIME_TO_RESPOND = 3_000;

/** Milliseconds that a caller has to read an error or the last event: less than the function has left. */
const TIME_TO_TAKE = 2_000;

/** Milliseconds without a byte. API Gateway closes the connection after 5 minutes, without an error. */
export const IDLE = 290_000;

/** A complete response. */
export type Plain = APIGatewayProxyResult;

/** Ends the response of a finished invocation, and disconnects a caller that does not read it. */
async function finish(stream: ResponseStream): Promise<void> {
  try {
    await endResponse(stream, AbortSignal.timeout(TIME_TO_TAKE));
  } catch {
    stream.destroy();
  }
}

/** @param further headers */
export async function sendPlain(
  stream: ResponseStream,
  { statusCode, headers, body }: Plain,
  further: Readonly<Record<string, string>>,
): Promise<void> {
  beginResponse(stream, { statusCode, headers: { ...further, ...(headers as Record<string, string>) } });
  if (body !== '') stream.write(body);
  await finish(stream);
}

/** @returns undefined unless the response is an event stream that can be parsed */
export const eventStreamOf = (headers: Readonly<Record<string, string>>): EventStream | undefined =>
  /^text\/event-stream\s*(;|$)/i.test(headers['content-type'] ?? '') &&
  headers['content-encoding'] === undefined
    ? new EventStream()
    : undefined;

/** The body of a response that has started. */
export interface PassedBody {
  readonly body: AsyncIterable<Uint8Array>;
  /** Holds an incomplete event back. */
  readonly events: EventStream | undefined;
}

/**
 * Passes a body, and ends the response.
 *
 * @throws the signal's reason, or the error of the body
 */
export async function passBody(
  stream: ResponseStream,
  { body, events }: PassedBody,
  invocation: Invocation,
): Promise<void> {
  for await (const chunk of eachUnlessAborted(invocation.signal, body)) {
    invocation.awaits('caller');
    await writeChunk(stream, events?.take(chunk) ?? chunk, invocation.signal);
    invocation.awaits('server');
  }
  invocation.awaits('caller');
  if (events) await writeChunk(stream, events.rest(), invocation.signal);
  await endResponse(stream, invocation.signal);
}

/**
 * Ends a response that started and cannot complete: an event stream between two events, with a last event; any other one by
 * a disconnect, so that no client takes a part for the whole.
 *
 * @param lastEvent returns undefined for a stream that ends without one
 */
export async function endEarly(
  stream: ResponseStream,
  { disconnected }: Pick<Invocation, 'disconnected'>,
  events: EventStream | undefined,
  lastEvent: (events: EventStream) => string | undefined,
): Promise<void> {
  if (disconnected) return;
  if (!events?.betweenEvents || stream.writableEnded) {
    stream.destroy();
    return;
  }
  const last = lastEvent(events);
  if (last !== undefined) stream.write(last);
  await finish(stream);
}
