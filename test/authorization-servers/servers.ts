/** The two servers as tests see them: each registers clients and signs the user in its own way. */
import { randomUUID } from 'node:crypto';
import { Browser, type Page } from '../../examples/demo/browser';
import type { TrustedIssuer } from '../../lambda/domain/identity/trusted-issuer';

/** A client to register. */
export interface Client {
  readonly id: string;
  readonly secret: string;
  readonly method: 'client_secret_basic' | 'client_secret_post';
  readonly grants: readonly ('authorization_code' | 'refresh_token' | 'client_credentials')[];
  readonly redirectUris: readonly string[];
  readonly scopes: readonly string[];
  /** Whether the user is asked for consent. */
  readonly consent: boolean;
  readonly accessTokenSeconds: number;
}

export interface AuthorizationServer {
  readonly name: string;
  readonly issuer: string;
  /** The claim of its access tokens that is an array of scopes. */
  readonly scopeClaim: 'scope' | 'scp';
  /** The scopes of a grant with a refresh token. */
  readonly scopes: readonly string[];
  /** What its access tokens for a client are recognized by. */
  recipients(clientId: string): Partial<TrustedIssuer>;
  register(client: Client): Promise<void>;
  /**
   * Opens the link in a new browser, where the user signs in and consents.
   *
   * @param until prefix of the URL at which it ends
   */
  signIn(link: string, until: string): Promise<URL>;
  /** Whether the server says that an access token of the client is valid. */
  isActive(client: Client, token: string): Promise<boolean>;
}

export const discoveryUrlOf = ({ issuer }: Pick<AuthorizationServer, 'issuer'>): string =>
  `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;

async function send(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, { method: 'POST', ...init });
  if (response.ok) return response;
  throw new Error(`POST ${url} returned ${response.status}: ${await response.text()}`);
}

const json = (body: object): RequestInit => ({
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

/** RFC 6749 section 2.3.1: both parts are form-encoded first. */
const basic = ({ id, secret }: Pick<Client, 'id' | 'secret'>): Record<string, string> => ({
  authorization: `Basic ${Buffer.from([id, secret].map(encodeURIComponent).join(':')).toString('base64')}`,
});

async function isActiveBy(url: string, headers: Record<string, string>, token: string): Promise<boolean> {
  const response = await send(url, { headers, body: new URLSearchParams({ token }) });
  return ((await response.json()) as { active: boolean }).active;
}

export interface SpringAddress {
  readonly issuer: string;
  readonly user: { readonly name: string; readonly password: string };
}

/** Spring Authorization Server: the `aud` of its access tokens is the client, which no other claim names. */
export class Spring implements AuthorizationServer {
  readonly name = 'Spring Authorization Server';
  readonly issuer: string;
  readonly scopeClaim = 'scope';
  readonly scopes = ['openid', 'profile'];

  constructor(private readonly address: SpringAddress) {
    this.issuer = address.issuer;
  }

  recipients(clientId: string): Partial<TrustedIssuer> {
    return { allowedAudience: [clientId] };
  }

  async register(client: Client): Promise<void> {
    await send(`${this.issuer}/clients`, json(client));
  }

  async signIn(link: string, until: string): Promise<URL> {
    const browser = new Browser();
    const { name: username, password } = this.address.user;
    const form = await browser.go(link, { until });
    let page: Page = await browser.submit(form, { username, password }, until);
    if (!page.url.startsWith(until)) {
      // The page has a box for each scope, except for `openid`.
      const scope = /<input[^>]*type="checkbox"[^>]*value="([^"]*)"/.exec(page.html)?.[1] ?? '';
      page = await browser.submit(page, { scope }, until);
    }
    return new URL(page.url);
  }

  isActive(client: Client, token: string): Promise<boolean> {
    const headers = client.method === 'client_secret_basic' ? basic(client) : undefined;
    if (!headers) throw new Error('introspection is only for clients with client_secret_basic');
    return isActiveBy(`${this.issuer}/oauth2/introspect`, headers, token);
  }
}

export interface HydraAddress {
  /** Ends with a slash. */
  readonly issuer: string;
  /** Address of the administrator's API. */
  readonly admin: string;
}

/** Ory Hydra: the client of its access tokens is in `client_id`, and their `aud` is empty. */
export class Hydra implements AuthorizationServer {
  readonly name = 'Ory Hydra';
  readonly issuer: string;
  readonly scopeClaim = 'scp';
  readonly scopes = ['openid', 'offline_access'];

  constructor(private readonly address: HydraAddress) {
    this.issuer = address.issuer;
  }

  recipients(clientId: string): Partial<TrustedIssuer> {
    return { allowedClients: [clientId] };
  }

  async register(client: Client): Promise<void> {
    const lifespan = `${client.accessTokenSeconds}s`;
    await send(
      `${this.address.admin}/admin/clients`,
      json({
        client_id: client.id,
        client_secret: client.secret,
        token_endpoint_auth_method: client.method,
        grant_types: client.grants,
        redirect_uris: client.redirectUris,
        scope: client.scopes.join(' '),
        authorization_code_grant_access_token_lifespan: lifespan,
        refresh_token_grant_access_token_lifespan: lifespan,
        skip_consent: !client.consent,
      }),
    );
  }

  /** Its pages (`server.mjs`) accept every request. */
  async signIn(link: string, until: string): Promise<URL> {
    const { url } = await new Browser().go(link, { until });
    return new URL(url);
  }

  isActive(_client: Client, token: string): Promise<boolean> {
    return isActiveBy(`${this.address.admin}/admin/oauth2/introspect`, {}, token);
  }
}

/** Where applications of the tests end a sign-in. Nothing listens there. */
export const APPLICATION = 'http://127.0.0.1:9/signed-in';

export interface UserTokens {
  readonly access_token: string;
  readonly id_token: string;
}

/** Signs the user in at an application, which redeems the code for the user's tokens. */
export async function signedIn(
  server: AuthorizationServer,
  client: Client,
  scopes: readonly string[],
): Promise<UserTokens> {
  const document = (await (await fetch(discoveryUrlOf(server))).json()) as Record<string, string>;
  const link = new URL(document.authorization_endpoint ?? '');
  for (const [name, value] of Object.entries({
    response_type: 'code',
    client_id: client.id,
    redirect_uri: APPLICATION,
    scope: scopes.join(' '),
    state: randomUUID(),
  })) {
    link.searchParams.set(name, value);
  }
  const { searchParams } = await server.signIn(link.href, APPLICATION);
  const response = await send(document.token_endpoint ?? '', {
    headers: basic(client),
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code: searchParams.get('code') ?? '',
      redirect_uri: APPLICATION,
    }),
  });
  return (await response.json()) as UserTokens;
}
