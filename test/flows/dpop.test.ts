/**
 * Tokens that are bound to keys (DPoP, RFC 9449) at a real authorization server, whose clients require them and whose
 * UserInfo endpoint verifies the proofs.
 */
import { UpdateOauth2CredentialProviderCommand } from '@aws-sdk/client-bedrock-agentcore-control';
import { calculateJwkThumbprint, decodeJwt, decodeProtectedHeader } from 'jose';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { moveClock } from './support/clock';
import { alsoReading } from './support/members-beyond-aws';
import type { TokenEndpointBehavior } from './support/provider';
import { World, type TestAgent } from './support/world';

const SCOPES = ['openid', 'offline_access', 'a'];
let requiresNonce = false;
let world: World;
let agent: TestAgent;

const publicClient = (id: string) => ({
  client_id: id,
  token_endpoint_auth_method: 'none' as const,
  redirect_uris: ['https://placeholder.example/'],
  grant_types: ['authorization_code', 'refresh_token'],
});

beforeAll(async () => {
  world = await World.start({
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
    scopes: ['openid', 'offline_access', 'a'],
    features: {
      dPoP: { enabled: true, nonceSecret: Buffer.alloc(32, 7), requireNonce: () => requiresNonce },
      revocation: { enabled: true },
    },
  });
  agent = await world.agent('agent', undefined, { clientSecret: undefined });
  await configure(agent.providerName);
});
afterEach(() => {
  jest.useRealTimers();
  requiresNonce = false;
  world.provider.tokenEndpoint = undefined;
});
afterAll(() => world.stop());

const me = () => `${world.provider.issuer}/me`;

/** Replaces the configuration of a provider. */
async function configure(name: string, members: object = { dpopConfig: { resourceUrls: [me()] } }) {
  const response = await world.post('UpdateOauth2CredentialProvider', {
    name,
    credentialProviderVendor: 'CustomOauth2',
    oauth2ProviderConfigInput: {
      customOauth2ProviderConfig: {
        clientId: 'agents',
        oauthDiscovery: { discoveryUrl: world.provider.discoveryUrl },
        ...members,
      },
    },
  });
  return { status: response.status, body: JSON.parse(response.body) as Record<string, unknown> };
}

const asked = (workloadIdentityToken: string, members: object = {}) => ({
  workloadIdentityToken,
  resourceCredentialProviderName: agent.providerName,
  scopes: SCOPES,
  oauth2Flow: 'USER_FEDERATION',
  ...members,
});

interface Proven {
  readonly dpopProof: string;
  readonly accessToken: string;
  readonly tokenType: string;
}

async function prove(workloadIdentityToken: string, members: object = {}) {
  const input = { httpMethod: 'GET', httpUri: me(), ...asked(workloadIdentityToken, members) };
  const { status, body } = await world.post('GetResourceDpopProof', input);
  return { status, ...(JSON.parse(body) as Proven & { message?: string }) };
}

/** What the agent gets of GetResourceOauth2Token, with the members that AWS SDKs drop. */
async function tokenOf(workloadIdentityToken: string, members: object = {}) {
  const { body, headers } = await world.post('oauth2/token', asked(workloadIdentityToken, members));
  return {
    ...(JSON.parse(body) as { accessToken: string; tokenType?: string }),
    header: headers['x-agent-identity-token-type'],
  };
}

const userinfo = (accessToken: string, dpopProof: string, method = 'GET', scheme = 'DPoP') =>
  fetch(me(), { method, headers: { authorization: `${scheme} ${accessToken}`, dpop: dpopProof } });

async function connected(userId: string, asking = agent): Promise<string> {
  await asking.connect(userId, { scopes: SCOPES });
  return asking.token({ userId });
}

