/**
 * A real authorization server (`oidc-provider`) that accepts pushed authorization requests (RFC 9126), or returns bad
 * responses to them, as a test specifies.
 */
import type { Configuration, KoaContextWithOIDC, Provider } from 'oidc-provider';
import { customProvider } from './custom-provider';
import type { Held } from './held';
import { startProvider, type TestProvider } from './provider';
import { TestAgent, type World } from './world';

export interface PushingProvider extends TestProvider {
  /** Replaces the endpoint's response. */
  instead: ((ctx: KoaContextWithOIDC) => void) | undefined;
  /** Runs before the response. */
  before: Held['hold'] | undefined;
}

/** Settings for pushed authorization requests; `enabled` is the default. */
export type PushFeature = NonNullable<Configuration['features']>['pushedAuthorizationRequests'];

/** @param features in addition to pushed requests */
export async function startPushingProvider(
  pushedAuthorizationRequests: PushFeature = { enabled: true },
  features: Configuration['features'] = {},
): Promise<PushingProvider> {
  function prepare(provider: Provider): void {
    provider.use(async (ctx, next) => {
      if (ctx.path === '/request' && server.instead) server.instead(ctx as KoaContextWithOIDC);
      else if (ctx.path === '/request' && server.before) await server.before(ctx, next);
      else await next();
    });
  }

  const own: Pick<PushingProvider, 'instead' | 'before'> = { instead: undefined, before: undefined };
  const configuration = { features: { ...features, pushedAuthorizationRequests } };
  const server: PushingProvider = Object.assign(await startProvider(configuration, { prepare }), own);
  return server;
}

/** The agent, with its own credential provider at this server. */
export async function agentAt(world: World, provider: TestProvider): Promise<TestAgent> {
  const { discoveryUrl, clientId, clientSecret } = provider;
  const { client, name } = await world.agent();
  const providerName = `${name}-pushing`;
  const { callbackUrl = '' } = await world.control().createOauth2CredentialProvider({
    name: providerName,
    ...customProvider(discoveryUrl, { clientId, clientSecret }),
  });
  provider.allowRedirect(callbackUrl);
  return new TestAgent(client, name, providerName, callbackUrl);
}
