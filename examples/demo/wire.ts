/**
 * What goes over the wire between the parties of the demonstration: every request that one of their HTTP servers gets,
 * as Node.js reports it, so that what is shown is what happened and no one has to tell it.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { EventEmitter, once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';

/** Milliseconds in which a request that must come has come. */
const PATIENCE = 10_000;

export interface Exchange {
  readonly from: string;
  readonly to: string;
  readonly method: string;
  /** Without the query, which may hold codes and states. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** Of the answer; until that begins, 200. */
  readonly status: number;
  readonly answerHeader: (name: string) => string | undefined;
  /** Whether the answer has been sent to its end. */
  readonly answered: boolean;
}

export interface Parties {
  /** By the port that a server listens on. */
  readonly servers: ReadonlyMap<number, string>;
  /** Who sends a request, by whom it is for and what it says. */
  readonly senderOf: (to: string, request: IncomingMessage) => string;
}

interface Wanted {
  readonly from?: string;
  readonly to: string;
  readonly method: string;
  readonly path: string | RegExp;
}

/** Something that must have happened and has not. */
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
   * The next such request, which is then taken off the list; waits for it.
   *
   * @throws MissingError when it does not come.
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

  /** Takes everything off the list that has come so far. */
  forget(): void {
    this.unread.length = 0;
  }

  /** Requests that no one has taken off the list. */
  rest(to: string): readonly Exchange[] {
    return this.unread.filter((exchange) => exchange.to === to);
  }

  private note({ request, response }: { request: IncomingMessage; response: ServerResponse }): void {
    const to = this.parties.servers.get(request.socket.localPort ?? 0);
    if (to === undefined) return;
    const url = new URL(request.url ?? '/', 'http://party.invalid');
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
      answerHeader: (name) => response.getHeader(name)?.toString(),
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
