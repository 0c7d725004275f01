/** A scripted transmitter of security events that are polled (RFC 8936), over HTTP on loopback. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { IssuedCertificate } from './certificates';

/** A request, as RFC 8936 section 2.2 describes it. */
export interface PollRequest {
  readonly authorization: string | undefined;
  readonly maxEvents: number;
  readonly returnImmediately: boolean;
  readonly ack?: string[];
  readonly setErrs?: Record<string, { err: string; description: string }>;
}

/** Answers one request in place of the transmitter. */
type Step = (request: PollRequest, response: ServerResponse) => Promise<void> | void;

export class PollTransmitter {
  /** Undelivered and unacknowledged SETs, by the names that they are delivered under. */
  readonly pending = new Map<string, string>();
  readonly requests: PollRequest[] = [];
  /** SETs of one response. */
  batch = 100;
  /** Steps for the next requests. After them, the transmitter behaves. */
  readonly script: Step[] = [];

  private constructor(
    readonly endpoint: string,
    readonly close: () => Promise<void>,
  ) {}

  /** @param certificate of the server, for a transmitter at an https URL */
  static async start(certificate?: IssuedCertificate): Promise<PollTransmitter> {
    const respond = (request: IncomingMessage, response: ServerResponse) =>
      void transmitter.serve(request, response);
    const server = certificate ? createTlsServer({ ...certificate }, respond) : createServer(respond);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const transmitter = new PollTransmitter(
      `${certificate ? 'https' : 'http'}://127.0.0.1:${port}/poll`,
      async () => {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      },
    );
    return transmitter;
  }

  /** Starts without SETs, requests, and steps. */
  reset(): void {
    this.pending.clear();
    this.requests.length = 0;
    this.script.length = 0;
    this.batch = 100;
  }

  private async serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = JSON.parse(await text(incoming)) as Omit<PollRequest, 'authorization'>;
    const request = { authorization: incoming.headers.authorization, ...body };
    this.requests.push(request);
    const step = this.script.shift();
    if (step) await step(request, response);
    if (!response.writableEnded && !response.destroyed) this.answer(request, response);
  }

  private answer({ maxEvents, ack = [], setErrs = {} }: PollRequest, response: ServerResponse): void {
    for (const jti of [...ack, ...Object.keys(setErrs)]) this.pending.delete(jti);
    const sets = [...this.pending].slice(0, Math.min(maxEvents, this.batch));
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify({ sets: Object.fromEntries(sets), moreAvailable: sets.length < this.pending.size }),
    );
  }
}
