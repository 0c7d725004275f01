/** Background renewal: in the soft window, the token is returned immediately and its renewal is dispatched. */
import { renewInBackground } from '../../lambda/domain/grant/background-renewal';
import { SOFT_WINDOW, SOFT_WINDOW_PART } from '../../lambda/domain/grant/grant';
import { LEASE } from '../../lambda/domain/grant/lease';
import { ServiceError } from '../../lambda/domain/service-error';
import { createRetrievalService, type RetrievalService } from './retrieval-service';
import { OWNER } from './samples';

let service: RetrievalService;
beforeEach(async () => {
  service = await createRetrievalService();
});

const json = (status: number, body: object) => Response.json(body, { status });
const lastEntry = () => service.entries.at(-1);
const window = Math.min(SOFT_WINDOW, 3600 * SOFT_WINDOW_PART);

it('returns the token and dispatches its renewal once', async () => {
  await service.grant();
  service.system.advance(3600 - window - 1);
  await service.ask();
  expect(service.dispatched).toEqual([]);
  service.system.advance(1);
  for (let read = 0; read < 3; read += 1) {
    expect(await service.ask()).toMatchObject({ output: { accessToken: 'access-0' }, outcome: 'cached' });
  }
  const { identity, provider, tokenHolder } = service;
  expect(service.dispatched).toEqual([
    {
      principal: OWNER,
      workloadName: identity.name,
      providerName: provider.name,
      flow: 'USER_FEDERATION',
      scopes: ['a'],
      resources: [],
      audiences: [],
      grantId: tokenHolder.grantId,
      holder: (await service.stored()).lease?.holder,
    },
  ]);
  expect((await service.stored()).lease).toMatchObject({ deadline: service.system.now() + LEASE });
  await service.catchUp();
  expect(lastEntry()).toEqual({
    operation: 'BackgroundRenewal',
    principal: OWNER,
    outcome: 'allowed',
    result: 'refreshed',
    flow: 'USER_FEDERATION',
    scopes: ['a'],
    user: tokenHolder.grantId.userHash,
    provider: provider.name,
    workloadIdentity: identity.arn,
    credentialProvider: provider.arn,
  });
  expect(await service.ask()).toMatchObject({ output: { accessToken: 'access-1' } });
});

it('dispatches nothing after losing the lease to another request', async () => {
  await service.grant();
  service.system.advance(3600 - window);
  jest.spyOn(service.stores.grants, 'takeLease').mockResolvedValueOnce(false);
  await service.ask();
  expect(service.dispatched).toEqual([]);
});

it('dispatches nothing during the back-off after a failure', async () => {
  await service.grant();
  service.system.advance(3600 - window);
  await service.ask();
  service.endpoint.instead.push(json(503, {}));
  await service.catchUp();
  expect(lastEntry()).toMatchObject({ operation: 'BackgroundRenewal', result: 'provider-unavailable' });
  await service.ask();
  expect(service.dispatched).toEqual([]);
  service.system.advance(1);
  await service.ask();
  expect(service.dispatched).toHaveLength(1);
});

it('dispatches nothing for a token that cannot be renewed', async () => {
  await service.grant({ refreshExpiresAt: service.system.seconds() + 3000 });
  service.system.advance(3600 - window);
  expect(await service.ask()).toMatchObject({ outcome: 'cached' });
  expect(service.dispatched).toEqual([]);
});

it('takes over a lease that was left behind, after its deadline is clearly past', async () => {
  await service.grant();
  service.system.advance(3600 - window);
  await service.ask();
  service.dispatched.splice(0);
  await service.ask();
  expect(service.dispatched).toEqual([]);
  service.system.advance(130);
  await service.ask();
  expect(service.dispatched).toHaveLength(1);
});

it('returns the token if the dispatch fails, and the next request dispatches again', async () => {
  await service.grant();
  service.system.advance(3600 - window);
  jest.spyOn(service.deps.backgroundRenewals, 'dispatch').mockRejectedValueOnce(new Error('throttled'));
  expect(await service.ask()).toMatchObject({ output: { accessToken: 'access-0' }, outcome: 'cached' });
  const { identity, provider, tokenHolder } = service;
  expect(service.entries).toContainEqual({
    operation: 'BackgroundRenewal',
    outcome: 'failed',
    reason: 'the renewal could not be dispatched',
    principal: OWNER,
    workloadIdentity: identity.arn,
    user: tokenHolder.grantId.userHash,
    provider: provider.name,
    credentialProvider: provider.arn,
    flow: 'USER_FEDERATION',
  });
  expect(await service.stored()).not.toHaveProperty('lease');
  await service.ask();
  expect(service.dispatched).toHaveLength(1);
});

it('returns the token if the lease cannot be stored', async () => {
  await service.grant();
  service.system.advance(3600 - window);
  jest.spyOn(service.stores.grants, 'takeLease').mockRejectedValueOnce(new Error('throttled'));
  expect(await service.ask()).toMatchObject({ outcome: 'cached' });
});

