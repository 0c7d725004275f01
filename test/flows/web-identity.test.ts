/**
 * AWS_IAM_ID_TOKEN_JWT: a client without a secret, at a server that trusts the issuer of the account's tokens and checks
 * the agent and the owner of the provider in them (RFC 7523 section 2.2).
 */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type CustomOauth2ProviderConfigInput } from '@aws-sdk/client-bedrock-agentcore-control';
import { createRemoteJWKSet, jwtVerify, type JWTPayload } from 'jose';
import { AGENT } from './support/secrets';
import { TestAgent, World, type Ask } from './support/world';

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** A token endpoint that accepts a token of the issuer if the token names this endpoint and was not used before. */
class TrustingServer {
  readonly requests: { readonly form: URLSearchParams; readonly claims: JWTPayload }[] = [];
  private readonly seen = new Set<string>();

  private constructor(private readonly server: Server) {}

  static async start(): Promise<TrustingServer> {
    const server = createServer();
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const trusting = new TrustingServer(server);
    server.on('request', (request: IncomingMessage, response) => {
      void trusting.validate(request).then(
        (answer) => response.writeHead(200, { 'content-type': 'application/json' }).end(answer),
        () =>
          response
            .writeHead(401, { 'content-type': 'application/json' })
            .end(JSON.stringify({ error: 'invalid_client' })),
      );
    });
    return trusting;
  }

  get tokenEndpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/token`;
  }

  private async validate(request: IncomingMessage): Promise<string> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const form = new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
    // The test configures the issuer at this server, as an operator configures an account's issuer at a real one.
    const issuer = process.env.AWS_ENDPOINT_URL_STS ?? '';
    const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`));
    const { payload } = await jwtVerify(form.get('client_assertion') ?? '', keys, {
      issuer,
      audience: this.tokenEndpoint,
      requiredClaims: ['sub', 'exp', 'jti'],
    });
    const jti = payload.jti ?? '';
    if (form.get('client_assertion_type') !== ASSERTION_TYPE || this.seen.has(jti)) throw new Error('no');
    this.seen.add(jti);
    this.requests.push({ form, claims: payload });
    const accessToken = `token-${this.requests.length}`;
    return JSON.stringify({ access_token: accessToken, token_type: 'Bearer', expires_in: 3600 });
  }

  close(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((closed) => {
      this.server.close(() => {
        closed();
      });
    });
  }
}

let world: World;
let server: TrustingServer;
beforeAll(async () => {
  world = await World.start();
  server = await TrustingServer.start();
});
afterAll(async () => {
  await Promise.all([world.stop(), server.close()]);
});

let names = 0;

/** The configuration of a provider with this metadata, which is not discovered. */
const at = (tokenEndpoint: string) => {
  const issuer = new URL(tokenEndpoint).origin;
  return {
    oauthDiscovery: {
      authorizationServerMetadata: {
        issuer,
        authorizationEndpoint: `${issuer}/authorize`,
        tokenEndpoint,
      },
    },
  };
};

async function agentOf(config: Partial<CustomOauth2ProviderConfigInput> = {}): Promise<TestAgent> {
  const { client, name } = await world.agent();
  const created = await world.control().createOauth2CredentialProvider({
    name: `web-identity-${(names += 1)}`,
    credentialProviderVendor: 'CustomOauth2',
    oauth2ProviderConfigInput: {
      customOauth2ProviderConfig: {
        ...at(server.tokenEndpoint),
        clientAuthenticationMethod: 'AWS_IAM_ID_TOKEN_JWT',
        ...config,
      },
    },
  });
  return new TestAgent(client, name, created.name ?? '', created.callbackUrl ?? '');
}

const own: Ask = {
  oauth2Flow: 'M2M',
  scopes: ['a'],
  resourceOauth2ReturnUrl: undefined,
  forceAuthentication: true,
};

it("obtains the agent's token without a client ID, with an assertion that names the agent and the provider's owner", async () => {
  const agent = await agentOf();
  expect((await agent.ask(await agent.token(), own)).accessToken).toBe(`token-${server.requests.length}`);
  const { form, claims } = server.requests.at(-1) ?? {};
  expect(form?.has('client_id')).toBe(false);
  expect(form?.has('client_secret')).toBe(false);
  expect((claims?.exp ?? 0) - (claims?.iat ?? 0)).toBe(300);
  expect(claims?.['https://sts.amazonaws.com/']).toMatchObject({
    request_tags: {
      'agent-identity:workload-identity': `arn:aws:bedrock-agentcore:us-east-1:000000000000:workload-identity-directory/default/workload-identity/${agent.name}`,
      'agent-identity:provider-owner': AGENT,
    },
  });
});

it('names the client if it has a client ID, and sends a new assertion each time', async () => {
  const agent = await agentOf({ clientId: 'agents' });
  const token = await agent.token();
  await agent.ask(token, own);
  await agent.ask(token, own);
  const [first, second] = server.requests.slice(-2);
  expect(first?.form.get('client_id')).toBe('agents');
  expect(first?.claims.jti).not.toBe(second?.claims.jti);
});

it('rejects USER_FEDERATION without a client ID, and names the missing field', async () => {
  const agent = await agentOf();
  const refused = agent.ask(await agent.token({ userId: 'ana' }));
  await expect(refused).rejects.toMatchObject({ name: 'ValidationException' });
  await expect(refused).rejects.toThrow(/clientId/);
});

it('rejects a client secret, and Get returns none', async () => {
  await expect(agentOf({ clientSecret: 'a secret for nothing' })).rejects.toThrow(
    /clientSecret: must be omitted/,
  );
  const agent = await agentOf();
  const described = await world.control().getOauth2CredentialProvider({ name: agent.providerName });
  expect(described.oauth2ProviderConfigOutput).toMatchObject({
    customOauth2ProviderConfig: { clientAuthenticationMethod: 'AWS_IAM_ID_TOKEN_JWT' },
  });
});

it('rejects a token endpoint that is too long for AWS STS, without an error of the service', async () => {
  const agent = await agentOf(at(`${server.tokenEndpoint}/${'x'.repeat(1000)}`));
  const refused = agent.ask(await agent.token(), own);
  await expect(refused).rejects.toMatchObject({ name: 'ValidationException' });
  await expect(refused).rejects.toThrow(/up to 1000 characters/);
  expect((await world.logLines()).filter((line) => line.includes('"unexpected"'))).toEqual([]);
});
