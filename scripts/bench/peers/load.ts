/** Sends prepared requests over a fixed number of keep-alive connections. */
import { Agent, request as send } from 'node:http';
import type { Socket } from 'node:net';

/** A request that is ready to send: a signature is in its headers. */
export interface PreparedRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Batch {
  /** Milliseconds of each request, from its first byte sent to the last byte received. */
  readonly waits: readonly number[];
  readonly bytes: { readonly sent: number; readonly received: number };
}

/** A response that is not the expected one. Its body is not in the message, because it might contain a token. */
export class UnexpectedResponse extends Error {
  constructor({ method, url }: PreparedRequest, status: number | undefined) {
    super(`${method} ${url.pathname} returned an unexpected response with status ${status ?? 'unknown'}.`);
  }
}

export class Connections {
  private readonly agent: Agent;
  private readonly sockets = new Set<Socket>();

  constructor(private readonly count: number) {
    this.agent = new Agent({ keepAlive: true, maxSockets: count, maxFreeSockets: count });
  }

  /**
   * Sends each request as soon as a connection is free.
   *
   * @param expected returns whether a body of status 200 is right
   * @throws UnexpectedResponse
   */
  async send(requests: readonly PreparedRequest[], expected: (body: string) => boolean): Promise<Batch> {
    const before = this.transferred();
    const waits: number[] = [];
    const queue = requests[Symbol.iterator]();
    const connection = async (): Promise<void> => {
      // All connections share the iterator, so each request is sent once.
      for (const request of queue) waits.push(await this.sendOne(request, expected));
    };
    await Promise.all(Array.from({ length: this.count }, connection));
    const after = this.transferred();
    return { waits, bytes: { sent: after.sent - before.sent, received: after.received - before.received } };
  }

  private sendOne(request: PreparedRequest, expected: (body: string) => boolean): Promise<number> {
    const { url, method, headers, body } = request;
    const begun = performance.now();
    return new Promise((resolve, reject) => {
      const outgoing = send(url, { method, headers, agent: this.agent }, (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const wait = performance.now() - begun;
          const isExpected = incoming.statusCode === 200 && expected(Buffer.concat(chunks).toString('utf8'));
          if (isExpected) resolve(wait);
          else reject(new UnexpectedResponse(request, incoming.statusCode));
        });
      });
      outgoing.on('socket', (socket: Socket) => this.sockets.add(socket));
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  }

  private transferred(): Batch['bytes'] {
    let [sent, received] = [0, 0];
    for (const socket of this.sockets) {
      sent += socket.bytesWritten;
      received += socket.bytesRead;
    }
    return { sent, received };
  }

  close(): void {
    this.agent.destroy();
  }
}
