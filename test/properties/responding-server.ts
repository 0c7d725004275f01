/**
 * Everything that the service reads from third parties, on one server: authorization servers, an identity provider, a
 * protected resource, and a transmitter of security events. Its responses are valid, or the bytes that a test generates.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWTPayload } from 'jose';
import { MARKER } from './request-values';

export const KINDS = [
  ...(['code', 'refresh token', 'client credentials', 'token exchange', 'JWT grant', 'assertion'] as const),
  ...(['discovery', 'server metadata', 'resource metadata', 'registration', 'client deletion'] as const),
  ...(['revocation', 'introspection', 'pushed request', 'issuer metadata', 'keys', 'events'] as const),
] as const;

/** The kinds of responses that the service reads. */
export type Kind = (typeof KINDS)[number];

/** A request, as a response can depend on it. */
export interface Received {
  readonly kind: Kind;
  readonly form: Readonly<Record<string, string>>;
  /** The credentials of its header, decoded. */
  readonly credentials: string;
  readonly body: string;
}

/** A valid response. */
export interface ValidResponse {
  readonly status: number;
  readonly document: object | undefined;
}

/** Writes a response to the connection instead of the valid one. */
export type Replacement = (connection: Socket, valid: ValidResponse, received: Received) => void;

const KIND_OF_GRANT: Readonly<Record<string, Kind>> = {
  authorization_code: 'code',
  refresh_token: 'refresh token',
  client_credentials: 'client credentials',
  'urn:ietf:params:oauth:grant-type:token-exchange': 'token exchange',
  'urn:ietf:params:oauth:grant-type:jwt-bearer': 'JWT grant',
};

const KIND_OF_PATH: readonly [RegExp, Kind][] = [
  [/^\/users\/\.well-known\/openid-configuration$/, 'issuer metadata'],
  [/^\/(as|pushing)\/\.well-known\/openid-configuration$/, 'discovery'],
  [/^\/\.well-known\/(oauth-authorization-server|openid-configuration)\/mcp-as$/, 'server metadata'],
  [/^\/mcp-as\/\.well-known\/openid-configuration$/, 'server metadata'],
  [/^\/\.well-known\/oauth-protected-resource\/mcp$/, 'resource metadata'],
  [/^\/users\/jwks$/, 'keys'],
  [/^\/users\/token$/, 'assertion'],
  [/^\/[\w-]+\/revoke$/, 'revocation'],
  [/^\/[\w-]+\/introspect$/, 'introspection'],
  [/^\/pushing\/par$/, 'pushed request'],
  [/^\/mcp-as\/register$/, 'registration'],
  [/^\/mcp-as\/clients\/\w+$/, 'client deletion'],
  [/^\/events$/, 'events'],
];

/** Where redirects lead. */
export const REDIRECTED = '/redirected';

const LIFETIME = 600;
/** Lifetime of a refresh token in seconds: longer than the clock of the tests moves. */
const YEARS = 300_000_000;

/** RFC 6749 section 2.3.1: the parts of the credentials are encoded as in a form. */
const decodedForm = (text: string): string => decodeURIComponent(text.replaceAll('+', ' '));

/** Returns the credentials of a header, decoded. */
export const credentialsOf = (authorization = ''): string =>
  authorization.startsWith('Basic ')
    ? Buffer.from(authorization.slice('Basic '.length), 'base64').toString()
    : authorization.slice(authorization.indexOf(' ') + 1);

export class RespondingServer {
  /** Responds to requests of this kind instead of the server. */
  replacement: { readonly kind: Kind; readonly response: Replacement } | undefined;
  /** Whether a code is redeemed for a refresh token, too. */
  isRefreshable = true;
  /** Kinds of the requests. */
  readonly requests: Kind[] = [];
  /** Paths of requests that followed a redirect. Broken metadata can lead to other unknown paths. */
  readonly strays: string[] = [];
  /** Security events that were not acknowledged, by their IDs. */
  readonly events = new Map<string, string>();
  /** Secrets of clients. Other clients have any secret. */
  readonly clients = new Map<string, string>();
  /** Codes whose users have withdrawn their consent here. */
  readonly withdrawn = new Set<string>();
  private issued = 0;
  private readonly revoked = new Set<string>();
  /** Of each token: the code, or the client, that got it. */
  private readonly origins = new Map<string, string>();

