/**
 * A server on loopback that revokes tokens as one vendor documents it, and redeems refresh tokens. Requests reach it by a
 * transport that keeps the vendor's own URLs. Nothing here comes from the catalogue under test.
 */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Transport } from '../../lambda/domain/oauth/transport';

export interface Said {
  readonly status: number;
  readonly body?: unknown;
}

/** Where a request has the client. */
export type ClientIn = 'basic' | 'post' | 'client-id' | 'nowhere';

export interface RevokingVendor {
  readonly tokenEndpoint: string;
  /** How a dead refresh token is answered at the token endpoint; a vendor without refresh tokens has none. */
  readonly refusesRefresh?: Said;
  readonly revoke: {
    readonly url: string;
    readonly method: 'POST' | 'DELETE';
    readonly client: ClientIn;
    readonly body: 'form' | 'json' | 'bearer';
    readonly parameter?: string;
    /** Parameters in addition to the token and the client. */
    readonly also?: readonly string[];
    readonly headers?: readonly string[];
    /** The kinds of tokens that the endpoint takes. */
    readonly takes: readonly ('access' | 'refresh')[];
    /** Whether a token takes the other one along. */
    readonly endsBoth: boolean;
    readonly done: Said;
    /** For a token that is not alive. */
    readonly dead: Said;
  };
  readonly introspect?: { readonly url: string; readonly body: 'form' | 'json'; readonly client: ClientIn };
}

export interface Seen {
  readonly url: string;
  readonly what: 'revoke' | 'refresh' | 'introspect';
  readonly token: string;
}

export const CLIENT = { id: 'client-id_1', secret: 'secret' };

const read = async (stream: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
};

interface Received {
  readonly url: string;
  readonly method: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

const BASIC = `Basic ${Buffer.from(`${CLIENT.id}:${CLIENT.secret}`).toString('base64')}`;

const membersOf = (body: string, as: 'form' | 'json' | 'bearer'): Record<string, string> =>
  as === 'json'
    ? (JSON.parse(body) as Record<string, string>)
    : Object.fromEntries(new URLSearchParams(body));

/** Why the client is not where the vendor wants it. */
function clientFault(
  at: ClientIn,
  { headers }: Received,
  members: Record<string, string>,
): string | undefined {
  const found = {
    basic: headers.authorization === BASIC,
    post: members.client_id === CLIENT.id && members.client_secret === CLIENT.secret,
    'client-id': members.client_id === CLIENT.id && !('client_secret' in members),
    nowhere: !('client_id' in members) && headers.authorization !== BASIC,
  };
  if (!found[at]) return `client is not ${at}`;
  return at !== 'basic' && headers.authorization === BASIC ? 'two authentications' : undefined;
}

export async function startRevokingVendor(vendor: RevokingVendor) {
  const alive = new Set(['access-0', 'refresh-0']);
  const seen: Seen[] = [];
  const complaints: string[] = [];
  const instead: Partial<Record<Seen['what'], Said & { readonly headers?: Record<string, string> }>> = {};
  let generation = 0;

  function revoke(request: Received): Said {
    const { revoke: way } = vendor;
    const members = way.body === 'bearer' ? {} : membersOf(request.body, way.body);
    const wanted = { form: /^application\/x-www-form-urlencoded/, json: /^application\/json$/, bearer: /^$/ };
    if (request.method !== way.method) complaints.push(`method ${request.method}`);
    if (!wanted[way.body].test(request.headers['content-type'] ?? '')) complaints.push('content type');
    if (way.body === 'bearer' && request.body !== '') complaints.push('a body');
    for (const name of [...(way.headers ?? []), 'user-agent']) {
      if (request.headers[name] === undefined) complaints.push(`no ${name}`);
    }
    const fault = clientFault(way.client, request, members);
    if (fault) complaints.push(fault);
    const parameter = way.parameter ?? 'token';
    const own = new Set([parameter, 'client_id', 'client_secret', ...(way.also ?? [])]);
    for (const name of Object.keys(members)) if (!own.has(name)) complaints.push(`parameter ${name}`);
    const token =
      way.body === 'bearer'
        ? (request.headers.authorization ?? '').replace('Bearer ', '')
        : (members[parameter] ?? '');
    seen.push({ url: request.url, what: 'revoke', token });
    const kind = token.startsWith('refresh') ? 'refresh' : 'access';
    if (!way.takes.includes(kind)) complaints.push(`a token of the kind ${kind}`);
    if (instead.revoke) return instead.revoke;
    if (!alive.delete(token)) return way.dead;
    if (way.endsBoth) alive.clear();
    return way.done;
  }

  function refresh(request: Received): Said {
    const token = membersOf(
      request.body,
      (request.headers['content-type'] ?? '').includes('json') ? 'json' : 'form',
    ).refresh_token;
    seen.push({ url: request.url, what: 'refresh', token: token ?? '' });
    if (instead.refresh) return instead.refresh;
    if (!alive.has(token ?? '')) return vendor.refusesRefresh ?? { status: 500 };
    alive.clear();
    generation += 1;
    const [access, next] = [`access-${generation}`, `refresh-${generation}`];
    alive.add(access).add(next);
    const body = { access_token: access, refresh_token: next, token_type: 'bearer', expires_in: 3600 };
    return { status: 200, body };
  }

  function introspect(request: Received): Said {
    const members = membersOf(request.body, vendor.introspect?.body ?? 'form');
    const fault = clientFault(vendor.introspect?.client ?? 'basic', request, members);
    if (fault) complaints.push(`introspection: ${fault}`);
    seen.push({ url: request.url, what: 'introspect', token: members.token ?? '' });
    return instead.introspect ?? { status: 200, body: { active: alive.has(members.token ?? '') } };
  }

  function answer(request: Received): Said & { readonly headers?: Record<string, string> } {
    if (request.url === vendor.revoke.url && !(request.url === vendor.tokenEndpoint)) return revoke(request);
    if (request.url === vendor.introspect?.url) return introspect(request);
    if (request.url === vendor.tokenEndpoint) return refresh(request);
    complaints.push(`a request to ${request.url}`);
    return { status: 404 };
  }

  const server = createServer((incoming, response) => {
    const url = decodeURIComponent((incoming.url ?? '').slice(1));
    void read(incoming).then((body) => {
      const { headers, method = '' } = incoming;
      const said = answer({ url, method, headers, body });
      response.writeHead(said.status, {
        ...(said.body !== undefined && { 'content-type': 'application/json' }),
        ...said.headers,
      });
      response.end(said.body === undefined ? '' : JSON.stringify(said.body));
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const transport: Transport = async (url, { method, headers, body = null, signal = null }) =>
    fetch(`${origin}/${encodeURIComponent(url)}`, { method, headers, body, signal });
  return {
    transport,
    /** Tokens that the vendor accepts. */
    alive,
    seen,
    /** Departures of requests from what the vendor documents. */
    complaints,
    /** Answers in place of the vendor's own. */
    instead,
    close: () =>
      new Promise<void>((closed) => {
        server.closeAllConnections();
        server.close(() => {
          closed();
        });
      }),
  };
}
