/**
 * A server on loopback that behaves as one vendor does: strict about requests, with the vendor's unusual responses.
 * Its consent page is only a redirect, so every visitor has consented.
 */
import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Client, Credentials, Refusal, VendorBehavior } from './behavior';

export interface TokenRequest {
  readonly headers: IncomingMessage['headers'];
  readonly members: Readonly<Record<string, string>>;
}

export interface VendorServer {
  readonly origin: string;
  readonly client: Client;
  /** Queries of the authorization requests, in order. */
  readonly authorizations: URLSearchParams[];
  /** Valid token requests, in order. */
  readonly requests: TokenRequest[];
  /** Complaints about requests that are not valid; tests expect none. */
  readonly complaints: string[];
  /** Issued access tokens, in order. */
  readonly issued: string[];
  /** From now on, the server rejects every code or refresh token, or the client. */
  refuse: keyof VendorBehavior['refusals'] | undefined;
  close(): Promise<void>;
}

/** Characters that form encoding leaves unchanged, because many servers read credentials without decoding. */
const CLIENT: Client = { clientId: '3MVG9.client-id_1', clientSecret: 'secret_of-the.client' };

const read = async (stream: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
};

const basic = ({ clientId, clientSecret }: Client): string =>
  `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`;

/** Why the client is rejected, or undefined: it must use exactly one authentication method (RFC 6749 section 2.3). */
function credentialFault(as: Credentials, { headers, members }: TokenRequest): string | undefined {
  const inHeader = headers.authorization === basic(CLIENT);
  const inBody = members.client_secret === CLIENT.clientSecret && members.client_id === CLIENT.clientId;
  const once = (headers.authorization === undefined) !== (members.client_secret === undefined);
  if (!once) return 'not one client authentication';
  return (as === 'basic' ? inHeader : inBody) ? undefined : `client authentication is not ${as}`;
}

function membersOf(behavior: VendorBehavior, type: string, body: string): Record<string, string> | string {
  if (behavior.body === 'json') {
    return type === 'application/json' ? (JSON.parse(body) as Record<string, string>) : 'not JSON';
  }
  if (!type.startsWith('application/x-www-form-urlencoded')) return 'not a form';
  return Object.fromEntries(new URLSearchParams(body));
}

const challengeOf = (verifier: string): string => createHash('sha256').update(verifier).digest('base64url');

export async function startVendor(behavior: VendorBehavior): Promise<VendorServer> {
  const codes = new Map<string, URLSearchParams>();
  let refreshToken: string | undefined;

  const authorize = (query: URLSearchParams): string => {
    vendor.authorizations.push(query);
    const back = new URL(query.get('redirect_uri') ?? '');
    const code = randomUUID();
    codes.set(code, query);
    back.searchParams.set('code', code);
    back.searchParams.set('state', query.get('state') ?? '');
    if (behavior.iss) back.searchParams.set('iss', behavior.iss);
    return back.href;
  };

  /** Why a code is rejected, or undefined. */
  function codeFault(members: TokenRequest['members']): string | undefined {
    const asked = codes.get(members.code ?? '');
    codes.delete(members.code ?? '');
    if (!asked) return 'unknown code';
    if (members.redirect_uri !== asked.get('redirect_uri')) return 'another redirect_uri';
    const challenge = asked.get('code_challenge');
    if (!behavior.pkce) {
      return challenge !== null || 'code_verifier' in members ? 'PKCE at a vendor without it' : undefined;
    }
    if (challenge === null || challengeOf(members.code_verifier ?? '') !== challenge) return 'PKCE';
    return undefined;
  }

  function answer(request: TokenRequest): Refusal | { readonly tokens: object | string } {
    const { refusals } = behavior;
    const grant = request.members.grant_type ?? '';
    const complain = (fault: string, refusal: Refusal): Refusal => {
      vendor.complaints.push(fault);
      return refusal;
    };
    const as = grant === 'client_credentials' ? behavior.machine : behavior.credentials;
    if (vendor.refuse === 'client') return refusals.client;
    const fault = as === undefined ? 'a grant that is not offered' : credentialFault(as, request);
    if (fault) return complain(fault, refusals.client);
    if (grant === 'authorization_code') {
      if (vendor.refuse === 'code') return refusals.code;
      const wrong = codeFault(request.members);
      if (wrong) return complain(wrong, refusals.code);
    }
    if (grant === 'refresh_token') {
      if (vendor.refuse === 'refresh') return refusals.refresh;
      if (request.members.refresh_token !== refreshToken) return complain('refresh token', refusals.refresh);
    }
    vendor.requests.push(request);
    const access = `access-${randomUUID()}`;
    const refresh = `refresh-${randomUUID()}`;
    const tokens = behavior.tokens({ access, refresh, scopes: behavior.scopes, grant });
    if (typeof tokens === 'string' || 'refresh_token' in tokens) refreshToken = refresh;
    vendor.issued.push(access);
    return { tokens };
  }

  const server = createServer((incoming, response) => {
    const url = new URL(incoming.url ?? '', 'http://vendor');
    if (url.pathname === '/authorize') {
      response.writeHead(302, { location: authorize(url.searchParams) }).end();
      return;
    }
    void read(incoming).then((body) => {
      const { headers } = incoming;
      const missing = behavior.headers?.find((name) => headers[name] === undefined);
      const members = missing ?? membersOf(behavior, headers['content-type'] ?? '', body);
      if (typeof members === 'string') {
        vendor.complaints.push(members);
        response.writeHead(400, { 'content-type': 'text/html' }).end('<h1>Bad request</h1>');
        return;
      }
      const given = answer({ headers, members });
      const { status, body: content } = 'tokens' in given ? { status: 200, body: given.tokens } : given;
      const form = typeof content === 'string';
      const type = form ? 'application/x-www-form-urlencoded; charset=utf-8' : 'application/json';
      response.writeHead(status, { 'content-type': type }).end(form ? content : JSON.stringify(content));
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));

  const vendor: VendorServer = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    client: CLIENT,
    authorizations: [],
    requests: [],
    complaints: [],
    issued: [],
    refuse: undefined,
    close: () =>
      new Promise((closed) => {
        server.closeAllConnections();
        server.close(() => {
          closed();
        });
      }),
  };
  return vendor;
}
