/** Endpoints of MCP servers, whose users sign in with any client that follows MCP's specification of authorization. */
import { alsoSending } from '../support/members-beyond-aws';
import { startProvider, type TestProvider } from '../support/provider';
import { RETURN_URL, type World } from '../support/world';
import { openEndpoint, type Opened } from './endpoints';

/** The users' sign-in: MCP clients register themselves, and tokens are JWTs for the one resource that they name. */
export const startSignIn = (): Promise<TestProvider> =>
  startProvider({
    features: {
      registration: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_ctx, resource) => ({
          audience: resource,
          scope: 'a b',
          accessTokenFormat: 'jwt',
          accessTokenTTL: 600,
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
    pkce: { required: () => true },
  });

/**
 * Opens an endpoint in front of an MCP server, for users of this sign-in.
 *
 * @param server URL of the MCP server
 * @param allowedScopes scopes, of which a caller's token needs at least one
 */
export async function openMcpEndpoint(
  world: World,
  { discoveryUrl }: TestProvider,
  server: string,
  allowedScopes: string[],
): Promise<Opened> {
  const endpoint = await openEndpoint(world, {
    inbound: { kind: 'JWT', discoveryUrl, allowedScopes },
    target: { kind: 'url', url: server },
    protocol: 'MCP',
    oauth2CallbackUrl: RETURN_URL,
  });
  // The identity service validates the user token again, here with the same issuer and audience.
  const customJWTAuthorizer = { discoveryUrl, allowedAudience: [endpoint.invocationUrl] };
  await alsoSending(world.control(), {
    authorizerConfiguration: { customJWTAuthorizer },
  }).updateWorkloadIdentity({
    name: endpoint.agent.name,
    allowedResourceOauth2ReturnUrls: [RETURN_URL],
  });
  return endpoint;
}
