/** Renewal without races: one request for any number of calls, and no lost token after an error. */
import { clientSecretContext } from '../../lambda/domain/provider/oauth2-provider';
import type { Lease } from '../../lambda/model/records/grant';
import { LEASE } from '../../lambda/domain/grant/lease';
import { ProviderFailure } from '../../lambda/domain/oauth/provider-failure';
import { CONSENT_NEEDED, renewTokens } from '../../lambda/domain/grant/renewal';
import {
  clientCredentialsOf,
  refreshTokenOf,
  type RequestHolder,
} from '../../lambda/domain/grant/token-sources';
import { sealTokens } from '../../lambda/domain/grant/tokens';
import { createRenewalService, tokenOf, type RenewalService } from './renewal-service';
import { sampleGrantId, sampleDetails } from './samples';
import { storeTokens } from './stored-grant';
import { tokens } from './token-client';

let service: RenewalService;
beforeEach(async () => {
  service = await createRenewalService();
});

const json = (status: number, body: object) => Response.json(body, { status });

/** Another request with forceAuthentication. */
async function forget(): Promise<void> {
  const { system, stores, tokenHolder, provider } = service;
  const consent = { sessionHash: 'session', expiresAt: system.seconds() + 600 };
  const change = {
    providerId: provider.id,
    details: sampleDetails(),
    consent,
    seen: await service.stored(),
    forget: true,
  };
  expect(await stores.grants.openConsent(tokenHolder.grantId, change)).toBe(true);
}

it('redeems the refresh token once for 50 concurrent calls, and all get the new token', async () => {
  service.endpoint.before = () => service.system.wait(1000);
  const tokens = await Promise.all(Array.from({ length: 50 }, () => service.refresh()));
  expect(service.endpoint.redeemed).toEqual(['refresh-0']);
  expect(new Set(tokens)).toEqual(new Set(['access-1']));
  expect(await service.held()).toEqual({ accessToken: 'access-1', refreshToken: 'refresh-1' });
  expect(await service.stored()).toMatchObject({ generation: 2, epoch: 0 });
  expect((await service.stored()).lease).toBeUndefined();
});

it('makes a call that finds the lease taken wait for the new token, and decrypt no client secret', async () => {
  let opened = 0;
  let loser: Promise<unknown> | undefined;
  service.endpoint.before = async () => {
    loser = service.refresh(() => {
      opened += 1;
      return Promise.resolve();
    });
    await service.system.wait(3000);
  };
  expect(await service.refresh()).toBe('access-1');
  expect(await loser).toBe('access-1');
  expect(opened).toBe(0);
});

it('renews a valid token for a call that needs a later one', async () => {
  await service.put({ accessToken: 'good', refreshToken: 'refresh-0' });
  expect(await service.refresh()).toBe('access-1');
});

it('stores the deadline until which no other call tries, and that the request is sent', async () => {
  let lease: Lease | undefined;
  service.endpoint.before = async () => {
    ({ lease } = await service.stored());
  };
  await service.refresh();
  const sentAt = service.system.now();
  expect(lease).toEqual({ holder: expect.any(String) as string, deadline: sentAt + LEASE, sentAt });
});

it('takes no lease if the request cannot be prepared, so that no other call waits', async () => {
  const takeLease = jest.spyOn(service.stores.grants, 'takeLease');
  await expect(service.refresh(() => Promise.reject(new Error('no key')))).rejects.toThrow('no key');
  expect(takeLease).not.toHaveBeenCalled();
});

it.each([true, false])(
  'stores the failure of a provider whose metadata is unavailable, so that no other call reads it (preparation before the lease: %s)',
  async (preparesByReading) => {
    service = await createRenewalService(preparesByReading);
    const unavailable = new ProviderFailure('no_metadata', 'the server is unavailable', {
      unavailable: true,
    });
    let reads = 0;
    const refresh = () =>
      service.refresh(() => {
        reads += 1;
        return Promise.reject(unavailable);
      });
    await expect(refresh()).rejects.toMatchObject({ code: 'no_metadata', retryAfter: 1 });
    await expect(refresh()).rejects.toMatchObject({ code: 'no_metadata', retryAfter: 1 });
    expect(reads).toBe(1);
    const { lease, lastFailure } = await service.stored();
    expect(lease).toBeUndefined();
    expect(lastFailure).not.toHaveProperty('lostResponse');
    service.system.advance(1);
    expect(await service.refresh()).toBe('access-1');
  },
);

it('presents each rotated refresh token once over many refreshes', async () => {
  for (const round of [1, 2, 3, 4]) {
    expect(new Set(await Promise.all([service.refresh(), service.refresh(), service.refresh()]))).toEqual(
      new Set([`access-${round}`]),
    );
    service.system.advance(3600);
  }
  expect(service.endpoint.redeemed).toEqual(['refresh-0', 'refresh-1', 'refresh-2', 'refresh-3']);
});

