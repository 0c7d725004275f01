/**
 * PRIVATE_KEY_JWT: clients of `oidc-provider` that authenticate with a KMS key (RFC 7523 section 2.2) in every flow,
 * and the key, which signs only for the owner that its tag names.
 */
import { createPublicKey, type JsonWebKey } from 'node:crypto';
import { type PrivateKeyJwtConfig } from '@aws-sdk/client-bedrock-agentcore-control';
import { KMS, type KeySpec } from '@aws-sdk/client-kms';
import { moveClock } from './support/clock';
import { customProvider } from './support/custom-provider';
import { startMcpServer } from './support/mcp-server';
import { startProvider, type TestProvider } from './support/provider';
import { renewalsIn } from './support/renewals';
import { AGENT } from './support/secrets';
import { TestAgent, World } from './support/world';

type Algorithm = 'RS256' | 'PS256' | 'ES256';

const SPECS: Readonly<Record<Algorithm, KeySpec>> = {
  RS256: 'RSA_2048',
  PS256: 'RSA_2048',
  ES256: 'ECC_NIST_P256',
};
const OWNER_TAG = 'agent-identity:owner';
const MINUTES = 60;

let kms: KMS;
const providers: TestProvider[] = [];
const world = World.ofFile();
beforeAll(() => {
  kms = new KMS({});
});
afterAll(async () => {
  kms.destroy();
  await Promise.all(providers.map((provider) => provider.close()));
});

/** A signing key, by default with the tag of the agent's principal. */
async function signingKey(spec: KeySpec, owner: string | undefined = AGENT): Promise<string> {
  const Tags = owner === '' ? [] : [{ TagKey: OWNER_TAG, TagValue: owner }];
  const { KeyMetadata } = await kms.createKey({ KeySpec: spec, KeyUsage: 'SIGN_VERIFY', Tags });
  return KeyMetadata?.Arn ?? '';
}

async function publicJwk(keyArn: string): Promise<JsonWebKey> {
  const { PublicKey } = await kms.getPublicKey({ KeyId: keyArn });
  const der = Buffer.from(PublicKey ?? new Uint8Array());
  return createPublicKey({ key: der, format: 'der', type: 'spki' }).export({ format: 'jwk' });
}

/** An authorization server that knows only the client's public key, and accepts each assertion only once. */
async function serverFor(keyArn: string, algorithm: Algorithm): Promise<TestProvider> {
  const provider = await startProvider({
    clients: [
      {
        client_id: 'agents',
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_signing_alg: algorithm,
        jwks: { keys: [{ ...(await publicJwk(keyArn)), kid: 'agents-1', alg: algorithm, use: 'sig' }] },
        redirect_uris: ['http://127.0.0.1:9/placeholder'],
        grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
      },
    ],
    ttl: { AccessToken: 3600 },
    issueRefreshToken: () => Promise.resolve(true),
  });
  providers.push(provider);
  return provider;
}

const custom = (server: TestProvider, privateKeyJwtConfig: PrivateKeyJwtConfig, clientId = 'agents') => ({
  ...customProvider(server.discoveryUrl, {
    clientId,
    clientAuthenticationMethod: 'PRIVATE_KEY_JWT' as const,
    privateKeyJwtConfig,
  }),
});

const configOf = (kmsKeyArn: string, signingAlgorithm: Algorithm, more: PrivateKeyJwtConfig = {}) => ({
  privateKeySource: { kmsKeySource: { kmsKeyArn } },
  signingAlgorithm,
  ...more,
});

let names = 0;
const newName = () => `private-key-${(names += 1)}`;

async function agentAt(server: TestProvider, config: PrivateKeyJwtConfig): Promise<TestAgent> {
  const { client, name } = await world.agent();
  const created = await world
    .control()
    .createOauth2CredentialProvider({ name: newName(), ...custom(server, config) });
  server.allowRedirect(created.callbackUrl ?? '');
  return new TestAgent(client, name, created.name ?? '', created.callbackUrl ?? '');
}

const assertionsAt = ({ exchanges }: TestProvider) =>
  exchanges.map(({ request }) => request.get('client_assertion') ?? '');

const own = { oauth2Flow: 'M2M', scopes: ['a'] } as const;
const machine = async (agent: TestAgent) =>
  (await agent.ask(await agent.token(), { ...own, scopes: ['a'] })).accessToken;