  private constructor(
    readonly url: string,
    private readonly keys: { readonly privateKey: CryptoKey; readonly jwk: object },
    readonly close: () => Promise<void>,
  ) {}

  static async start(): Promise<RespondingServer> {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
    const jwk = { ...(await exportJWK(publicKey)), kid: 'users-1', alg: 'ES256', use: 'sig' };
    const server = createServer((request, response) => void responding.serve(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const responding = new RespondingServer(url, { privateKey, jwk }, async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    return responding;
  }

  issuer(name: 'as' | 'pushing' | 'users' | 'mcp-as'): string {
    return `${this.url}/${name}`;
  }

  /** Signs a JWT of the identity provider. */
  async signed(claims: Readonly<Record<string, unknown>>, header: { typ?: string } = {}): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({ iss: this.issuer('users'), iat: now, exp: now + 3600, ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: 'users-1', ...header })
      .sign(this.keys.privateKey);
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    const path = new URL(request.url ?? '/', this.url).pathname;
    const form = Object.fromEntries(new URLSearchParams(body));
    const kind =
      KIND_OF_PATH.find(([pattern]) => pattern.test(path))?.[1] ??
      (/^\/[\w-]+\/token$/.test(path) ? KIND_OF_GRANT[form.grant_type ?? ''] : undefined);
    if (!kind) {
      if (path === REDIRECTED) this.strays.push(path);
      response.writeHead(404).end();
      return;
    }
    this.requests.push(kind);
    const received: Received = {
      kind,
      form,
      credentials: credentialsOf(request.headers.authorization),
      body,
    };
    const valid = await this.validResponse(received, path);
    if (this.replacement?.kind === kind) {
      const { socket } = response;
      if (socket) this.replacement.response(socket, valid, received);
      return;
    }
    response.writeHead(valid.status, { 'content-type': 'application/json', connection: 'close' });
    response.end(valid.document ? JSON.stringify(valid.document) : undefined);
  }

  /** Returns the code that an access token goes back to, or the client that got it for itself. */
  originOf(accessToken: unknown): string | undefined {
    return this.origins.get(String(accessToken));
  }

  private newToken(kind: 'access' | 'refresh', origin: string): string {
    this.issued += 1;
    const token = `${kind}-${MARKER}-${this.issued}`;
    this.origins.set(token, origin);
    return token;
  }

  private tokens(origin: string, members: object = {}): ValidResponse {
    const token = { access_token: this.newToken('access', origin), token_type: 'Bearer' };
    return { status: 200, document: { ...token, expires_in: LIFETIME, scope: 'a', ...members } };
  }

  /** The response to a refresh token (RFC 6749 section 6), which is valid for its client and until it is revoked. */
  private refreshed(token: string, client: string): ValidResponse {
    const [code = '', holder] = (this.origins.get(token) ?? '').split(' ');
    const isValid = holder === client && !this.revoked.has(token) && !this.withdrawn.has(code);
    return isValid
      ? this.tokens(`${code} ${client}`, { refresh_token_expires_in: YEARS })
      : { status: 400, document: { error: 'invalid_grant' } };
  }

  private async validResponse(received: Received, path: string): Promise<ValidResponse> {
    const { kind, form, credentials, body } = received;
    const document = (members: object): ValidResponse => ({ status: 200, document: members });
    const [client = '', secret] = credentials.split(':').map(decodedForm);
    const expected = this.clients.get(client);
    if (expected !== undefined && secret !== expected)
      return { status: 401, document: { error: 'invalid_client' } };
    const origin = `${form.code ?? 'none'} ${client}`;
    switch (kind) {
      case 'code':
        return this.tokens(
          origin,
          this.isRefreshable ? { refresh_token: this.newToken('refresh', origin) } : {},
        );
      case 'refresh token':
        return this.refreshed(form.refresh_token ?? '', client);
      case 'client credentials':
      case 'JWT grant':
        return this.tokens(origin);
      case 'token exchange':
        return this.tokens(origin, { issued_token_type: 'urn:ietf:params:oauth:token-type:access_token' });
      case 'assertion':
        return document({
          access_token: await this.assertion(form),
          issued_token_type: 'urn:ietf:params:oauth:token-type:id-jag',
          token_type: 'N_A',
          expires_in: 300,
        });
      case 'discovery':
      case 'issuer metadata':
        return document(this.metadata(path.split('/')[1] ?? ''));
      case 'server metadata':
        return document(this.metadata('mcp-as'));
      case 'resource metadata':
        return document({
          resource: `${this.url}/mcp`,
          authorization_servers: [this.issuer('mcp-as')],
          scopes_supported: ['a'],
          bearer_methods_supported: ['header'],
        });
      case 'registration':
        this.issued += 1;
        return { status: 201, document: this.client(JSON.parse(body) as object) };
      case 'client deletion':
        return { status: 204, document: undefined };
      case 'revocation':
        this.revoked.add(form.token ?? '');
        return { status: 200, document: undefined };
      case 'introspection':
        return document({ active: !this.revoked.has(form.token ?? ''), scope: 'a', token_type: 'Bearer' });
      case 'pushed request':
        return { status: 201, document: { request_uri: 'urn:example:pushed-1', expires_in: 60 } };
      case 'keys':
        return document({ keys: [this.keys.jwk] });
      case 'events':
        return document(this.delivery(JSON.parse(body) as { ack?: string[]; setErrs?: object }));
    }
  }

  private assertion({
    audience,
    scope,
    subject_token: idToken = '',
  }: Record<string, string>): Promise<string> {
    const { sub } = JSON.parse(
      Buffer.from(idToken.split('.')[1] ?? '', 'base64url').toString(),
    ) as JWTPayload;
    this.issued += 1;
    const jti = `assertion-${this.issued}`;
    const claims = { sub: sub ?? '', jti, scope, client_id: 'agents', aud: audience ?? '' };
    return this.signed(claims, { typ: 'oauth-id-jag+jwt' });
  }

  private metadata(name: string): object {
    const issuer = `${this.url}/${name}`;
    return {
      issuer,
      authorization_endpoint: `${issuer}/auth`,
      token_endpoint: `${issuer}/token`,
      revocation_endpoint: `${issuer}/revoke`,
      introspection_endpoint: `${issuer}/introspect`,
      jwks_uri: `${issuer}/jwks`,
      code_challenge_methods_supported: ['S256'],
      id_token_signing_alg_values_supported: ['ES256'],
      ...(name === 'pushing' && { pushed_authorization_request_endpoint: `${issuer}/par` }),
      ...(name === 'mcp-as' && {
        registration_endpoint: `${issuer}/register`,
        token_endpoint_auth_methods_supported: ['client_secret_basic'],
      }),
    };
  }

  private client(requested: object): object {
    const name = `client${this.issued}`;
    return {
      ...requested,
      client_id: name,
      client_secret: `secret-${MARKER}-${this.issued}`,
      client_secret_expires_at: 0,
      registration_client_uri: `${this.issuer('mcp-as')}/clients/${name}`,
      registration_access_token: `registration-${MARKER}-${this.issued}`,
    };
  }

  private delivery({ ack = [], setErrs = {} }: { ack?: string[]; setErrs?: object }): object {
    for (const jti of [...ack, ...Object.keys(setErrs)]) this.events.delete(jti);
    return { sets: Object.fromEntries(this.events), moreAvailable: false };
  }
}