it('keeps a refresh token that the provider does not rotate', async () => {
  service.endpoint.instead.push(
    json(200, { access_token: 'access-x', token_type: 'Bearer', expires_in: 60 }),
  );
  expect(await service.refresh()).toBe('access-x');
  expect(await service.held()).toEqual({ accessToken: 'access-x', refreshToken: 'refresh-0' });
});

it('drops the tokens and requires consent if the provider responds with invalid_grant', async () => {
  service.endpoint.instead.push(json(400, { error: 'invalid_grant' }));
  expect(await service.refresh()).toBe(CONSENT_NEEDED);
  expect((await service.stored()).tokens).toBeUndefined();
  expect((await service.stored()).lease).toBeUndefined();
});

it('reports to waiting calls too that consent is required', async () => {
  service.endpoint.before = () => service.system.wait(1000);
  service.endpoint.instead.push(json(400, { error: 'invalid_grant' }));
  const answers = await Promise.all(Array.from({ length: 10 }, () => service.refresh()));
  expect(new Set(answers)).toEqual(new Set([CONSENT_NEEDED]));
  expect(service.endpoint.redeemed).toHaveLength(1);
});

describe('an unavailable provider', () => {
  const page = () => new Response('<html>', { headers: { 'content-type': 'text/html; charset=utf-8' } });
  it.each([
    ['503', () => json(503, { error: 'temporarily_unavailable' })],
    ['503 without an OAuth body', () => new Response('down', { status: 503 })],
    ['429', () => json(429, { error: 'slow_down' })],
    ['a page', page],
    ['a page with status 403', () => new Response(page().body, { status: 403, headers: page().headers })],
  ])(
    'that responds with %s causes no loss of tokens, frees the lease, and gets no request for a while',
    async (_what, answer) => {
      service.endpoint.instead.push(answer());
      await expect(service.refresh()).rejects.toMatchObject({ name: 'ProviderFailure', unavailable: true });
      expect((await service.stored()).lease).toBeUndefined();
      expect(await service.held()).toEqual({ accessToken: 'access-0', refreshToken: 'refresh-0' });
      await expect(service.refresh()).rejects.toMatchObject({ unavailable: true, retryAfter: 1 });
      expect(service.endpoint.redeemed).toHaveLength(1);
      service.system.advance(1);
      expect(await service.refresh()).toBe('access-1');
      expect(await service.stored()).not.toHaveProperty('lastFailure');
    },
  );

  it('is reported with the remaining time of its Retry-After, also to other calls', async () => {
    service.endpoint.instead.push(new Response(null, { status: 429, headers: { 'retry-after': '30' } }));
    await expect(service.refresh()).rejects.toMatchObject({ retryAfter: 30 });
    service.system.advance(10.5);
    await expect(service.refresh()).rejects.toMatchObject({
      detail: 'the failure of an earlier request: token endpoint: OAUTH_RESPONSE_IS_NOT_JSON',
      retryAfter: 20,
    });
  });

  it('gets a request immediately after its configuration has changed', async () => {
    service.endpoint.instead.push(new Response(null, { status: 429, headers: { 'retry-after': '900' } }));
    await expect(service.refresh()).rejects.toMatchObject({ unavailable: true });
    await expect(service.refresh()).rejects.toMatchObject({ retryAfter: 900 });
    const { provider } = service.tokenHolder;
    Object.assign(service.tokenHolder, { provider: { ...provider, revision: provider.revision + 1 } });
    expect(await service.refresh()).toBe('access-1');
  });

  it('gets the next request after twice as long each time, up to a minute', async () => {
    const waits: number[] = [];
    for (let tries = 1; tries <= 8; tries += 1) {
      service.endpoint.instead.push(json(503, {}));
      await expect(service.refresh()).rejects.toMatchObject({ unavailable: true });
      const { lastFailure } = await service.stored();
      expect(lastFailure).toMatchObject({ code: 'temporarily_unavailable', failures: tries });
      waits.push(((lastFailure?.notBefore ?? 0) - service.system.now()) / 1000);
      service.system.advance(waits.at(-1) ?? 0);
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
  });

  it.each([
    ['a number of seconds', { 'retry-after': '30' }, 30],
    [
      'a date, with a date of the response',
      { 'retry-after': 'Thu, 01 Jan 2026 00:02:00 GMT', date: 'Thu, 01 Jan 2026 00:00:00 GMT' },
      120,
    ],
    ['a date, without a date of the response', { 'retry-after': 'Thu, 01 Jan 2026 00:02:00 GMT' }, 1],
    [
      'a date in the past',
      { 'retry-after': 'Wed, 31 Dec 2025 23:00:00 GMT', date: 'Thu, 01 Jan 2026 00:00:00 GMT' },
      1,
    ],
    ['text that is not a time', { 'retry-after': 'soon' }, 1],
    ['a shorter time than the back-off', { 'retry-after': '0' }, 1],
    ['a day', { 'retry-after': '86400' }, 900],
  ])('gets no request for the time in Retry-After: %s', async (_what, headers, seconds) => {
    for (const body of [JSON.stringify({ error: 'slow_down' }), 'no OAuth']) {
      service.endpoint.instead.push(new Response(body, { status: 429, headers }));
      await expect(service.refresh()).rejects.toMatchObject({ unavailable: true });
      const { lastFailure } = await service.stored();
      expect(lastFailure?.notBefore).toBe(
        service.system.now() + Math.max(seconds, lastFailure?.failures ?? 0) * 1000,
      );
      service.system.advance(1000);
    }
  });
});

it.each([
  ['invalid_client', () => json(401, { error: 'invalid_client' })],
  ['no token', () => json(200, { token_type: 'Bearer' })],
])('keeps the tokens if the provider rejects with %s, and tries again immediately', async (_what, answer) => {
  service.endpoint.instead.push(answer());
  await expect(service.refresh()).rejects.toMatchObject({ name: 'ProviderFailure', unavailable: false });
  expect((await service.stored()).lease).toBeUndefined();
  expect(await service.refresh()).toBe('access-1');
});

it('sends one request to a provider that rejects it, for 50 concurrent calls', async () => {
  service.endpoint.before = () => service.system.wait(1000);
  service.endpoint.instead.push(json(401, { error: 'invalid_client' }));
  const answers = await Promise.allSettled(Array.from({ length: 50 }, () => service.refresh()));
  for (const answer of answers) {
    expect(answer).toMatchObject({ reason: { name: 'ProviderFailure', code: 'invalid_client' } });
  }
  expect(service.endpoint.redeemed).toHaveLength(1);
});

it('returns the error of the lease holder to the other calls', async () => {
  service.endpoint.before = () => service.system.wait(1000);
  service.endpoint.instead.push(json(503, {}));
  const winner = service.refresh();
  const loser = service.refresh();
  await expect(winner).rejects.toMatchObject({ name: 'ProviderFailure' });
  await expect(loser).rejects.toMatchObject({ name: 'ProviderFailure', code: 'temporarily_unavailable' });
  expect(service.endpoint.redeemed).toHaveLength(1);
});

it('queues the revocation of tokens that were issued for a dropped grant', async () => {
  service.endpoint.before = forget;
  await service.refresh();
  expect(await service.enqueued()).toEqual([
    { cause: 'not-stored', accessToken: 'access-1', refreshToken: 'refresh-1' },
  ]);
  const { grantId, provider, workloadArn } = service.tokenHolder;
  expect(service.revocationQueue.queued[0]).toMatchObject({
    grantId,
    workloadArn,
    provider: { id: provider.id, name: provider.name },
  });
});

it('queues no refresh token that was not issued with the tokens: it belongs to the grant', async () => {
  service.endpoint.instead.push(tokens({ access_token: 'access-1' }));
  service.endpoint.before = forget;
  await service.refresh();
  expect(await service.enqueued()).toEqual([{ cause: 'not-stored', accessToken: 'access-1' }]);
});

it('queues nothing if the tokens are stored', async () => {
  await service.refresh();
  expect(service.revocationQueue.queued).toEqual([]);
});

it('queues nothing if the tokens are stored, but the table did not confirm it and the write was repeated', async () => {
  const putRenewed = service.stores.grants.putRenewed.bind(service.stores.grants);
  jest.spyOn(service.stores.grants, 'putRenewed').mockImplementation(async (id, change) => {
    await putRenewed(id, change);
    return putRenewed(id, change);
  });
  expect(await service.refresh()).toBe('access-1');
  expect(service.revocationQueue.queued).toEqual([]);
  expect(await service.held()).toMatchObject({ accessToken: 'access-1' });
});

it('does not return tokens of a later consent to a waiting call from before a forceAuthentication', async () => {
  service.endpoint.before = async () => {
    await forget();
    await service.put({ accessToken: 'access-of-the-new-consent', refreshToken: 'r' }, 1);
    await service.system.wait(1000);
  };
  const [winner, loser] = await Promise.all([service.refresh(), service.refresh()]);
  expect(winner).toBe(CONSENT_NEEDED);
  expect(loser).toBe(CONSENT_NEEDED);
  expect(await service.held()).toMatchObject({ accessToken: 'access-of-the-new-consent' });
});

it('encrypts once before it sends, so that an unavailable key loses no refresh token', async () => {
  jest.spyOn(service.deps.seal, 'seal').mockRejectedValueOnce(new Error('no key'));
  await expect(service.refresh()).rejects.toThrow('no key');
  expect(service.endpoint.redeemed).toEqual([]);
  expect((await service.stored()).lease).toBeUndefined();
});

describe('client credentials', () => {
  const machine = async () => {
    const seen = await service.stores.grants.get(tokenHolder.grantId);
    const source = clientCredentialsOf(deps, tokenHolder, ['a']);
    return tokenOf(await renewTokens(deps, { tokenHolder, source, seen }));
  };
  let asked: number;
  let tokenHolder: RequestHolder;
  let deps: RenewalService['deps'];

  beforeEach(() => {
    asked = 0;
    const { workloadId } = service.tokenHolder.grantId;
    tokenHolder = { ...service.tokenHolder, grantId: { ...sampleGrantId(), workloadId } };
    deps = service.depsWith({
      transport: async () => {
        asked += 1;
        await service.system.wait(1000);
        return json(200, { access_token: `machine-${asked}`, token_type: 'Bearer', expires_in: 3600 });
      },
    });
  });

  it('are requested once for 50 concurrent calls, at the first use and after each expiry', async () => {
    for (const round of [1, 2, 3]) {
      const tokens = await Promise.all(Array.from({ length: 50 }, machine));
      expect(new Set(tokens)).toEqual(new Set([`machine-${round}`]));
      expect(asked).toBe(round);
      service.system.advance(3600);
    }
  });

  it('are requested again if the stored tokens are for an earlier provider of the same name', async () => {
    await machine();
    await service.stores.providers.remove(tokenHolder.provider);
    tokenHolder = { ...tokenHolder, provider: { ...tokenHolder.provider, id: 'recreated' } };
    await service.stores.providers.create(tokenHolder.provider);
    await service.stores.clientSecrets.put(
      'recreated',
      await deps.seal.seal(clientSecretContext(tokenHolder.provider), 'secret'),
      1,
    );
    expect(new Set(await Promise.all([machine(), machine()]))).toEqual(new Set(['machine-2']));
    expect(await service.stores.grants.get(tokenHolder.grantId)).toMatchObject({
      providerId: 'recreated',
      generation: 2,
    });
  });

  it('that are rejected at the first use cause the same error for all waiting calls', async () => {
    deps = service.depsWith({
      async transport() {
        asked += 1;
        await service.system.wait(1000);
        return json(401, { error: 'invalid_client' });
      },
    });
    const answers = await Promise.allSettled([machine(), machine(), machine()]);
    for (const answer of answers) expect(answer).toMatchObject({ reason: { code: 'invalid_client' } });
    expect(asked).toBe(1);
  });

  it('never require consent after an invalid_grant', async () => {
    deps = service.depsWith({ transport: () => Promise.resolve(json(400, { error: 'invalid_grant' })) });
    await expect(machine()).rejects.toMatchObject({ code: 'invalid_grant' });
  });
});

it('returns all scopes that policies evaluate, for its own token and for one that another call obtained', async () => {
  const { tokenHolder, deps, stores } = service;
  const obtained = { accessToken: 'access-0', refreshToken: 'refresh-0', scopes: ['a'], expiresAt: 1 };
  const requested = { requestedScopes: ['a', 'b'], parameterScopes: ['admin'] };
  const tokens = await sealTokens(deps, tokenHolder, obtained, requested);
  await storeTokens(stores.grants, tokenHolder.grantId, { providerId: tokenHolder.provider.id, tokens });
  const seen = await service.stored();
  const source = refreshTokenOf(deps, tokenHolder);
  const held = ['a', 'b', 'admin'];
  service.endpoint.before = () => service.system.wait(1000);
  const renewals = await Promise.all([
    renewTokens(deps, { tokenHolder, source, seen }),
    renewTokens(deps, { tokenHolder, source, seen }),
  ]);
  expect(renewals).toMatchObject([{ held }, { held }]);
  expect(service.endpoint.redeemed).toEqual(['refresh-0']);
  expect((await service.stored()).tokens).toMatchObject(requested);
});

it.each([
  ['no tokens', undefined],
  ['no refresh token', { accessToken: 'access' }],
])('refreshes nothing with %s', async (_what, change) => {
  if (change) await service.put(change);
  const seen = change && (await service.stored());
  await expect(refreshTokenOf(service.deps, service.tokenHolder).prepare(seen)).rejects.toThrow(
    'the grant has no refresh token',
  );
});
