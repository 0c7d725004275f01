/**
 * A real authorization server (`oidc-provider`) with revocation (RFC 7009), which holds the tokens of many users and
 * counts the requests that it gets.
 */
import { setTimeout as wait } from 'node:timers/promises';
import type Provider from 'oidc-provider';
import { startProvider, type TestProvider } from '../../test/flows/support/provider';
import { ProviderRecords } from '../../test/flows/support/provider-records';

/** Seconds: longer than any run. */
const LIFETIME = 24 * 3600;

export const SCOPE = 'openid offline_access';

export interface IssuedTokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** Requests of one kind, and how many of them repeated an earlier one. */
export interface RequestCount {
  readonly kind: string;
  readonly requests: number;
  readonly repeated: number;
}

async function bodyOf(request: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

export class AuthorizationServer {
  /** Tokens in the requests, by kind. */
  readonly #requests = new Map<string, string[]>();
  readonly #records = new ProviderRecords();
  #server: Provider | undefined;
  #test: TestProvider | undefined;
  /** Called with the number of refresh tokens that it was asked to revoke. */
  onRevocation: (count: number) => void = () => undefined;

  /** @param delay milliseconds before each response */
  static async start(delay: number): Promise<AuthorizationServer> {
    const started = new AuthorizationServer();
    started.#test = await startProvider(
      {
        adapter: started.#records.adapter,
        ttl: { AccessToken: LIFETIME, RefreshToken: LIFETIME, Grant: LIFETIME },
        features: { revocation: { enabled: true }, introspection: { enabled: true } },
      },
      {
        prepare: (server) => {
          started.#server = server;
          server.use(async (ctx, next) => {
            if (ctx.path === '/token/revocation') {
              const body = await bodyOf(ctx.req);
              Object.assign(ctx.req, { body });
              started.#revoking(new URLSearchParams(body));
            } else if (ctx.path !== '/token') {
              started.#record(ctx.path, '');
            }
            if (delay > 0) await wait(delay);
            await next();
          });
        },
      },
    );
    return started;
  }

  get client(): TestProvider {
    if (!this.#test) throw new Error('the server has not started');
    return this.#test;
  }

  #record(kind: string, token: string): number {
    const tokens = this.#requests.get(kind) ?? [];
    this.#requests.set(kind, tokens);
    return tokens.push(token);
  }

  #revoking(parameters: URLSearchParams): void {
    const hint = parameters.get('token_type_hint') ?? 'token';
    const count = this.#record(`revocation, ${hint}`, parameters.get('token') ?? '');
    if (hint === 'refresh_token') this.onRevocation(count);
  }

  /** Issues the tokens of a user's consent. */
  async issue(accountId: string): Promise<IssuedTokens> {
    const server = this.#server;
    const client = await server?.Client.find(this.client.clientId);
    if (!server || !client) throw new Error('the server has no client');
    const grant = new server.Grant({ accountId, clientId: client.clientId });
    grant.addOIDCScope(SCOPE);
    const grantId = await grant.save();
    const issued = { accountId, client, grantId, scope: SCOPE, gty: 'authorization_code' };
    const refreshToken = await new server.RefreshToken({ ...issued, authTime: 0, claims: {} }).save();
    const accessToken = await new server.AccessToken({ ...issued, claims: {} }).save();
    return { accessToken, refreshToken };
  }

  /** Tokens that are valid now. */
  get valid(): number {
    return this.#records.count('AccessToken') + this.#records.count('RefreshToken');
  }

  /** Refresh tokens that it was asked to revoke, with repetitions. */
  get asked(): number {
    return this.#requests.get('revocation, refresh_token')?.length ?? 0;
  }

  get counts(): RequestCount[] {
    const redeemed = this.client.exchanges.map(({ request }) => request.get('refresh_token') ?? '');
    const kinds = [...this.#requests, ['redemption of the refresh token', redeemed] as const];
    return kinds.map(([kind, tokens]) => ({
      kind,
      requests: tokens.length,
      repeated: kind.startsWith('re') ? tokens.length - new Set(tokens).size : 0,
    }));
  }
}