describe('a dispatched renewal', () => {
  beforeEach(async () => {
    await service.grant();
    service.system.advance(3600 - window);
    await service.ask();
  });

  const overtaken = () =>
    expect(lastEntry()).toMatchObject({
      operation: 'BackgroundRenewal',
      outcome: 'allowed',
      reason: 'overtaken: the lease, the agent, or the provider has changed',
    });

  it('is not performed if another renewal has the lease', async () => {
    service.system.advance(130);
    await service.ask();
    const [first] = service.dispatched.splice(0, 1);
    const [second] = service.dispatched.splice(0, 1);
    expect(first?.holder).not.toBe(second?.holder);
    if (first) service.dispatched.push(first);
    await service.catchUp();
    overtaken();
    expect(service.endpoint.redeemed).toEqual([]);
  });

  it('is performed once, even if Lambda invokes the function twice', async () => {
    service.dispatched.push(...service.dispatched);
    await service.catchUp();
    overtaken();
    expect(service.endpoint.redeemed).toEqual(['refresh-0']);
  });

  it('is performed once, even if Lambda invokes the function twice at the same time', async () => {
    const [request] = service.dispatched;
    if (!request) throw new Error('nothing was dispatched');
    service.endpoint.before = () => service.system.wait(1000);
    await Promise.all([renewInBackground(service.deps, request), renewInBackground(service.deps, request)]);
    expect(service.endpoint.redeemed).toEqual(['refresh-0']);
    expect(await service.ask()).toMatchObject({ output: { accessToken: 'access-1' } });
  });

  it('keeps the lease if another invocation for the same dispatch cannot prepare its request', async () => {
    const [request] = service.dispatched;
    if (!request) throw new Error('nothing was dispatched');
    service.endpoint.before = async () => {
      const failing = new Error('no table');
      jest.spyOn(service.stores.clientSecrets, 'get').mockRejectedValueOnce(failing);
      await renewInBackground(service.deps, request).catch(() => undefined);
      expect((await service.stored()).lease).toBeDefined();
    };
    await renewInBackground(service.deps, request);
    expect(service.endpoint.redeemed).toEqual(['refresh-0']);
  });

  it('that loses its lease to a request that is slow, too, is overtaken', async () => {
    const { grants, clientSecrets } = service.stores;
    const { grantId } = service.tokenHolder;
    const get = clientSecrets.get.bind(clientSecrets);
    const wait = service.system.wait.bind(service.system);
    const details = { workloadName: service.identity.name, resources: [], audiences: [] };
    jest.spyOn(clientSecrets, 'get').mockImplementationOnce(async (id) => {
      // The provider's discovery document is slow: the lease ends, and another request takes it over.
      service.system.advance((LEASE + 1000) / 1000);
      const now = service.system.now();
      const lease = { holder: 'other', deadline: now + LEASE };
      const taken = { providerId: service.provider.id, details, seen: await service.stored(), lease };
      expect(await grants.takeLease(grantId, taken)).toBe(true);
      // The other request extends its lease when it sends its request.
      jest.spyOn(service.system, 'wait').mockImplementation(async (milliseconds) => {
        await wait(milliseconds);
        const sentAt = service.system.now();
        if (sentAt < now + LEASE - 1000) return;
        const extended = { holder: 'other', deadline: sentAt + LEASE, sentAt };
        await grants.markSent(grantId, { holder: 'other', lease: extended });
      });
      return get(id);
    });
    await service.catchUp();
    overtaken();
    expect(service.endpoint.redeemed).toEqual([]);
  });

  it('is not performed after the provider was deleted', async () => {
    await service.stores.providers.remove(service.provider);
    await service.catchUp();
    overtaken();
    expect(service.endpoint.redeemed).toEqual([]);
  });

  it.each([
    ['was deleted', undefined],
    ['was deleted and recreated', { id: 'another' }],
  ])('is not performed if the agent %s', async (_what, another) => {
    const { identities } = service.stores;
    const { identity } = service;
    expect(await identities.remove(identity)).toBe(true);
    if (another) await identities.create({ ...identity, ...another });
    await service.catchUp();
    overtaken();
    expect(lastEntry()).not.toHaveProperty('workloadIdentity');
    expect(service.endpoint.redeemed).toEqual([]);
  });

  it('is not performed after the grant was deleted', async () => {
    jest.spyOn(service.stores.grants, 'get').mockResolvedValueOnce(undefined);
    await service.catchUp();
    overtaken();
    expect(service.endpoint.redeemed).toEqual([]);
  });

  it('drops the tokens if the provider rejects the refresh token, so that the next request requires consent', async () => {
    service.endpoint.instead.push(json(400, { error: 'invalid_grant' }));
    await service.catchUp();
    expect(lastEntry()).toMatchObject({ operation: 'BackgroundRenewal', result: 'consent-required' });
    expect(await service.ask()).toMatchObject({ outcome: 'consent-required' });
  });

  it('records a rejection by the provider', async () => {
    service.endpoint.instead.push(json(401, { error: 'invalid_client' }));
    await service.catchUp();
    expect(lastEntry()).toMatchObject({
      outcome: 'allowed',
      result: 'provider-refused',
      reason: 'token endpoint responded with 401 invalid_client',
    });
  });

  it('throws an unexpected error', async () => {
    jest.spyOn(service.stores.clientSecrets, 'get').mockRejectedValueOnce(new Error('no table'));
    await expect(service.catchUp()).rejects.toThrow('no table');
    expect(lastEntry()).toMatchObject({ operation: 'BackgroundRenewal', outcome: 'failed' });
  });

  it.each(['InternalServerException', 'ThrottlingException'] as const)(
    'throws %s, which no owner can correct',
    async (type) => {
      const error = new ServiceError(type, 'not now');
      jest.spyOn(service.stores.clientSecrets, 'get').mockRejectedValueOnce(error);
      await expect(service.catchUp()).rejects.toBe(error);
      expect(lastEntry()).toMatchObject({ operation: 'BackgroundRenewal', error: type });
    },
  );

  it('records a client credential that its owner must correct', async () => {
    const error = new ServiceError('AccessDeniedException', 'the secret is not yours');
    jest.spyOn(service.stores.clientSecrets, 'get').mockRejectedValueOnce(error);
    await service.catchUp();
    expect(lastEntry()).toMatchObject({ outcome: 'allowed', result: 'credential-unusable' });
  });
});
