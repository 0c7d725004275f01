/** The requests to a real authorization server's registration endpoint (RFC 7591), and to its clients' endpoint (RFC 7592). */
import type Provider from 'oidc-provider';

type Members = Record<string, unknown>;

export interface Registration {
  readonly method: string;
  readonly body: Record<string, unknown>;
  readonly status: number;
}

interface Replacement {
  readonly status: number;
  readonly body: object;
  readonly headers?: Readonly<Record<string, string>>;
}

export class Registrations {
  /** In order. Requests to revoke tokens have the method `REVOKE`. */
  readonly requests: Registration[] = [];
  /** IDs of the clients of DELETE requests, in order. */
  readonly deleted: string[] = [];
  /** Replaces the server's responses to these requests, the first ones first. */
  instead: Replacement[] = [];
  /** Changes the server's response to a registration, once: the members that differ, or what returns them. */
  change: Members | ((response: Members) => Members) | undefined;

  reset(): void {
    this.requests.length = 0;
    this.deleted.length = 0;
    this.instead = [];
    this.change = undefined;
  }

  /** Methods and statuses of the requests. */
  get summary(): [string, number][] {
    return this.requests.map(({ method, status }) => [method, status]);
  }

  readonly prepare = (provider: Provider): void => {
    provider.use(async (ctx, next) => {
      if (ctx.path === '/token/revocation') {
        await next();
        this.requests.push({ method: 'REVOKE', body: {}, status: ctx.status });
        return;
      }
      if (!ctx.path.startsWith('/reg')) {
        await next();
        return;
      }
      const chunks: Buffer[] = [];
      for await (const chunk of ctx.req) chunks.push(chunk as Buffer);
      const text = Buffer.concat(chunks).toString();
      (ctx.req as { body?: unknown }).body = text === '' ? undefined : JSON.parse(text);
      const instead = this.instead.shift();
      if (instead) {
        ctx.status = instead.status;
        ctx.body = instead.body;
        ctx.set(instead.headers ?? {});
      } else {
        await next();
        const response = ctx.body as Members;
        const change = typeof this.change === 'function' ? this.change(response) : this.change;
        if (change) ctx.body = { ...response, ...change };
        this.change = undefined;
      }
      if (ctx.method === 'DELETE') this.deleted.push(ctx.path.split('/').at(-1) ?? '');
      const body = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
      this.requests.push({ method: ctx.method, body, status: ctx.status });
    });
  };
}