describe.each(['RS256', 'PS256', 'ES256'] as const)('%s', (algorithm) => {
  let server: TestProvider;
  let agent: TestAgent;
  beforeAll(async () => {
    const key = await signingKey(SPECS[algorithm]);
    server = await serverFor(key, algorithm);
    agent = await agentAt(server, configOf(key, algorithm, { additionalHeaderClaims: { kid: 'agents-1' } }));
  });

  it('authenticates the client for a code, a refresh, and client credentials, with a new assertion each time', async () => {
    const first = await agent.connect('ana');
    moveClock(60 * MINUTES);
    const second = (await agent.ask(await agent.token({ userId: 'ana' }))).accessToken;
    expect(second).not.toBe(first);
    expect(await machine(agent)).toEqual(expect.any(String));
    expect(server.exchanges.map(({ grantType, status }) => [grantType, status])).toEqual([
      ['authorization_code', 200],
      ['refresh_token', 200],
      ['client_credentials', 200],
    ]);
    const assertions = assertionsAt(server);
    expect(new Set(assertions).size).toBe(3);
    for (const { request } of server.exchanges) expect(request.get('client_secret')).toBeNull();
  });

  it('sends an assertion that cannot be used again', async () => {
    const [spent = ''] = assertionsAt(server);
    const answer = await fetch(`${server.issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_assertion: spent,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      }),
    });
    expect(await answer.json()).toMatchObject({ error: 'invalid_client' });
  });
});

describe('a server whose clock is 2 minutes off', () => {
  it.each([-120, 120])('accepts the assertion (%i seconds)', async (skew) => {
    const key = await signingKey('RSA_2048');
    const server = await serverFor(key, 'RS256');
    const agent = await agentAt(server, configOf(key, 'RS256'));
    // Only while the server validates the assertion; the rest of the process keeps its time.
    server.tokenEndpoint = async (_ctx, next) => {
      moveClock(skew);
      await next();
      jest.useRealTimers();
    };
    expect(await machine(agent)).toEqual(expect.any(String));
  });
});

describe('the signing key', () => {
  let key: string;
  let server: TestProvider;
  beforeAll(async () => {
    key = await signingKey('ECC_NIST_P256');
    server = await serverFor(key, 'ES256');
  });

  it('is returned by Get in the AWS format, without a secret', async () => {
    const claims = { additionalHeaderClaims: { kid: 'agents-1' }, additionalPayloadClaims: { tenant: 't' } };
    const { providerName } = await agentAt(server, configOf(key, 'ES256', claims));
    const { oauth2ProviderConfigOutput } = await world
      .control()
      .getOauth2CredentialProvider({ name: providerName });
    expect(oauth2ProviderConfigOutput?.customOauth2ProviderConfig).toMatchObject({
      clientId: 'agents',
      clientAuthenticationMethod: 'PRIVATE_KEY_JWT',
      privateKeyJwtConfig: configOf(key, 'ES256', claims),
    });
  });

  it('is kept with its algorithm by an update that omits it', async () => {
    const agent = await agentAt(server, configOf(key, 'ES256'));
    const { providerName: name } = agent;
    const config = { additionalHeaderClaims: { kid: 'agents-1' } };
    await world.control().updateOauth2CredentialProvider({ name, ...custom(server, config) });
    expect(await machine(agent)).toEqual(expect.any(String));
  });

  it('keeps its audience at no other authorization server', async () => {
    const agent = await agentAt(server, {
      ...configOf(key, 'ES256'),
      additionalPayloadClaims: { aud: server.issuer },
    });
    const { providerName: name } = agent;
    const elsewhere = await serverFor(key, 'ES256');
    const update = (at: TestProvider) =>
      world.control().updateOauth2CredentialProvider({ name, ...custom(at, {}) });
    const claims = async () => {
      const { oauth2ProviderConfigOutput } = await world.control().getOauth2CredentialProvider({ name });
      return oauth2ProviderConfigOutput?.customOauth2ProviderConfig?.privateKeyJwtConfig
        ?.additionalPayloadClaims;
    };
    await update(server);
    expect(await claims()).toEqual({ aud: server.issuer });
    await update(elsewhere);
    expect(await claims()).toBeUndefined();
  });

  it('has the audience of the authorization server that an MCP server names, or none', async () => {
    const mcp = await startMcpServer(server.issuer);
    const create = (name: string, aud: string) =>
      world.control().createOauth2CredentialProvider({
        name,
        credentialProviderVendor: 'CustomOauth2',
        oauth2ProviderConfigInput: {
          customOauth2ProviderConfig: {
            clientId: 'agents',
            oauthDiscovery: { discoveryUrl: mcp.discoveryUrl },
            clientAuthenticationMethod: 'PRIVATE_KEY_JWT',
            privateKeyJwtConfig: { ...configOf(key, 'ES256'), additionalPayloadClaims: { aud } },
          },
        },
      });
    try {
      for (const aud of ['https://victim.example', 'agents', `${server.issuer}.victim.example`]) {
        await expect(create('aimed', aud)).rejects.toMatchObject({
          name: 'ValidationException',
          message: expect.stringContaining(
            `must have no aud, or a URL of the authorization server`,
          ) as string,
        });
      }
      await expect(create('at-issuer', server.issuer)).resolves.toHaveProperty('name', 'at-issuer');
      await expect(create('at-token', `${server.issuer}/token`)).resolves.toHaveProperty('name', 'at-token');
    } finally {
      await mcp.close();
    }
  });

  it('cannot be combined with a client secret', async () => {
    const { oauth2ProviderConfigInput, ...rest } = custom(server, configOf(key, 'ES256'));
    const creating = world.control().createOauth2CredentialProvider({
      name: newName(),
      ...rest,
      oauth2ProviderConfigInput: {
        customOauth2ProviderConfig: {
          ...oauth2ProviderConfigInput.customOauth2ProviderConfig,
          clientSecret: 'a-secret',
        },
      },
    });
    await expect(creating).rejects.toMatchObject({ name: 'ValidationException' });
  });

  it.each<[string, () => Promise<string>]>([
    ['of another owner', () => signingKey('ECC_NIST_P256', 'arn:aws:iam::000000000000:user/other')],
    ['without an owner', () => signingKey('ECC_NIST_P256', '')],
    ['that does not exist', () => Promise.resolve(`${key.slice(0, -12)}000000000000`)],
    ['of another account', () => Promise.resolve(key.replace(/:\d{12}:/, ':210987654321:'))],
  ])('%s is rejected with the same message', async (_what, other) => {
    await expect(agentAt(server, configOf(await other(), 'ES256'))).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringContaining(OWNER_TAG) as string,
    });
  });

  it('stops signing within 5 minutes after it is untagged, and signs again when it is tagged', async () => {
    const agent = await agentAt(server, configOf(key, 'ES256'));
    await machine(agent);
    await kms.untagResource({ KeyId: key, TagKeys: [OWNER_TAG] });
    moveClock(60 * MINUTES);
    await expect(machine(agent)).rejects.toMatchObject({ name: 'AccessDeniedException' });
    await kms.tagResource({ KeyId: key, Tags: [{ TagKey: OWNER_TAG, TagValue: AGENT }] });
    expect(await machine(agent)).toEqual(expect.any(String));
  });

  it('signs nothing while it is disabled', async () => {
    const agent = await agentAt(server, configOf(key, 'ES256'));
    await kms.disableKey({ KeyId: key });
    await expect(machine(agent)).rejects.toMatchObject({ name: 'AccessDeniedException' });
    await kms.enableKey({ KeyId: key });
    expect(await machine(agent)).toEqual(expect.any(String));
  });

  it('that is disabled ends a background renewal without an error of the service', async () => {
    const agent = await agentAt(server, configOf(key, 'ES256'));
    const token = await machine(agent);
    await kms.disableKey({ KeyId: key });
    moveClock(0.92 * Number(server.exchanges.at(-1)?.answer.expires_in));
    expect(await machine(agent)).toBe(token);
    expect((await renewalsIn(world, 1)).at(-1)).toMatchObject({
      outcome: 'allowed',
      result: 'credential-unusable',
      reason: expect.stringContaining('KMS refuses to sign') as string,
      provider: agent.providerName,
    });
    expect((await world.logLines()).filter((line) => line.includes('"unexpected"'))).toEqual([]);
    await kms.enableKey({ KeyId: key });
  });

  it('can be chosen only by the owner: another principal cannot use it for its own server', async () => {
    const agent = await agentAt(server, configOf(key, 'ES256'));
    const { providerName: name } = agent;
    const control = world.control();
    const { credentialProviderArn } = await control.getOauth2CredentialProvider({ name });
    const { operator } = world.local.principals;
    await control.putResourcePolicy({
      resourceArn: credentialProviderArn,
      policy: JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { AWS: operator.arn },
            Action: 'bedrock-agentcore:UpdateOauth2CredentialProvider',
            Resource: credentialProviderArn,
          },
        ],
      }),
    });
    const elsewhere = await serverFor(key, 'ES256');
    const update = (config: ReturnType<typeof custom>) =>
      world.control('operator').updateOauth2CredentialProvider({ name, ...config });
    const aimed = { additionalPayloadClaims: { aud: `${server.issuer}/token` } };
    for (const config of [
      custom(elsewhere, {}),
      custom(server, aimed),
      custom(server, {}, 'another-client'),
      custom(server, configOf(await signingKey('ECC_NIST_P256'), 'ES256')),
    ]) {
      await expect(update(config)).rejects.toMatchObject({ name: 'AccessDeniedException' });
    }
    await expect(update(custom(server, {}))).resolves.toHaveProperty('name', name);
  });
});
