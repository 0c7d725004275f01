/** A world whose authorization server binds tokens to keys (DPoP, RFC 9449), with an agent whose client requires it. */
import { customProvider } from './custom-provider';
import type { TokenEndpointBehavior } from './provider';
import { World, type TestAgent } from './world';

export const SCOPES = ['openid', 'offline_access', 'a'];

const publicClient = (id: string) => ({
  client_id: id,
  token_endpoint_auth_method: 'none' as const,
  redirect_uris: ['https://placeholder.example/'],
  grant_types: ['authorization_code', 'refresh_token'],
});

export interface Proven {
  readonly dpopProof: string;
  readonly accessToken: string;
  readonly tokenType: string;
}

export class DpopWorld {
  static async start(): Promise<DpopWorld> {
    const nonces = { required: false };
    const world = await World.start({
      clients: [
        { ...publicClient('agents'), dpop_bound_access_tokens: true },
        publicClient('optional'),
        {
          client_id: 'machine',
          client_secret: 'a-secret-of-the-machine',
          redirect_uris: [],
          response_types: [],
          grant_types: ['client_credentials'],
          dpop_bound_access_tokens: true,
        },
      ],
      ttl: {
        AccessToken: 600,
        ClientCredentials: 600,
        RefreshToken: 86_400,
        Grant: 86_400,
        Session: 86_400,
        Interaction: 3600,
      },
      issueRefreshToken: () => Promise.resolve(true),
      scopes: SCOPES,
      features: {
        dPoP: { enabled: true, nonceSecret: Buffer.alloc(32, 7), requireNonce: () => nonces.required },
        revocation: { enabled: true },
      },
    });
    const agent = await world.agent('agent', undefined, { clientSecret: undefined });
    const started = new DpopWorld(world, agent, nonces);
    await started.configure(agent.providerName);
    return started;
  }

  private constructor(
    readonly world: World,
    /** Its provider has the UserInfo endpoint as the resource. */
    readonly agent: TestAgent,
    private readonly nonces: { required: boolean },
  ) {}

  /** From now on, the server requires nonces in proofs. */
  requireNonces(): void {
    this.nonces.required = true;
  }

  set tokenEndpoint(behavior: TokenEndpointBehavior | undefined) {
    this.world.provider.tokenEndpoint = behavior;
  }

  /** Undoes what a test changed at the server. */
  restore(): void {
    this.nonces.required = false;
    this.tokenEndpoint = undefined;
  }

  /** The UserInfo endpoint, which verifies the proofs. */
  get me(): string {
    return `${this.world.provider.issuer}/me`;
  }

  /** Replaces the configuration of a provider. */
  async configure(name: string, members: object = { dpopConfig: { resourceUrls: [this.me] } }) {
    const response = await this.world.post('UpdateOauth2CredentialProvider', {
      name,
      ...customProvider(this.world.provider.discoveryUrl, { clientId: 'agents', ...members }),
    });
    return { status: response.status, body: JSON.parse(response.body) as Record<string, unknown> };
  }

  /** Returns the members that a request for a token or a proof has. */
  requested(workloadIdentityToken: string, members: object = {}) {
    return {
      workloadIdentityToken,
      resourceCredentialProviderName: this.agent.providerName,
      scopes: SCOPES,
      oauth2Flow: 'USER_FEDERATION',
      ...members,
    };
  }

  async prove(workloadIdentityToken: string, members: object = {}) {
    const input = { httpMethod: 'GET', httpUri: this.me, ...this.requested(workloadIdentityToken, members) };
    const { status, body } = await this.world.post('GetResourceDpopProof', input);
    return { status, ...(JSON.parse(body) as Proven & { message?: string }) };
  }

  /** What the agent gets of GetResourceOauth2Token, with the members that AWS SDKs drop. */
  async tokenOf(workloadIdentityToken: string, members: object = {}) {
    const input = this.requested(workloadIdentityToken, members);
    const { body, headers } = await this.world.post('oauth2/token', input);
    return {
      ...(JSON.parse(body) as { accessToken: string; tokenType?: string }),
      header: headers['x-agent-identity-token-type'],
    };
  }

  userinfo(accessToken: string, dpopProof: string, method = 'GET', scheme = 'DPoP'): Promise<Response> {
    return fetch(this.me, {
      method,
      headers: { authorization: `${scheme} ${accessToken}`, dpop: dpopProof },
    });
  }

  /** Returns a workload access token for a user who has consented. */
  async connected(userId: string, agent = this.agent): Promise<string> {
    await agent.connect(userId, { scopes: SCOPES });
    return agent.token({ userId });
  }
}
