/** Renewal without races: one request however many ask, and nothing lost when it goes wrong. */
import type { ObtainedTokens } from '../../lambda/domain/grants/token-request';
import { clientSecretContext } from '../../lambda/domain/provider/oauth2-provider';
import { createExternalSecrets } from '../../lambda/domain/vault/external-secret';
import type { Lease } from '../../lambda/domain/vault/grant';
import { CONSENT_NEEDED, isLongPast, LEASE, renewed, type Renewed } from '../../lambda/domain/vault/renewal';
import {
  clientCredentialsOf,
  refreshTokenOf,
  type RequestOwner,
  type TokenSourcePorts,
} from '../../lambda/domain/vault/token-sources';
import { openTokens, sealTokens } from '../../lambda/domain/vault/tokens';
import { createFakeAmbient, type FakeAmbient } from './fake-ambient';
import { createInMemorySeal } from './in-memory-seal';
import { createInMemorySecretTexts } from './in-memory-secret-texts';
import { createInMemoryStores, type Stores } from './in-memory-stores';
import { NO_ASSERTIONS } from './no-assertions';
import { sampleGrantId, sampleIdentity, sampleProvider } from './samples';
import { createTokenEndpoint, type TokenEndpoint } from './token-endpoint';

const provider = sampleProvider();
const metadata = { issuer: 'https://provider.example', token_endpoint: 'https://provider.example/token' };

let ambient: FakeAmbient;
let stores: Stores;
let endpoint: TokenEndpoint;
let ports: TokenSourcePorts & Pick<Stores, 'grants'>;
let owner: RequestOwner;

beforeEach(async () => {
  ambient = createFakeAmbient();
  stores = createInMemoryStores();
  endpoint = createTokenEndpoint('refresh-0');
  ports = {
    ...stores,
    ...NO_ASSERTIONS,
    externalSecrets: createExternalSecrets(createInMemorySecretTexts(), ambient),
    seal: createInMemorySeal(),
    metadata: { read: () => Promise.resolve(metadata) },
    transport: endpoint.transport,
    endpointPolicy: { loopback: false },
    ambient,
  };
  owner = {
    grantId: sampleGrantId(),
    provider,
    workloadArn: sampleIdentity().arn,
    resources: [],
    audiences: [],
  };
  await stores.clientSecrets.put(
    provider.id,
    await ports.seal.seal(clientSecretContext(provider), 'secret'),
    1,
  );
  await put({ accessToken: 'access-0', refreshToken: 'refresh-0' });
  ambient.advance(3600);
});