it("binds the code, the user's token, and its renewal to one key, which the resource verifies", async () => {
  const token = await connected('ana');
  const { dpop_jkt: bound } = Object.fromEntries(world.provider.pushes.at(-1)?.parameters ?? []);
  const first = await tokenOf(token);
  expect(first).toMatchObject({ tokenType: 'DPoP', header: 'DPoP' });
  const proven = await prove(token);
  expect(proven).toMatchObject({ status: 200, tokenType: 'DPoP', accessToken: first.accessToken });
  const { alg, typ, jwk } = decodeProtectedHeader(proven.dpopProof);
  expect({ alg, typ, members: Object.keys(jwk ?? {}).sort() }).toEqual({
    alg: 'ES256',
    typ: 'dpop+jwt',
    members: ['crv', 'kty', 'x', 'y'],
  });
  expect(await calculateJwkThumbprint(jwk ?? { kty: '' })).toBe(bound);
  expect(decodeJwt(proven.dpopProof)).toMatchObject({ htm: 'GET', htu: me() });
  expect((await userinfo(first.accessToken, proven.dpopProof)).status).toBe(200);

  moveClock(590);
  const later = await agent.token({ userId: 'ana' });
  const renewed = await prove(later);
  expect(world.provider.exchanges.at(-1)).toMatchObject({ grantType: 'refresh_token', status: 200 });
  expect(renewed.accessToken).not.toBe(first.accessToken);
  expect(decodeProtectedHeader(renewed.dpopProof).jwk).toEqual(jwk);
  expect((await userinfo(renewed.accessToken, renewed.dpopProof)).status).toBe(200);
});

it('gives each grant another key, and a renewed consent, too', async () => {
  const keys = new Set<string>();
  for (const userId of ['bob', 'cleo', 'bob']) {
    const token = await agent.token({ userId });
    const { authorizationUrl } = await agent.ask(token, { scopes: SCOPES, forceAuthentication: true });
    await agent.complete(await agent.consent(authorizationUrl, userId), { userId });
    keys.add(JSON.stringify(decodeProtectedHeader((await prove(token)).dpopProof).jwk));
  }
  expect(keys.size).toBe(3);
});

