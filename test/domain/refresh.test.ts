/** Refresh without races: one redemption however many ask, and nothing lost when it goes wrong. */
import { createMetadataReader } from '../../lambda/domain/grants/provider-metadata';
import type { ObtainedTokens } from '../../lambda/domain/grants/token-request';
import { createExternalSecrets } from '../../lambda/domain/vault/external-secret';
import { CONSENT_NEEDED, LEASE, refreshed } from '../../lambda/domain/vault/refresh';
import type { RetrievePorts } from '../../lambda/domain/vault/retrieve';
import { openTokens, sealTokens, type TokenOwner } from '../../lambda/domain/vault/tokens';
import { createPublicKeys } from '../../lambda/domain/workload-token/signing-keys';
import { createFakeAmbient, type FakeAmbient } from './fake-ambient';
import { createInMemorySeal } from './in-memory-seal';
import { createInMemorySecretTexts } from './in-memory-secret-texts';
import { createInMemoryStores, type Stores } from './in-memory-stores';
import { ISSUER, sampleGrantId, sampleIdentity, sampleProvider } from './samples';
import { createTokenEndpoint, type TokenEndpoint } from './token-endpoint';

const endpointPolicy = { loopback: false };
const provider = sampleProvider();
const metadata = { issuer: 'https://provider.example', token_endpoint: 'https://provider.example/token' };

let ambient: FakeAmbient;
let stores: Stores;
let endpoint: TokenEndpoint;
let ports: RetrievePorts;
let owner: TokenOwner;

beforeEach(async () => {
  ambient = createFakeAmbient();
  stores = createInMemoryStores();
  endpoint = createTokenEndpoint('refresh-0');
  ports = {
    ...stores,
    externalSecrets: createExternalSecrets(createInMemorySecretTexts(), ambient),
    seal: createInMemorySeal(),
    metadata: createMetadataReader(endpoint.transport, endpointPolicy, ambient),
    publicKeys: createPublicKeys(stores.signingKeys, ambient),
    transport: endpoint.transport,
    endpointPolicy,
    audit: { record: () => undefined },
    ambient,
    baseUrl: ISSUER,
    issuer: ISSUER,
  };
  owner = {
    grantId: sampleGrantId(),
    provider,
    workloadArn: sampleIdentity().arn,
    resources: [],
    audiences: [],
  };
  await put({ accessToken: 'access-0', refreshToken: 'refresh-0' });
  ambient.advance(3600);
});

/** Puts tokens with an hour to live into the grant. */
async function put(change: Pick<ObtainedTokens, 'accessToken' | 'refreshToken'>, epoch = 0): Promise<void> {
  const obtained = { ...change, scopes: ['a'], expiresAt: ambient.seconds() + 3600 };
  const tokens = await sealTokens(ports, owner, obtained, ['a']);
  await stores.grants.putTokens(owner.grantId, { providerId: provider.id, tokens, epoch });
}

/** The grant as it is stored now. */
async function stored() {
  const grant = await stores.grants.get(owner.grantId);
  if (!grant) throw new Error('no grant');
  return grant;
}

/** The stored tokens, opened. */
async function held() {
  const { tokens } = await stored();
  return tokens && openTokens(ports.seal, owner, tokens);
}

/** One call's part: it has read the grant, and asks for the token to be refreshed. */
async function refresh(client: () => Promise<void> = () => Promise.resolve()) {
  const grant = await stored();
  if (!grant.tokens) throw new Error('no tokens');
  return refreshed(ports, {
    owner,
    grant,
    tokens: grant.tokens,
    async client() {
      await client();
      return { provider, metadata, clientSecret: 'secret' };
    },
  });
}

/** forceAuthentication by somebody else, now. */
async function forget(): Promise<void> {
  const consent = { sessionHash: 'session', expiresAt: ambient.seconds() + 600 };
  const change = { providerId: provider.id, consent, seen: await stored(), forget: true };
  expect(await stores.grants.openConsent(owner.grantId, change)).toBe(true);
}

const json = (status: number, body: object) => Response.json(body, { status });

it('redeems the refresh token once for fifty calls at once, and all get the new token', async () => {
  endpoint.before = () => ambient.wait(1000);
  const tokens = await Promise.all(Array.from({ length: 50 }, () => refresh()));
  expect(endpoint.redeemed).toEqual(['refresh-0']);
  expect(new Set(tokens)).toEqual(new Set(['access-1']));
  expect(await held()).toEqual({ accessToken: 'access-1', refreshToken: 'refresh-1' });
  expect(await stored()).toMatchObject({ generation: 2, epoch: 0 });
  expect((await stored()).lease).toBeUndefined();
});

it('makes a loser wait for the new token, who opens no client secret meanwhile', async () => {
  endpoint.before = () => ambient.wait(3000);
  let opened = 0;
  const winner = refresh();
  const loser = refresh(() => {
    opened += 1;
    return Promise.resolve();
  });
  expect(await loser).toBe('access-1');
  expect(await winner).toBe('access-1');
  expect(opened).toBe(0);
});

it('presents each rotated refresh token once over many refreshes', async () => {
  for (const round of [1, 2, 3, 4]) {
    expect(new Set(await Promise.all([refresh(), refresh(), refresh()]))).toEqual(
      new Set([`access-${round}`]),
    );
    ambient.advance(3600);
  }
  expect(endpoint.redeemed).toEqual(['refresh-0', 'refresh-1', 'refresh-2', 'refresh-3']);
});

it('keeps the refresh token that the provider does not rotate', async () => {
  endpoint.instead.push(json(200, { access_token: 'access-x', token_type: 'Bearer', expires_in: 60 }));
  expect(await refresh()).toBe('access-x');
  expect(await held()).toEqual({ accessToken: 'access-x', refreshToken: 'refresh-0' });
});

