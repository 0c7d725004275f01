/** A strict authorization server with revocation (RFC 7009), which counts the requests that change something. */
import { startStrictProvider, type StrictProvider } from '../storm/strict-provider';

/** Seconds for which its access tokens are valid. */
export const LIFETIME = 3600;

/** Seconds for what must be valid by the clock of a service that is moved ahead again and again. */
const MONTHS = 100 * 24 * 3600;

export interface KillsProvider extends StrictProvider {
  /** Whether it rotates refresh tokens. */
  rotates: boolean;
  /** How many requests it got that change something. */
  readonly requests: number;
  /** Tokens of the requests to its revocation endpoint, in order. */
  readonly revoked: readonly string[];
}

export async function startKillsProvider(): Promise<KillsProvider> {
  const revoked: string[] = [];
  const strict = await startStrictProvider(
    {
      ttl: { IdToken: MONTHS },
      rotateRefreshToken: () => provider.rotates,
      features: { revocation: { enabled: true } },
    },
    {
      prepare: (server) =>
        server.use(async (ctx, next) => {
          if (ctx.path === '/token/revocation') {
            const chunks: Buffer[] = [];
            for await (const chunk of ctx.req) chunks.push(chunk as Buffer);
            const body = Buffer.concat(chunks).toString('utf8');
            Object.assign(ctx.req, { body });
            revoked.push(new URLSearchParams(body).get('token') ?? '');
          }
          await next();
        }),
    },
  );
  const provider: KillsProvider = Object.assign(strict, {
    rotates: true,
    revoked,
    lifetime: LIFETIME,
    requests: 0,
  });
  Object.defineProperty(provider, 'requests', { get: () => strict.exchanges.length + revoked.length });
  return provider;
}