describe('a proof', () => {
  let token: string;
  beforeAll(async () => {
    token = await connected('dora');
  });

  it('is accepted once', async () => {
    const { accessToken, dpopProof } = await prove(token);
    expect((await userinfo(accessToken, dpopProof)).status).toBe(200);
    expect((await userinfo(accessToken, dpopProof)).status).toBe(401);
  });

  it.each<[string, number, (proven: Proven) => Promise<Response>]>([
    ['is for one method', 401, ({ accessToken, dpopProof }) => userinfo(accessToken, dpopProof, 'POST')],
    [
      'is necessary',
      // oidc-provider takes it for a request that is not valid.
      400,
      ({ accessToken }) => fetch(me(), { headers: { authorization: `DPoP ${accessToken}` } }),
    ],
    [
      'is necessary for a token that is presented as a bearer token',
      401,
      ({ accessToken }) => fetch(me(), { headers: { authorization: `Bearer ${accessToken}` } }),
    ],
  ])('%s', async (_title, status, misuse) => {
    expect((await misuse(await prove(token))).status).toBe(status);
  });

  it('is for one token', async () => {
    const { dpopProof } = await prove(token);
    const other = await tokenOf(await connected('emil'));
    expect((await userinfo(other.accessToken, dpopProof)).status).toBe(401);
  });

  it('contains the nonce of the resource', async () => {
    requiresNonce = true;
    const { accessToken, dpopProof } = await prove(token);
    const refused = await userinfo(accessToken, dpopProof);
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
      401,
      expect.stringContaining('use_dpop_nonce'),
    ]);
    const nonce = refused.headers.get('dpop-nonce');
    const again = await prove(token, { nonce });
    expect((await userinfo(again.accessToken, again.dpopProof)).status).toBe(200);
  });

  it('contains the digest of the body', async () => {
    const contentDigest = 'sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:';
    const { dpopProof } = await prove(token, { contentDigest });
    expect(decodeJwt(dpopProof)).toMatchObject({ content_digest: contentDigest });
  });

  const outside = 'httpUri: must be within the resource of the credential provider';
  const notNormalized = expect.stringContaining('httpUri: must be normalized') as string;
  const notAbsolute = expect.stringContaining('httpUri: must be an absolute URL') as string;
  it.each<[string, (issuer: string) => string, string]>([
    ['for the token endpoint', (issuer) => `${issuer}/token`, outside],
    ['for another host', () => 'https://other.example/me', outside],
    ['for another port', (issuer) => `${new URL(issuer).protocol}//127.0.0.1:1/me`, outside],
    ['for a path with the same beginning', (issuer) => `${issuer}/me2`, outside],
    ['for a path that leaves the resource', (issuer) => `${issuer}/me/../token`, notNormalized],
    ['for encoded dots', (issuer) => `${issuer}/me/%2e%2e/token`, notNormalized],
    ['for an encoded slash', (issuer) => `${issuer}/me/..%2Ftoken`, notNormalized],
    ['for an empty segment', (issuer) => `${issuer}/me//token`, notNormalized],
    ['for a backslash', (issuer) => `${issuer}/me\\..\\token`, notAbsolute],
    ['for credentials', (issuer) => issuer.replace('//', '//user@') + '/me', notAbsolute],
    ['for a query', (issuer) => `${issuer}/me?a=b`, notAbsolute],
    ['for a fragment', (issuer) => `${issuer}/me#a`, notAbsolute],
    ['for a tab in the URL', (issuer) => `${issuer}/m\te`, notAbsolute],
    ['for a relative reference', () => '/me', notAbsolute],
    ['for http beyond this machine', () => 'http://other.example/me', 'httpUri: must be an https URL'],
  ])('is not issued %s', async (_title, urlOf, message) => {
    const refused = await prove(token, { httpUri: urlOf(world.provider.issuer) });
    expect(refused).toMatchObject({ status: 400, message });
    expect(refused).not.toHaveProperty('dpopProof');
  });

  it.each([
    ['a nonce with a line break', { nonce: 'a\r\nx: y' }],
    ['a nonce that is longer than any server needs', { nonce: 'n'.repeat(513) }],
    ['a method that is not a token', { httpMethod: 'GET /' }],
    ['a digest that is not one', { contentDigest: 'sha-256=:AA:' }],
  ])('is not issued for %s', async (_title, members) => {
    expect(await prove(token, members)).toMatchObject({ status: 400 });
  });

  it('is issued for a path below the resource', async () => {
    expect(await prove(token, { httpUri: `${me()}/x` })).toMatchObject({ status: 200 });
  });

  it('is not issued to another principal, to a user without a grant, and after suspension and revocation', async () => {
    const input = { httpMethod: 'GET', httpUri: me(), ...asked(token) };
    expect((await world.post('GetResourceDpopProof', input, 'stranger')).status).toBe(403);
    expect(await prove(await agent.token({ userId: 'without-grant' }))).toMatchObject({
      status: 400,
      message: expect.stringContaining('Call GetResourceOauth2Token') as string,
    });
    const user = { userId: 'fay' };
    const hers = await connected('fay');
    await world.operate('SuspendUser', { user });
    expect(await prove(hers)).toMatchObject({ status: 403 });
    await world.operate('ResumeUser', { user });
    expect(await prove(hers)).toMatchObject({ status: 200 });
    await world.operate('RevokeGrants', { user });
    expect(await prove(hers)).toMatchObject({ status: 400 });
  });

  it('is in the audit log with method and origin, and begins no consent', async () => {
    await prove(token);
    const entry = (await world.audit()).findLast(({ operation }) => operation === 'GetResourceDpopProof');
    expect(entry).toMatchObject({
      outcome: 'allowed',
      result: 'scope-gap',
      proofFor: `GET ${world.provider.issuer}`,
    });
    const pushes = world.provider.pushes.length;
    const refused = await prove(await agent.token({ userId: 'also-without-grant' }));
    expect(refused.status).toBe(400);
    expect(refused).not.toHaveProperty('authorizationUrl');
    expect(world.provider.pushes).toHaveLength(pushes);
  });
});

