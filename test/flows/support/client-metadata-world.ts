/**
 * A world at an https address whose authorization server reads the client ID metadata documents of the service there, and
 * an MCP server that it protects.
 */
import {
  CreateOauth2CredentialProviderCommand,
  UpdateOauth2CredentialProviderCommand,
  type CreateOauth2CredentialProviderCommandInput,
} from '@aws-sdk/client-bedrock-agentcore-control';
import { text } from 'node:stream/consumers';
import { decodeJwt } from 'jose';
import type { Configuration } from 'oidc-provider';
import { customProvider } from './custom-provider';
import { forAnyResource, startMcpServer, type ProtectedMcpServer } from './mcp-server';
import { alsoReading, alsoSending } from './members-beyond-aws';
import { signInAndConsent, type Extension } from './provider';
import { localUrl, ProxiedBrowser, PUBLIC_ADDRESS } from './tls-proxy';
import { TestAgent, World } from './world';

export const SCOPES = ['openid', 'offline_access', 'notes'];
export const CALLBACKS = `${PUBLIC_ADDRESS}/identities/oauth2/callback/`;

export interface Client {
  readonly clientId?: string;
  readonly clientRegistration?: 'METADATA_DOCUMENT' | 'DYNAMIC';
  readonly clientSecret?: string;
}

interface Configured {
  readonly callbackUrl: string;
  readonly clientId: string;
  readonly clientRegistration: string | undefined;
  readonly clientAuthenticationMethod: string | undefined;
}

export class ClientMetadataWorld {
  /** URLs that the authorization servers have read, in order. */
  readonly read: string[] = [];
  /** The revocations that the authorization servers have answered, in order. */
  readonly revocations: { clientId: unknown; aud: unknown; status: number }[] = [];
  /** Changes the metadata of each authorization server. */
  metadataChange: Record<string, unknown> = {};
  /** Replaces the redirect of the authorization server to the callback, if set. */
  redirected: ((location: URL) => void) | undefined;
  world!: World;
  mcp!: ProtectedMcpServer;

  static async start(): Promise<ClientMetadataWorld> {
    const started = new ClientMetadataWorld();
    started.world = await World.start(started.readsDocuments(true), undefined, started.extension, {
      publicAddress: PUBLIC_ADDRESS,
    });
    started.mcp = await startMcpServer(started.world.provider.issuer);
    return started;
  }

  /** Ends what a test changed in the servers. */
  restore(): void {
    this.read.length = 0;
    this.metadataChange = {};
    this.redirected = undefined;
    this.mcp.metadata = {
      resource: this.mcp.resource,
      authorization_servers: [this.world.provider.issuer],
    };
  }

  async close(): Promise<void> {
    await this.mcp.close();
    await this.world.stop();
  }

  /** A server that reads the documents of the service, and of no other address. */
  readsDocuments(registers = false): Configuration {
    return {
      scopes: SCOPES,
      ttl: { AccessToken: 600, RefreshToken: 86_400, Grant: 86_400, Session: 86_400, Interaction: 3600 },
      features: {
        ...forAnyResource(),
        revocation: { enabled: true },
        clientIdMetadataDocument: {
          enabled: true,
          ack: 'draft-02',
          // The least that the server allows is 30 seconds.
          cacheDuration: { min: 0, max: 0 },
        },
        ...(registers && { registration: { enabled: true }, registrationManagement: { enabled: true } }),
      },
      fetch: (url, options) => {
        const document = new Request(url).url;
        this.read.push(document);
        return fetch(localUrl(document, this.world.local.endpoint), { method: options?.method ?? 'GET' });
      },
    };
  }

  readonly extension: Extension = {
    ownRedirects: true,
    prepare: (provider) => {
      provider.use(async (ctx, next) => {
        const isRevocation = ctx.path === '/token/revocation';
        const body = isRevocation ? new URLSearchParams(await text(ctx.req)) : undefined;
        if (body) (ctx.req as { body?: unknown }).body = body.toString();
        await next();
        if (body) {
          const { aud } = decodeJwt(body.get('client_assertion') ?? '');
          this.revocations.push({ clientId: body.get('client_id'), aud, status: ctx.status });
        }
        if (ctx.path.startsWith('/.well-known/'))
          ctx.body = { ...(ctx.body as object), ...this.metadataChange };
        const { location = '' } = ctx.response.headers as { location?: string };
        if (this.redirected && location.startsWith(`${PUBLIC_ADDRESS}/`)) {
          const url = new URL(location);
          this.redirected(url);
          ctx.set('location', url.href);
        }
      });
    },
  };

  /** Creates or updates a provider with members that AWS clients do not send, and reads those that they remove. */
  async #configure(
    Command: typeof CreateOauth2CredentialProviderCommand | typeof UpdateOauth2CredentialProviderCommand,
    name: string,
    client: Client = {},
  ): Promise<Configured> {
    const input = {
      name,
      ...customProvider(this.mcp.discoveryUrl, {}),
    } satisfies CreateOauth2CredentialProviderCommandInput;
    const { customOauth2ProviderConfig } = input.oauth2ProviderConfigInput;
    const { client: control, answers } = alsoReading(
      alsoSending(this.world.control(), {
        oauth2ProviderConfigInput: {
          customOauth2ProviderConfig: { ...customOauth2ProviderConfig, ...client },
        },
      }),
    );
    await control.send(new Command(input) as CreateOauth2CredentialProviderCommand);
    const { callbackUrl, oauth2ProviderConfigOutput } = answers[0] as {
      callbackUrl: string;
      oauth2ProviderConfigOutput: {
        customOauth2ProviderConfig: Omit<Configured, 'callbackUrl'>;
      };
    };
    return { ...oauth2ProviderConfigOutput.customOauth2ProviderConfig, callbackUrl };
  }

  create(name: string, client?: Client): Promise<Configured> {
    return this.#configure(CreateOauth2CredentialProviderCommand, name, client);
  }

  update(name: string, client?: Client): Promise<Configured> {
    return this.#configure(UpdateOauth2CredentialProviderCommand, name, client);
  }

  remove(name: string) {
    return this.world.control().deleteOauth2CredentialProvider({ name });
  }

  documentAt(url: string): Promise<Response> {
    return fetch(localUrl(url, this.world.local.endpoint));
  }

  async agentFor(name: string, callbackUrl: string): Promise<TestAgent> {
    const created = await this.world.agent();
    return new TestAgent(created.client, created.name, name, callbackUrl);
  }

  browser(): ProxiedBrowser {
    return new ProxiedBrowser(this.world.local.endpoint);
  }

  /** Opens the authorization URL, signs in, consents, and delivers the response; returns the last page. */
  async consented(agent: TestAgent, userId: string) {
    const user = this.browser();
    const token = await agent.token({ userId });
    const { authorizationUrl = '' } = await agent.ask(token, { scopes: SCOPES });
    const { url } = await signInAndConsent(user, authorizationUrl, userId, CALLBACKS);
    return { token, url, page: await user.step(url) };
  }

  async connected(agent: TestAgent, userId: string) {
    const { token, page } = await this.consented(agent, userId);
    await agent.complete(new URL(page.headers.get('location') ?? ''), { userId });
    const { accessToken = '' } = await agent.ask(token, { scopes: SCOPES });
    return { token, accessToken };
  }
}
