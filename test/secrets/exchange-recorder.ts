/** Records what every HTTP server of this process receives and sends: the service, its AWS services, and third parties. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request or a response, as on the wire, except for the encoding of its length. */
export interface Message {
  /** First line and header lines. */
  readonly head: string;
  readonly body: Buffer;
}

export interface Exchange {
  /** Of the server. */
  readonly port: number;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly request: Message;
  readonly response: Message;
}

interface Started {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly server: Server;
}

/** The methods through which Node.js passes each part of a body. */
interface Reading {
  push: (chunk: unknown, encoding?: BufferEncoding) => boolean;
}
interface Writing {
  /** The head that was sent. `getHeaders` lacks the headers that are given to `writeHead`. */
  readonly _header: string | null;
  write: (chunk: unknown, ...rest: unknown[]) => boolean;
  end: (chunk?: unknown, ...rest: unknown[]) => unknown;
}

const CHANNEL = 'http.server.request.start';

function headOf({ method = '', url = '', rawHeaders }: IncomingMessage): string {
  const lines = [`${method} ${url}`];
  for (let at = 0; at < rawHeaders.length; at += 2) lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`);
  return lines.join('\r\n');
}

/** Parts of a body, collected on their way. */
class Body {
  private readonly parts: Buffer[] = [];

  add(chunk: unknown): void {
    if (typeof chunk === 'string') this.parts.push(Buffer.from(chunk));
    // A copy, because the owner of the bytes can use their memory again.
    if (chunk instanceof Uint8Array) this.parts.push(Buffer.from(chunk));
  }

  get bytes(): Buffer {
    return Buffer.concat(this.parts);
  }
}

/** A listener for the data would change when the request is read. */
function bodyReceived(incoming: Reading): Body {
  const body = new Body();
  const push = incoming.push.bind(incoming);
  incoming.push = (chunk, encoding) => {
    body.add(chunk);
    return push(chunk, encoding);
  };
  return body;
}

function bodySent(outgoing: Writing): Body {
  const body = new Body();
  const write = outgoing.write.bind(outgoing);
  const end = outgoing.end.bind(outgoing);
  outgoing.write = (chunk, ...rest) => {
    body.add(chunk);
    return write(chunk, ...rest);
  };
  outgoing.end = (chunk, ...rest) => {
    body.add(chunk);
    // `end` may call `write` with the same part.
    outgoing.write = write;
    return end(chunk, ...rest);
  };
  return body;
}

export class ExchangeRecorder {
  private readonly exchanges: (() => Exchange)[] = [];

  private readonly observe = (event: unknown): void => {
    const { request, response, server } = event as Started;
    const address = server.address() as AddressInfo | null;
    const received = bodyReceived(request);
    const writing = response as unknown as Writing;
    const sent = bodySent(writing);
    this.exchanges.push(() => ({
      port: address?.port ?? 0,
      method: request.method ?? '',
      path: request.url?.split('?')[0] ?? '',
      request: { head: headOf(request), body: received.bytes },
      response: { head: writing._header ?? '', body: sent.bytes },
    }));
  };

  start(): void {
    subscribe(CHANNEL, this.observe);
  }

  /** Ends the recording. Returns all exchanges. */
  stop(): Exchange[] {
    unsubscribe(CHANNEL, this.observe);
    return this.exchanges.splice(0).map((exchange) => exchange());
  }
}
