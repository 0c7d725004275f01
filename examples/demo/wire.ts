/**
 * Records every request that an HTTP server of the demonstration receives, as Node.js reports it. The demonstration
 * therefore shows the actual traffic.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { EventEmitter, once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';

/** Milliseconds to wait for an expected request. */
const PATIENCE = 10_000;

/** Targets of requests are relative. */
const BASE = 'http://party.invalid';

export interface Exchange {
  readonly from: string;
  readonly to: string;
  readonly method: string;
  /** Without the query, which can contain codes and states. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Status of the response. 200 until the response starts. */
  readonly status: number;
  readonly responseHeader: (name: string) => string | undefined;
  /** Whether the whole response was sent. */
  readonly answered: boolean;
}

export interface Parties {
  /** Parties by the port that their server listens on. */
  readonly servers: ReadonlyMap<number, string>;
  /** Returns the sender of a request, from its receiver and content. */
  readonly senderOf: (to: string, request: IncomingMessage) => string;
}

interface Wanted {
  readonly from?: string;
  readonly to: string;
  readonly method: string;
  readonly path: string | RegExp;
}

/** An expected event did not happen. */
export class MissingError extends Error {
  override readonly name = 'MissingError';
}

export class Wire {
  private readonly unread: Exchange[] = [];
  private readonly bell = new EventEmitter().setMaxListeners(0);
  private readonly listener = (message: unknown): void => {
    this.note(message as { request: IncomingMessage; response: ServerResponse });
  };

  constructor(private readonly parties: Parties) {
    subscribe('http.server.request.start', this.listener);
  }

  close(): void {
    unsubscribe('http.server.request.start', this.listener);
  }

  /**
   * Removes the next matching request from the list and returns it. Waits for it if necessary.
   *
   * @throws MissingError when no matching request arrives in time.
   */
  async next(wanted: Wanted): Promise<Exchange> {
    const giveUp = AbortSignal.timeout(PATIENCE);
    for (;;) {
      const index = this.unread.findIndex((exchange) => fits(exchange, wanted));
      const [found] = index < 0 ? [] : this.unread.splice(index, 1);
      if (found !== undefined) return found;
      await once(this.bell, 'request', { signal: giveUp }).catch(() => {
        throw new MissingError(`${wanted.to} got no ${wanted.method} ${String(wanted.path)}`);
      });
    }
  }

  /** Removes all recorded requests from the list. */
  forget(): void {
    this.unread.length = 0;
  }

  /** Requests that are still on the list. */
  rest(to: string): readonly Exchange[] {
    return this.unread.filter((exchange) => exchange.to === to);
  }

  private note({ request, response }: { request: IncomingMessage; response: ServerResponse }): void {
    const to = this.parties.servers.get(request.socket.localPort ?? 0);
    if (to === undefined) return;
    const target = request.url ?? '/';
    // No party sends a target that is no URL, such as `//`. An error here would end the program.
    if (!URL.canParse(target, BASE)) return;
    const url = new URL(target, BASE);
    this.unread.push({
      from: this.parties.senderOf(to, request),
      to,
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      get status() {
        return response.statusCode;
      },
      responseHeader: (name) => response.getHeader(name)?.toString(),
      get answered() {
        return response.writableEnded;
      },
    });
    this.bell.emit('request');
  }
}

const fits = (exchange: Exchange, { from, to, method, path }: Wanted): boolean =>
  exchange.to === to &&
  exchange.method === method &&
  (from === undefined || exchange.from === from) &&
  (typeof path === 'string' ? exchange.path === path : path.test(exchange.path));
