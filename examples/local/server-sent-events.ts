/** Server-sent events (WHATWG HTML, section 9.2), as the agent writes and the application reads them. */
import type { ServerResponse } from 'node:http';

/** Characters of one event; an agent that sends more than this at once is not believed to be one. */
const MAX_EVENT_LENGTH = 256 * 1024;

export interface ServerSentEvent {
  /** `message` where the sender names none. */
  readonly type: string;
  readonly data: string;
}

/** Begins a stream of events; `sendEvent` adds to it, and `end()` ends it. */
export function beginEvents(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.flushHeaders();
}

export function sendEvent(response: ServerResponse, data: unknown): void {
  response.write(`data: ${JSON.stringify(data)}\n\n`);
}

/**
 * The events of a stream, each as soon as it is whole; what is cut off in the middle of one is left out.
 *
 * @throws Error when an event is too long, and the stream's own errors.
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
