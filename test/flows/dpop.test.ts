/**
 * Tokens that are bound to keys (DPoP, RFC 9449) at a real authorization server, whose clients require them and whose
 * UserInfo endpoint verifies the proofs.
 */
import { calculateJwkThumbprint, decodeJwt, decodeProtectedHeader } from 'jose';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { moveClock } from './support/clock';
import { DpopWorld, SCOPES, type Proven } from './support/dpop-world';
import type { TokenEndpointBehavior } from './support/provider';
import type { TestAgent, World } from './support/world';

let dpop: DpopWorld;
let world: World;
let agent: TestAgent;
beforeAll(async () => {
  dpop = await DpopWorld.start();
  ({ world, agent } = dpop);
});
afterEach(() => {
  dpop.restore();
});
afterAll(() => world.stop());

it("binds the code, the user's token, and its renewal to one key, which the resource verifies", async () => {
  const token = await dpop.connected('ana');
  const { dpop_jkt: bound } = Object.fromEntries(world.provider.pushes.at(-1)?.parameters ?? []);
  const first = await dpop.tokenOf(token);
  expect(first).toMatchObject({ tokenType: 'DPoP', header: 'DPoP' });
  const proven = await dpop.prove(token);
  expect(proven).toMatchObject({ status: 200, tokenType: 'DPoP', accessToken: first.accessToken });
  const { alg, typ, jwk } = decodeProtectedHeader(proven.dpopProof);
  expect({ alg, typ, members: Object.keys(jwk ?? {}).sort() }).toEqual({
    alg: 'ES256',
    typ: 'dpop+jwt',
    members: ['crv', 'kty', 'x', 'y'],
  });
  expect(await calculateJwkThumbprint(jwk ?? { kty: '' })).toBe(bound);
  expect(decodeJwt(proven.dpopProof)).toMatchObject({ htm: 'GET', htu: dpop.me });
  expect((await dpop.userinfo(first.accessToken, proven.dpopProof)).status).toBe(200);

  moveClock(590);
  const later = await agent.token({ userId: 'ana' });
  const renewed = await dpop.prove(later);
  expect(world.provider.exchanges.at(-1)).toMatchObject({ grantType: 'refresh_token', status: 200 });
  expect(renewed.accessToken).not.toBe(first.accessToken);
  expect(decodeProtectedHeader(renewed.dpopProof).jwk).toEqual(jwk);
  expect((await dpop.userinfo(renewed.accessToken, renewed.dpopProof)).status).toBe(200);
});

it('gives each grant another key, and a renewed consent, too', async () => {
  const keys = new Set<string>();
  for (const userId of ['bob', 'cleo', 'bob']) {
    const token = await agent.token({ userId });
    const { authorizationUrl } = await agent.ask(token, { scopes: SCOPES, forceAuthentication: true });
    await agent.complete(await agent.consent(authorizationUrl, userId), { userId });
    keys.add(JSON.stringify(decodeProtectedHeader((await dpop.prove(token)).dpopProof).jwk));
  }
  expect(keys.size).toBe(3);
});

describe('a proof', () => {
  let token: string;
  beforeAll(async () => {
    token = await dpop.connected('dora');
  });

  it('is accepted once', async () => {
    const { accessToken, dpopProof } = await dpop.prove(token);
    expect((await dpop.userinfo(accessToken, dpopProof)).status).toBe(200);
    expect((await dpop.userinfo(accessToken, dpopProof)).status).toBe(401);
  });

  it.each<[string, number, (proven: Proven) => Promise<Response>]>([
    ['is for one method', 401, ({ accessToken, dpopProof }) => dpop.userinfo(accessToken, dpopProof, 'POST')],
    [
      'is necessary',
      // oidc-provider takes it for a request that is not valid.
      400,
      ({ accessToken }) => fetch(dpop.me, { headers: { authorization: `DPoP ${accessToken}` } }),
    ],
    [
      'is necessary for a token that is presented as a bearer token',
      401,
      ({ accessToken }) => fetch(dpop.me, { headers: { authorization: `Bearer ${accessToken}` } }),
    ],
  ])('%s', async (_title, status, misuse) => {
    expect((await misuse(await dpop.prove(token))).status).toBe(status);
  });

  it('is for one token', async () => {
    const { dpopProof } = await dpop.prove(token);
    const other = await dpop.tokenOf(await dpop.connected('emil'));
    expect((await dpop.userinfo(other.accessToken, dpopProof)).status).toBe(401);
  });

  it('contains the nonce of the resource', async () => {
    dpop.requireNonces();
    const { accessToken, dpopProof } = await dpop.prove(token);
    const refused = await dpop.userinfo(accessToken, dpopProof);
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
      401,
      expect.stringContaining('use_dpop_nonce'),
    ]);
    const nonce = refused.headers.get('dpop-nonce');
    const again = await dpop.prove(token, { nonce });
    expect((await dpop.userinfo(again.accessToken, again.dpopProof)).status).toBe(200);
  });

  it('contains the digest of the body', async () => {
    const contentDigest = 'sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:';
    const { dpopProof } = await dpop.prove(token, { contentDigest });
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
    const refused = await dpop.prove(token, { httpUri: urlOf(world.provider.issuer) });
    expect(refused).toMatchObject({ status: 400, message });
    expect(refused).not.toHaveProperty('dpopProof');
  });

  it.each([
    ['a nonce with a line break', { nonce: 'a\r\nx: y' }],
    ['a nonce that is longer than any server needs', { nonce: 'n'.repeat(513) }],
    ['a method that is not a token', { httpMethod: 'GET /' }],
    ['a digest that is not one', { contentDigest: 'sha-256=:AA:' }],
  ])('is not issued for %s', async (_title, members) => {
    expect(await dpop.prove(token, members)).toMatchObject({ status: 400 });
  });

  it('is issued for a path below the resource', async () => {
    expect(await dpop.prove(token, { httpUri: `${dpop.me}/x` })).toMatchObject({ status: 200 });
  });

  it('is not issued to another principal, to a user without a grant, and after suspension and revocation', async () => {
    const input = { httpMethod: 'GET', httpUri: dpop.me, ...dpop.requested(token) };
    expect((await world.post('GetResourceDpopProof', input, 'stranger')).status).toBe(403);
    expect(await dpop.prove(await agent.token({ userId: 'without-grant' }))).toMatchObject({
      status: 400,
      message: expect.stringContaining('Call GetResourceOauth2Token') as string,
    });
    const user = { userId: 'fay' };
    const hers = await dpop.connected('fay');
    await world.operate('SuspendUser', { user });
    expect(await dpop.prove(hers)).toMatchObject({ status: 403 });
    await world.operate('ResumeUser', { user });
    expect(await dpop.prove(hers)).toMatchObject({ status: 200 });
    await world.operate('RevokeGrants', { user });
    expect(await dpop.prove(hers)).toMatchObject({ status: 400 });
  });

  it('is in the audit log with method and origin, and begins no consent', async () => {
    await dpop.prove(token);
    const entry = (await world.audit()).findLast(({ operation }) => operation === 'GetResourceDpopProof');
    expect(entry).toMatchObject({
      outcome: 'allowed',
      result: 'scope-gap',
      proofFor: `GET ${world.provider.issuer}`,
    });
    const pushes = world.provider.pushes.length;
    const refused = await dpop.prove(await agent.token({ userId: 'also-without-grant' }));
    expect(refused.status).toBe(400);
    expect(refused).not.toHaveProperty('authorizationUrl');
    expect(world.provider.pushes).toHaveLength(pushes);
  });
});