/** Puts tokens with an hour to live into the grant. */
async function put(
  change: Pick<ObtainedTokens, 'accessToken' | 'refreshToken' | 'refreshExpiresAt'>,
  epoch = 0,
): Promise<void> {
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

const tokenOf = (renewal: Renewed | typeof CONSENT_NEEDED) =>
  renewal === CONSENT_NEEDED ? renewal : renewal.accessToken;

/**
 * One call's part: it has read the grant, and asks for the token to be renewed.
 *
 * @param opening what happens while it opens what it needs
 */
async function refresh(opening: () => Promise<void> = () => Promise.resolve()) {
  const source = refreshTokenOf(ports, owner);
  const renewal = await renewed(ports, {
    owner,
    seen: await stored(),
    source: {
      ...source,
      async prepare(seen) {
        await opening();
        return source.prepare(seen);
      },
    },
  });
  return tokenOf(renewal);
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

it('renews a token that is still good, for who asks for a later one', async () => {
  await put({ accessToken: 'good', refreshToken: 'refresh-0' });
  expect(await refresh()).toBe('access-1');
});

it('says with its lease until when nobody else is to try', async () => {
  let lease: Lease | undefined;
  await refresh(async () => {
    ({ lease } = await stored());
  });
  expect(lease).toEqual({ holder: expect.any(String) as string, deadline: ambient.now() + LEASE });
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

describe('a provider that is not to be had', () => {
  const page = () => new Response('<html>', { headers: { 'content-type': 'text/html; charset=utf-8' } });
  it.each([
    ['503', () => json(503, { error: 'temporarily_unavailable' })],
    ['503 without a body of OAuth', () => new Response('down', { status: 503 })],
    ['429', () => json(429, { error: 'slow_down' })],
    ['a page', page],
    ['a page with status 403', () => new Response(page().body, { status: 403, headers: page().headers })],
  ])(
    'that answers %s: keeps the tokens and the lease free, and is left alone for a while',
    async (_what, answer) => {
      endpoint.instead.push(answer());
      await expect(refresh()).rejects.toMatchObject({ name: 'ProviderFailure', unavailable: true });
      expect((await stored()).lease).toBeUndefined();
      expect(await held()).toEqual({ accessToken: 'access-0', refreshToken: 'refresh-0' });
      await expect(refresh()).rejects.toMatchObject({ unavailable: true, retryAfter: 1 });
      expect(endpoint.redeemed).toHaveLength(1);
      ambient.advance(1);
      expect(await refresh()).toBe('access-1');
      expect(await stored()).not.toHaveProperty('journal');
    },
  );

  it('is said to be for as long as it asked for, to others too', async () => {
    endpoint.instead.push(new Response(null, { status: 429, headers: { 'retry-after': '30' } }));
    await expect(refresh()).rejects.toMatchObject({ retryAfter: 30 });
    ambient.advance(10.5);
    await expect(refresh()).rejects.toMatchObject({
      detail: 'as another request was told before',
      retryAfter: 20,
    });
  });

  it('is asked again after twice as long each time, and after a minute at most', async () => {
    const waits: number[] = [];
    for (let tries = 1; tries <= 8; tries += 1) {
      endpoint.instead.push(json(503, {}));
      await expect(refresh()).rejects.toMatchObject({ unavailable: true });
      const { journal } = await stored();
      expect(journal).toMatchObject({ code: 'temporarily_unavailable', failures: tries });
      waits.push(((journal?.notBefore ?? 0) - ambient.now()) / 1000);
      ambient.advance(waits.at(-1) ?? 0);
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
  });

  it.each([
    ['a number of seconds', { 'retry-after': '30' }, 30],
    [
      'a date by its own clock',
      { 'retry-after': 'Thu, 01 Jan 2026 00:02:00 GMT', date: 'Thu, 01 Jan 2026 00:00:00 GMT' },
      120,
    ],
    ['a date without a clock', { 'retry-after': 'Thu, 01 Jan 2026 00:02:00 GMT' }, 1],
    [
      'a date that is past',
      { 'retry-after': 'Wed, 31 Dec 2025 23:00:00 GMT', date: 'Thu, 01 Jan 2026 00:00:00 GMT' },
      1,
    ],
    ['nonsense', { 'retry-after': 'soon' }, 1],
    ['less than we would wait', { 'retry-after': '0' }, 1],
    ['a day', { 'retry-after': '86400' }, 900],
  ])('is left alone as long as Retry-After says: %s', async (_what, headers, seconds) => {
    for (const body of [JSON.stringify({ error: 'slow_down' }), 'no OAuth']) {
      endpoint.instead.push(new Response(body, { status: 429, headers }));
      await expect(refresh()).rejects.toMatchObject({ unavailable: true });
      const { journal } = await stored();
      expect(journal?.notBefore).toBe(ambient.now() + Math.max(seconds, journal?.failures ?? 0) * 1000);
      ambient.advance(1000);
    }
  });
});

it.each([
  ['invalid_client', () => json(401, { error: 'invalid_client' })],
  ['no token', () => json(200, { token_type: 'Bearer' })],
])('keeps the tokens when the provider refuses with %s, and asks it again at once', async (_what, answer) => {
  endpoint.instead.push(answer());
  await expect(refresh()).rejects.toMatchObject({ name: 'ProviderFailure', unavailable: false });
  expect((await stored()).lease).toBeUndefined();
  expect(await refresh()).toBe('access-1');
});

it('asks a provider that refuses once for fifty calls at once', async () => {
  endpoint.before = () => ambient.wait(1000);
  endpoint.instead.push(json(401, { error: 'invalid_client' }));
  const answers = await Promise.allSettled(Array.from({ length: 50 }, () => refresh()));
  for (const answer of answers) {
    expect(answer).toMatchObject({ reason: { name: 'ProviderFailure', code: 'invalid_client' } });
  }
  expect(endpoint.redeemed).toHaveLength(1);
});

it('keeps the tokens and gives the lease back when the client secret cannot be opened', async () => {
  await expect(refresh(() => Promise.reject(new Error('sealed')))).rejects.toThrow('sealed');
  expect(endpoint.redeemed).toEqual([]);
  expect(await refresh()).toBe('access-1');
});

it('tells losers what the winner was told', async () => {
  endpoint.before = () => ambient.wait(1000);
  endpoint.instead.push(json(503, {}));
  const winner = refresh();
  const loser = refresh();
  await expect(winner).rejects.toMatchObject({ name: 'ProviderFailure' });
  await expect(loser).rejects.toMatchObject({ name: 'ProviderFailure', code: 'temporarily_unavailable' });
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
  /** @param ago milliseconds since it took its lease, by its own clock */
  async function died(ago: number, change: Partial<Lease> = {}): Promise<void> {
    const lease = { holder: 'died', deadline: ambient.now() + LEASE - ago, ...change };
    const taken = { providerId: provider.id, seen: await stored(), lease };
    expect(await stores.grants.takeLease(owner.grantId, taken)).toBe(true);
  }

  it.each([
    ['our clock', 0],
    ['a clock that is two minutes ahead of ours', -120_000],
    ['a clock that is two minutes behind ours', 120_000],
  ])(
    'holds its lease for its whole time before our eyes, by %s; then the old refresh token is tried once',
    async (_whose, ago) => {
      await died(ago);
      const began = ambient.now();
      const tokens = await Promise.all([refresh(), refresh(), refresh()]);
      expect(ambient.now() - began).toBeGreaterThanOrEqual(LEASE);
      expect(new Set(tokens)).toEqual(new Set(['access-1']));
      expect(endpoint.redeemed).toEqual(['refresh-0']);
    },
  );

  it('long ago, whatever the clock: its lease is taken over at once', async () => {
    await died(LEASE + 120_001);
    const began = ambient.now();
    expect(await refresh()).toBe('access-1');
    expect(ambient.now()).toBe(began);
  });

  it('holds its lease no longer than that', async () => {
    await died(0);
    const began = ambient.now();
    // So that one of the looks falls on the very end.
    void ambient.wait(275).then(() => {
      ambient.advance(0.125);
    });
    expect(await refresh()).toBe('access-1');
    expect(ambient.now() - began).toBe(LEASE);
  });

  it('by two minutes is a matter of clocks; a moment more is not', () => {
    const lease = { holder: 'died', deadline: 0 };
    expect([120_000, 120_001].map((now) => isLongPast(lease, now))).toEqual([false, true]);
  });

  it('leaves its lease to the next, whose own it is for the whole time, even to the same moment', async () => {
    await died(0);
    const { lease: before, ...seen } = await stored();
    const lease = { holder: 'next', deadline: before?.deadline ?? 0 };
    void ambient.wait(4000).then(async () => {
      await stores.grants.takeLease(owner.grantId, {
        providerId: provider.id,
        seen: before ? { ...seen, lease: before } : seen,
        lease,
      });
    });
    await expect(refresh()).rejects.toMatchObject({ name: 'ThrottlingException' });
    expect((await stored()).lease).toEqual(lease);
  });

  it('is not taken for dead while it renews its lease; who waited long enough asks again', async () => {
    await died(0);
    const renewing = (async () => {
      for (const after of [4000, 8000, 12_000]) {
        await ambient.wait(4000);
        await stores.grants.markSent(owner.grantId, { holder: 'died', deadline: ambient.now() + after });
      }
    })();
    await expect(refresh()).rejects.toMatchObject({
      name: 'ThrottlingException',
      message: 'The token is being renewed. Try again shortly.',
      outcome: 'provider-unavailable',
    });
    await renewing;
    expect(endpoint.redeemed).toEqual([]);
  });

  it('is waited for up to the moment that was said, and no longer', async () => {
    await died(0);
    const source = refreshTokenOf(ports, owner);
    const began = ambient.now();
    const waiting = renewed(ports, { owner, seen: await stored(), source }, began);
    await expect(waiting).rejects.toMatchObject({ name: 'ThrottlingException' });
    expect(ambient.now()).toBe(began);
  });

  it('after it had sent its request: when the provider refuses the second try, the journal says why', async () => {
    await died(LEASE + 120_001, { sentAt: ambient.now() - 120_000 });
    endpoint.instead.push(json(400, { error: 'invalid_grant' }));
    expect(await refresh()).toBe(CONSENT_NEEDED);
    expect((await stored()).journal).toMatchObject({ code: 'invalid_grant', lostAnswer: true });
  });

  it('before it had sent anything: the journal blames nobody', async () => {
    await died(LEASE + 120_001);
    endpoint.instead.push(json(400, { error: 'invalid_grant' }));
    expect(await refresh()).toBe(CONSENT_NEEDED);
    expect((await stored()).journal).not.toHaveProperty('lostAnswer');
  });
});

describe('a table that fails', () => {
  it('to say that the lease was taken: who asks again finds its own', async () => {
    const takeLease = stores.grants.takeLease.bind(stores.grants);
    jest.spyOn(stores.grants, 'takeLease').mockImplementationOnce(async (...write) => {
      await takeLease(...write);
      return false;
    });
    const began = ambient.now();
    expect(await refresh()).toBe('access-1');
    expect(ambient.now()).toBe(began);
  });

  it('to take the new tokens: they are written all the same, within the lease', async () => {
    const putRenewed = stores.grants.putRenewed.bind(stores.grants);
    const failing = jest.spyOn(stores.grants, 'putRenewed').mockRejectedValue(new Error('throttled'));
    endpoint.before = async () => {
      await Promise.resolve();
      void ambient.wait(2000).then(() => failing.mockImplementation(putRenewed));
    };
    expect(await refresh()).toBe('access-1');
    expect(await held()).toEqual({ accessToken: 'access-1', refreshToken: 'refresh-1' });
  });

  it('to take the new tokens, and goes on to: gives up before the lease ends, and leaves it', async () => {
    jest.spyOn(stores.grants, 'putRenewed').mockRejectedValue(new Error('throttled'));
    const began = ambient.now();
    await expect(refresh()).rejects.toThrow('throttled');
    expect(ambient.now() - began).toBeLessThan(LEASE);
    expect((await stored()).lease?.sentAt).toBe(began);
  });

  /** The table takes so many seconds to note that a request is sent. */
  function slowly(seconds: number): void {
    const markSent = stores.grants.markSent.bind(stores.grants);
    jest.spyOn(stores.grants, 'markSent').mockImplementationOnce(async (...write) => {
      const marked = await markSent(...write);
      ambient.advance(seconds);
      return marked;
    });
  }

  it('slowly, but with enough of the lease left: the request is sent', async () => {
    slowly(1.5);
    expect(await refresh()).toBe('access-1');
  });

  it('so slowly that the lease may lapse on the way: nothing is sent', async () => {
    slowly(1.501);
    await expect(refresh()).rejects.toMatchObject({ name: 'ThrottlingException' });
    expect(endpoint.redeemed).toEqual([]);
    expect((await stored()).lease).toBeUndefined();
    expect(await refresh()).toBe('access-1');
  });
});

it('seals once before it sends, so that a key that cannot be had costs no refresh token', async () => {
  jest.spyOn(ports.seal, 'seal').mockRejectedValueOnce(new Error('no key'));
  await expect(refresh()).rejects.toThrow('no key');
  expect(endpoint.redeemed).toEqual([]);
  expect((await stored()).lease).toBeUndefined();
});

describe('client credentials', () => {
  const machine = async () => {
    const seen = await stores.grants.get(owner.grantId);
    const source = clientCredentialsOf(ports, owner, ['a']);
    return tokenOf(await renewed(ports, { owner, source, seen }));
  };
  let asked: number;

  beforeEach(() => {
    asked = 0;
    owner = { ...owner, grantId: sampleGrantId() };
    ports = {
      ...ports,
      transport: async () => {
        asked += 1;
        await ambient.wait(1000);
        return json(200, { access_token: `machine-${asked}`, token_type: 'Bearer', expires_in: 3600 });
      },
    };
  });

  it('are asked for once for fifty calls at once, at the first use and at expiry', async () => {
    for (const round of [1, 2, 3]) {
      const tokens = await Promise.all(Array.from({ length: 50 }, machine));
      expect(new Set(tokens)).toEqual(new Set([`machine-${round}`]));
      expect(asked).toBe(round);
      ambient.advance(3600);
    }
  });

  it('are asked for when the tokens are of an earlier provider of the name', async () => {
    await machine();
    owner = { ...owner, provider: { ...provider, id: 'made-anew' } };
    await stores.clientSecrets.put(
      'made-anew',
      await ports.seal.seal(clientSecretContext(owner.provider), 'secret'),
      1,
    );
    expect(new Set(await Promise.all([machine(), machine()]))).toEqual(new Set(['machine-2']));
    expect(await stored()).toMatchObject({ providerId: 'made-anew', generation: 2 });
  });

  it('that are refused at the first use are refused to all who wait', async () => {
    ports = {
      ...ports,
      async transport() {
        asked += 1;
        await ambient.wait(1000);
        return json(401, { error: 'invalid_client' });
      },
    };
    const answers = await Promise.allSettled([machine(), machine(), machine()]);
    for (const answer of answers) expect(answer).toMatchObject({ reason: { code: 'invalid_client' } });
    expect(asked).toBe(1);
  });

  it('that are refused with invalid_grant ask nobody for consent', async () => {
    ports = { ...ports, transport: () => Promise.resolve(json(400, { error: 'invalid_grant' })) };
    await expect(machine()).rejects.toMatchObject({ code: 'invalid_grant' });
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

it.each([
  ['no tokens', undefined],
  ['no refresh token', { accessToken: 'access' }],
])('refreshes nothing with %s', async (_what, change) => {
  if (change) await put(change);
  const seen = change && (await stored());
  await expect(refreshTokenOf(ports, owner).prepare(seen)).rejects.toThrow(
    'a grant without refresh token was to be refreshed',
  );
});