it('drops the tokens and asks for consent when the provider answers invalid_grant', async () => {
  endpoint.instead.push(json(400, { error: 'invalid_grant' }));
  expect(await refresh()).toBe(CONSENT_NEEDED);
  expect((await stored()).tokens).toBeUndefined();
  expect((await stored()).lease).toBeUndefined();
});

it('tells the losers too that consent is needed', async () => {
  endpoint.before = () => ambient.wait(1000);
  endpoint.instead.push(json(400, { error: 'invalid_grant' }));
  const answers = await Promise.all(Array.from({ length: 10 }, () => refresh()));
  expect(new Set(answers)).toEqual(new Set([CONSENT_NEEDED]));
  expect(endpoint.redeemed).toHaveLength(1);
});

it.each([
  ['503', () => json(503, { error: 'temporarily_unavailable' }), true],
  ['503 without a body of OAuth', () => new Response('down', { status: 503 }), true],
  ['429', () => json(429, { error: 'slow_down' }), true],
  ['invalid_client', () => json(401, { error: 'invalid_client' }), false],
  ['a page', () => new Response('<html>', { headers: { 'content-type': 'text/html' } }), false],
])('keeps the tokens and gives the lease back on %s', async (_what, answer, unavailable) => {
  endpoint.instead.push(answer());
  await expect(refresh()).rejects.toMatchObject({ name: 'ProviderFailure', unavailable });
  expect((await stored()).lease).toBeUndefined();
  expect(await held()).toEqual({ accessToken: 'access-0', refreshToken: 'refresh-0' });
  expect(await refresh()).toBe('access-1');
});

it('keeps the tokens and gives the lease back when the client secret cannot be opened', async () => {
  await expect(refresh(() => Promise.reject(new Error('sealed')))).rejects.toThrow('sealed');
  expect(endpoint.redeemed).toEqual([]);
  expect(await refresh()).toBe('access-1');
});

it('tells losers to ask again when the winner failed', async () => {
  endpoint.before = () => ambient.wait(1000);
  endpoint.instead.push(json(503, {}));
  const winner = refresh();
  const loser = refresh();
  await expect(winner).rejects.toMatchObject({ name: 'ProviderFailure' });
  await expect(loser).rejects.toMatchObject({ name: 'ThrottlingException' });
  expect(endpoint.redeemed).toHaveLength(1);
});

it('does not hand out, nor store, what was forgotten meanwhile', async () => {
  endpoint.before = forget;
  expect(await refresh()).toBe(CONSENT_NEEDED);
  expect(endpoint.issued).toEqual(['access-1']);
  expect((await stored()).tokens).toBeUndefined();
});

it('does not hand a loser tokens of the consent that followed a forgetting', async () => {
  endpoint.before = async () => {
    await forget();
    await put({ accessToken: 'access-of-the-new-consent', refreshToken: 'r' }, 1);
    await ambient.wait(1000);
  };
  const [winner, loser] = await Promise.all([refresh(), refresh()]);
  expect(winner).toBe(CONSENT_NEEDED);
  expect(loser).toBe(CONSENT_NEEDED);
  expect(await held()).toMatchObject({ accessToken: 'access-of-the-new-consent' });
});

describe('a winner that died', () => {
  beforeEach(async () => {
    const lease = { holder: 'died', deadline: ambient.now() + LEASE };
    const { generation } = await stored();
    expect(await stores.grants.takeLease(owner.grantId, { generation, lease, now: ambient.now() })).toBe(
      true,
    );
  });

  it('keeps the others waiting for a bounded time, who then ask again', async () => {
    const began = ambient.now();
    await expect(refresh()).rejects.toMatchObject({ name: 'ThrottlingException' });
    expect(ambient.now() - began).toBeLessThan(LEASE);
    expect(endpoint.redeemed).toEqual([]);
  });

  it('holds its lease to the deadline and no longer; then the old refresh token is tried once', async () => {
    ambient.advance(LEASE / 1000 + 1);
    const tokens = await Promise.all([refresh(), refresh(), refresh()]);
    expect(new Set(tokens)).toEqual(new Set(['access-1']));
    expect(endpoint.redeemed).toEqual(['refresh-0']);
  });
});

describe('a winner that was held up beyond its lease', () => {
  /** The lease lapses, and another refreshes in the winner's place. */
  async function overtake(): Promise<void> {
    endpoint.before = () => Promise.resolve();
    ambient.advance(LEASE / 1000 + 1);
    expect(await refresh()).toBe('access-1');
  }

  it('before it sent: presents no refresh token that another may have redeemed', async () => {
    await refresh(overtake).catch(() => undefined);
    expect(endpoint.redeemed).toEqual(['refresh-0']);
  });

  it('before it sent: gets the token that the other obtained, and asks for no consent', async () => {
    expect(await refresh(overtake)).toBe('access-1');
    expect(await held()).toEqual({ accessToken: 'access-1', refreshToken: 'refresh-1' });
  });

  it('while it sent: leaves what the other obtained where it is', async () => {
    endpoint.before = overtake;
    await refresh().catch(() => undefined);
    expect(await held()).toEqual({ accessToken: 'access-1', refreshToken: 'refresh-1' });
  });

  it('while it sent: takes an invalid_grant for no reason to ask for consent', async () => {
    endpoint.before = overtake;
    expect(await refresh()).toBe('access-1');
  });
});

it('hands out the tokens of a wider consent that was completed meanwhile', async () => {
  endpoint.before = () => put({ accessToken: 'access-of-the-consent', refreshToken: 'r' });
  expect(await refresh()).toBe('access-of-the-consent');
});