describe('a server that requires nonces', () => {
  it('gets the request again with its nonce, and the next one with the remembered nonce', async () => {
    // No nonce of it is known yet to a new provider.
    const fresh = await world.agent('agent', undefined, { clientSecret: undefined });
    await configure(fresh.providerName);
    requiresNonce = true;
    const before = world.provider.exchanges.length;
    await connected('gil', fresh);
    const statuses = () =>
      world.provider.exchanges
        .slice(before)
        .filter(({ grantType }) => grantType === 'authorization_code')
        .map(({ status }) => status);
    expect(statuses()).toEqual([400, 200]);
    await connected('hana', fresh);
    expect(statuses()).toEqual([400, 200, 200]);
  });

  it('is asked twice at most', async () => {
    let count = 0;
    world.provider.tokenEndpoint = (ctx) => {
      count += 1;
      ctx.status = 400;
      ctx.set('dpop-nonce', `nonce-${count}`);
      ctx.body = { error: 'use_dpop_nonce' };
      return Promise.resolve();
    };
    await expect(connected('ida')).rejects.toMatchObject({
      message: expect.stringMatching(/use_dpop_nonce\. The authorization server requires DPoP/) as string,
    });
    expect(count).toBe(2);
  });

  it('gets no nonce that is not one', async () => {
    let count = 0;
    world.provider.tokenEndpoint = (ctx) => {
      count += 1;
      ctx.status = 400;
      ctx.set('dpop-nonce', 'n'.repeat(600));
      ctx.body = { error: 'use_dpop_nonce' };
      return Promise.resolve();
    };
    await expect(connected('jo')).rejects.toMatchObject({
      message: expect.stringContaining('invalid_response') as string,
    });
    expect(count).toBe(1);
  });
});

it('does not use a bearer token that the server issues in place of a bound one', async () => {
  const downgrade: TokenEndpointBehavior = async (ctx, next) => {
    await next();
    ctx.body = { ...(ctx.body as object), token_type: 'Bearer' };
  };
  world.provider.tokenEndpoint = downgrade;
  await expect(connected('kim')).rejects.toMatchObject({
    message: expect.stringMatching(/unbound_token\. The provider has a dpopConfig/) as string,
  });
  world.provider.tokenEndpoint = undefined;
  const { accessToken } = await tokenOf(await agent.token({ userId: 'kim' }));
  expect(accessToken).toBeUndefined();
});

it("binds the agent's own token, for a machine client", async () => {
  const machine = await world.agent();
  await configure(machine.providerName, {
    clientId: 'machine',
    clientSecret: 'a-secret-of-the-machine',
    dpopConfig: { resourceUrls: [`${world.provider.issuer}/`] },
  });
  const members = {
    resourceCredentialProviderName: machine.providerName,
    oauth2Flow: 'M2M',
    scopes: [],
  };
  const token = await machine.token();
  const { accessToken, tokenType } = await tokenOf(token, members);
  expect(tokenType).toBe('DPoP');
  const proven = await prove(token, members);
  expect(proven).toMatchObject({ status: 200, accessToken });
  expect(decodeJwt(proven.dpopProof).ath).toEqual(expect.any(String));
  for (const path of [
    '/token',
    '/token/',
    '/TOKEN',
    '/%74oken',
    '/auth',
    '/request',
    '/token/revocation',
    '/token.',
  ]) {
    expect(await prove(token, { ...members, httpUri: world.provider.issuer + path })).toMatchObject({
      status: 400,
      message: 'httpUri: must not be an endpoint of the authorization server',
    });
  }
});

describe('a provider without dpopConfig', () => {
  let plain: TestAgent;
  beforeAll(async () => {
    plain = await world.agent('agent', undefined, { clientSecret: undefined });
  });
  const named = (members: object = {}) => ({
    resourceCredentialProviderName: plain.providerName,
    ...members,
  });

  it('says what to set if the server requires DPoP', async () => {
    await expect(connected('lou', plain)).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringMatching(
        /invalid_grant\. Ask the user.*If the authorization server requires DPoP.*sets dpopConfig/,
      ) as string,
    });
  });

  it('returns bearer tokens, without proofs, until the owner turns DPoP on', async () => {
    await configure(plain.providerName, { clientId: 'optional' });
    const token = await connected('mia', plain);
    expect(await tokenOf(token, named())).not.toHaveProperty('tokenType');
    expect(await prove(token, named())).toMatchObject({
      status: 400,
      message: expect.stringContaining('has no dpopConfig') as string,
    });
    const dpopConfig = { resourceUrls: [me()] };
    await configure(plain.providerName, { clientId: 'optional', dpopConfig });
    expect(await prove(token, named())).toMatchObject({
      status: 400,
      message: expect.stringContaining('current token is a bearer token') as string,
    });
    moveClock(590);
    const later = await plain.token({ userId: 'mia' });
    const proven = await prove(later, named());
    expect((await userinfo(proven.accessToken, proven.dpopProof)).status).toBe(200);

    // The refresh token of a public client is bound now, so the key stays in use.
    await configure(plain.providerName, { clientId: 'optional' });
    expect(await prove(later, named())).toMatchObject({
      status: 400,
      message: expect.stringMatching(/was bound before.*set dpopConfig.*or.*forceAuthentication/) as string,
    });
    moveClock(590);
    expect(await tokenOf(await plain.token({ userId: 'mia' }), named())).toMatchObject({ tokenType: 'DPoP' });
  });
});