describe('a server that requires nonces', () => {
  it('gets the request again with its nonce, and the next one with the remembered nonce', async () => {
    // No nonce of it is known yet to a new provider.
    const fresh = await world.agent('agent', undefined, { clientSecret: undefined });
    await dpop.configure(fresh.providerName);
    dpop.requireNonces();
    const before = world.provider.exchanges.length;
    await dpop.connected('gil', fresh);
    const statuses = () =>
      world.provider.exchanges
        .slice(before)
        .filter(({ grantType }) => grantType === 'authorization_code')
        .map(({ status }) => status);
    expect(statuses()).toEqual([400, 200]);
    await dpop.connected('hana', fresh);
    expect(statuses()).toEqual([400, 200, 200]);
  });

  it('is asked twice at most', async () => {
    let count = 0;
    dpop.tokenEndpoint = (ctx) => {
      count += 1;
      ctx.status = 400;
      ctx.set('dpop-nonce', `nonce-${count}`);
      ctx.body = { error: 'use_dpop_nonce' };
      return Promise.resolve();
    };
    await expect(dpop.connected('ida')).rejects.toMatchObject({
      message: expect.stringMatching(/use_dpop_nonce\. The authorization server requires DPoP/) as string,
    });
    expect(count).toBe(2);
  });

  it('gets no nonce that is not one', async () => {
    let count = 0;
    dpop.tokenEndpoint = (ctx) => {
      count += 1;
      ctx.status = 400;
      ctx.set('dpop-nonce', 'n'.repeat(600));
      ctx.body = { error: 'use_dpop_nonce' };
      return Promise.resolve();
    };
    await expect(dpop.connected('jo')).rejects.toMatchObject({
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
  dpop.tokenEndpoint = downgrade;
  await expect(dpop.connected('kim')).rejects.toMatchObject({
    message: expect.stringMatching(/unbound_token\. The provider has a dpopConfig/) as string,
  });
  dpop.tokenEndpoint = undefined;
  const { accessToken } = await dpop.tokenOf(await agent.token({ userId: 'kim' }));
  expect(accessToken).toBeUndefined();
});

it("binds the agent's own token, for a machine client", async () => {
  const machine = await world.agent();
  await dpop.configure(machine.providerName, {
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
  const { accessToken, tokenType } = await dpop.tokenOf(token, members);
  expect(tokenType).toBe('DPoP');
  const proven = await dpop.prove(token, members);
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
    expect(await dpop.prove(token, { ...members, httpUri: world.provider.issuer + path })).toMatchObject({
      status: 400,
      message: 'httpUri: must not be an endpoint of the authorization server',
    });
  }
});

it('leaves no key readable in the data folder', async () => {
  await dpop.connected('nia');
  const files = await readdir(world.dataDir, { recursive: true, withFileTypes: true });
  for (const file of files.filter((entry) => entry.isFile())) {
    const content = await readFile(join(file.parentPath, file.name), 'latin1');
    expect([file.name, /"crv":"P-256"[^}]*"d":"/.test(content) && !file.name.includes('kms')]).toEqual([
      file.name,
      false,
    ]);
  }
});
