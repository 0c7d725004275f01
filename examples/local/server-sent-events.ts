/** Server-sent events (WHATWG HTML, section 9.2): the agent writes them, and the application reads them. */
import type { ServerResponse } from 'node:http';

/** Maximum characters of one event. The application rejects longer events. */
const MAX_EVENT_LENGTH = 256 * 1024;

export interface ServerSentEvent {
  /** `message` if the sender sets no type. */
  readonly type: string;
  readonly data: string;
}

/** Starts a stream of events; `sendEvent` adds to it, and `end()` ends it. */
export function beginEvents(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.flushHeaders();
}

export function sendEvent(response: ServerResponse, data: unknown): void {
  response.write(`data: ${JSON.stringify(data)}\n\n`);
}

/**
 * Yields each event of a stream as soon as it is complete. Ignores an incomplete event at the end.
 *
 * @throws Error when an event is too long, and the errors of the stream.
 */
export async function* readEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true });
    const blocks = rest.split(/\r\n\r\n|\n\n|\r\r/);
    rest = blocks.pop() ?? '';
    if (rest.length > MAX_EVENT_LENGTH) throw new Error('An event of the stream is too long.');
    for (const block of blocks) {
      const event = parseEvent(block);
      if (event !== undefined) yield event;
    }
  }
}

/** @returns undefined for a block without data, such as a comment that keeps the connection open. */
function parseEvent(block: string): ServerSentEvent | undefined {
  let type = 'message';
  const data: string[] = [];
  for (const line of block.split(/\r\n|\n|\r/)) {
    const [, field, value = ''] = /^([^:]*)(?:: ?(.*))?$/.exec(line) ?? [];
    if (field === 'event') type = value;
    else if (field === 'data') data.push(value);
  }
  return data.length === 0 ? undefined : { type, data: data.join('\n') };
}