describe('the configuration', () => {
  it.each([
    ['an http URL', { resourceUrls: ['http://api.example/'] }, 'resourceUrls.0: must be https'],
    [
      'credentials',
      { resourceUrls: ['https://u@api.example/'] },
      'resourceUrls.0: must not contain credentials',
    ],
    ['a query', { resourceUrls: ['https://api.example/?a'] }, 'resourceUrls.0: must not have a query'],
    [
      'a URL that is not normalized',
      { resourceUrls: ['https://api.example/', 'https://api.example/a/../b'] },
      'resourceUrls.1: must be normalized',
    ],
    [
      'encoded dots',
      { resourceUrls: ['https://api.example/%2e%2e/x'] },
      'resourceUrls.0: must be normalized',
    ],
    ['no URL', { resourceUrls: [] }, 'resourceUrls'],
    [
      'no resourceUrls',
      {},
      'dpopConfig.resourceUrls: is required, because the provider is not for a protected resource',
    ],
    ['an unknown member', { alg: 'RS256' }, 'alg'],
  ])('rejects %s', async (_title, dpopConfig, message) => {
    expect(await configure(agent.providerName, { dpopConfig })).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining(message) as string },
    });
  });

  it('is in the description of the provider, and in the audit log when it changes', async () => {
    const { body } = await configure(agent.providerName);
    expect(body).toMatchObject({
      oauth2ProviderConfigOutput: { customOauth2ProviderConfig: { dpopConfig: { resourceUrls: [me()] } } },
    });
    const changed = { dpopConfig: { resourceUrls: [me(), 'https://api.example/'] } };
    await configure(agent.providerName, changed);
    expect((await world.audit()).at(-1)).toMatchObject({ changed: ['dpopConfig'] });
    await configure(agent.providerName);
  });

  it('ends when an update with an AWS client leaves it out', async () => {
    const other = await world.agent('agent', undefined, { clientSecret: undefined });
    await configure(other.providerName, { clientId: 'optional', dpopConfig: { resourceUrls: [me()] } });
    const { client, answers } = alsoReading(world.control());
    await client.send(
      new UpdateOauth2CredentialProviderCommand({
        name: other.providerName,
        credentialProviderVendor: 'CustomOauth2',
        oauth2ProviderConfigInput: {
          customOauth2ProviderConfig: {
            clientId: 'optional',
            oauthDiscovery: { discoveryUrl: world.provider.discoveryUrl },
          },
        },
      }),
    );
    expect(answers).toHaveLength(1);
    expect(JSON.stringify(answers)).not.toContain('dpopConfig');
    await other.connect('oda', { scopes: SCOPES });
    const named = { resourceCredentialProviderName: other.providerName };
    const token = await tokenOf(await other.token({ userId: 'oda' }), named);
    expect(token.accessToken).toEqual(expect.any(String));
    expect(token).not.toHaveProperty('tokenType');
  });
});

it('leaves no key readable in the data folder', async () => {
  await connected('nia');
  const files = await readdir(world.dataDir, { recursive: true, withFileTypes: true });
  for (const file of files.filter((entry) => entry.isFile())) {
    const content = await readFile(join(file.parentPath, file.name), 'latin1');
    expect([file.name, /"crv":"P-256"[^}]*"d":"/.test(content) && !file.name.includes('kms')]).toEqual([
      file.name,
      false,
    ]);
  }
});
