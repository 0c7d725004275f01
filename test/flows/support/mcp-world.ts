/** A world whose authorization server protects an MCP server, and providers that are configured by this server's URL. */
import { Browser } from './browser';
import { customProvider } from './custom-provider';
import { forAnyResource, startMcpServer, type ProtectedMcpServer } from './mcp-server';
import { alsoSending } from './members-beyond-aws';
import { TestAgent, World } from './world';

export const MCP_CLIENT = {
  client_id: 'agents',
  token_endpoint_auth_method: 'none' as const,
  redirect_uris: ['https://placeholder.example/'],
  grant_types: ['authorization_code', 'refresh_token'],
};
export const MCP_TTL = {
  AccessToken: 600,
  RefreshToken: 86_400,
  Grant: 86_400,
  Session: 86_400,
  Interaction: 3600,
};
export const MCP_SCOPES = ['openid', 'offline_access', 'notes'];

export class McpWorld {
  private constructor(
    readonly world: World,
    readonly mcp: ProtectedMcpServer,
  ) {}

  static async start(): Promise<McpWorld> {
    const world = await World.start({
      clients: [MCP_CLIENT],
      ttl: MCP_TTL,
      scopes: MCP_SCOPES,
      features: forAnyResource(),
    });
    return new McpWorld(world, await startMcpServer(world.provider.issuer));
  }

  /** Ends what a test changed in the MCP server's responses. */
  restore(): void {
    this.mcp.metadata = {
      resource: this.mcp.resource,
      authorization_servers: [this.world.provider.issuer],
    };
    this.mcp.instead = undefined;
  }

  async close(): Promise<void> {
    await this.mcp.close();
    await this.world.stop();
  }

  configured(name: string, discoveryUrl = this.mcp.discoveryUrl) {
    return {
      name,
      ...customProvider(discoveryUrl, { clientId: 'agents' }),
    };
  }

  /** Creates or updates a provider, with members that AWS clients do not send. */
  stating(members: object) {
    return alsoSending(this.world.control(), {
      oauth2ProviderConfigInput: {
        customOauth2ProviderConfig: {
          ...this.configured('').oauth2ProviderConfigInput.customOauth2ProviderConfig,
          ...members,
        },
      },
    });
  }

  /** A new agent, and a provider of the MCP server. */
  async agentFor(name: string): Promise<TestAgent> {
    const created = await this.world.agent('agent', undefined, { clientSecret: undefined });
    const { callbackUrl = '' } = await this.world
      .control()
      .createOauth2CredentialProvider(this.configured(name));
    this.world.provider.allowRedirect(callbackUrl);
    return new TestAgent(created.client, created.name, name, callbackUrl);
  }

  /** Has a user consent; returns the workload access token and the access token. */
  async connected(asking: TestAgent, userId: string) {
    const token = await asking.token({ userId });
    const { authorizationUrl } = await asking.ask(token, { scopes: MCP_SCOPES });
    await asking.complete(await asking.consent(authorizationUrl, userId, new Browser()), { userId });
    const { accessToken = '' } = await asking.ask(token, { scopes: MCP_SCOPES });
    return { token, accessToken };
  }
}
