/** Faults and attacks around the outbox: hostile responses, repeated events, clocks, and records that are not valid. */
import { randomUUID } from 'node:crypto';
import { ProviderFailure } from '../../../lambda/domain/oauth/provider-failure';
import { enqueueTokens } from '../../../lambda/domain/revocation/enqueue';
import { encodeGrantId } from '../../../lambda/model/grant-id';
import { UnreadableGrant } from '../../../lambda/domain/grant/unreadable';
import { SELECTION_LEASE, revokeSelected } from '../../../lambda/domain/revocation/select';
import {
  KeyMaterialResetError,
  LostKmsKeyError,
  ShreddedError,
  UnreadableError,
  type Seal,
} from '../../../lambda/domain/sealing/sealing';
import { createRevocationService, type RevocationService } from './revocation-service';

let service: RevocationService;
beforeEach(async () => {
  service = await createRevocationService();
});

async function revoked(users: readonly string[] = ['alice']): Promise<string> {
  for (const user of users) await service.grant(user);
  const revocationId = await service.begin({ workloadId: service.identity.id });
  await service.select(revocationId);
  return revocationId;
}

const statesOf = async (revocationId: string) =>
  (await service.items(revocationId)).map(({ state, lastError }) => [state, lastError]);

const sealWith = (open: Seal['open']) =>
  service.depsOver({ ...service.parts, seal: { ...service.seal, open } });

describe('a provider that', () => {
  it('redirects the request gets the tokens at no other address, and is not counted as confirmed', async () => {
    const revocationId = await revoked();
    service.server.instead = () =>
      new Response(null, { status: 307, headers: { location: 'https://attacker.example/revoke' } });
    await service.sweep();
    expect(service.server.requests.map(({ url }) => url)).toEqual(['https://provider.example/revoke']);
    expect(await statesOf(revocationId)).toEqual([['UNCONFIRMED', 'invalid_response']]);
  });

  it.each([
    ['JSON of another kind', () => Response.json(['revoked'])],
    ['text', () => new Response('\u0000OK', { headers: { 'content-type': 'text/plain' } })],
    [
      'half of a JSON text',
      () => new Response('{"active": fal', { headers: { 'content-type': 'application/json' } }),
    ],
    ['a token response without a token', () => Response.json({ token_type: 'Bearer' })],
  ])('answers everything with 200 and %s proves nothing', async (_what, respond) => {
    const revocationId = await revoked();
    service.server.instead = respond;
    await service.sweep();
    expect(await statesOf(revocationId)).toEqual([['NOT_PROVABLE', 'accepted']]);
    expect(await service.stored(service.grantIdOf('alice'))).not.toHaveProperty('tokens');
  });

  it.each(['999999999', '99999999999999999999', '-1', 'Infinity', 'Fri, 31 Dec 9999 23:59:59 GMT'])(
    'answers 429 with Retry-After: %s is tried again within an hour',
    async (retryAfter) => {
      const revocationId = await revoked();
      service.server.instead = () =>
        Response.json(
          {},
          { status: 429, headers: { 'retry-after': retryAfter, date: 'Thu, 01 Jan 2026 00:00:00 GMT' } },
        );
      await service.sweep();
      expect(await statesOf(revocationId)).toEqual([['PENDING', 'temporarily_unavailable']]);
      service.server.instead = undefined;
      service.system.advance(3600);
      await service.sweep();
      expect(await statesOf(revocationId)).toEqual([['CONFIRMED', undefined]]);
    },
  );

  it('has a revocation endpoint inside of the network gets no request', async () => {
    const revocationId = await revoked();
    const transport = () =>
      Promise.reject(new ProviderFailure('address_not_allowed', 'provider.example: 169.254.169.254'));
    await service.sweep(service.depsOver({ ...service.parts, transport }));
    expect(await statesOf(revocationId)).toEqual([['UNCONFIRMED', 'address_not_allowed']]);
  });

  it.each(['discovery_failed', 'invalid_metadata'])(
    'has no metadata for a time (%s) is tried again, because it got no request',
    async (code) => {
      const revocationId = await revoked();
      const fails = () => Promise.reject(new ProviderFailure(code, 'no metadata'));
      const providerClients = { of: fails, withSecret: fails };
      await service.sweep({ ...service.deps, providerClients });
      expect(await statesOf(revocationId)).toEqual([['PENDING', code]]);
      await service.sweepFor(600);
      expect(await statesOf(revocationId)).toEqual([['CONFIRMED', undefined]]);
      expect([...service.server.alive]).toEqual([]);
    },
  );
});

it('tokens whose vault key was deleted before the revocation leave their grant, without a request', async () => {
  await service.grant('alice');
  const revocationId = await service.begin({ workloadId: service.identity.id });
  const shredded = sealWith(() => Promise.reject(new ShreddedError('deleted')));
  await revokeSelected(shredded, revocationId, Infinity);
  await service.sweep();
  expect(await statesOf(revocationId)).toEqual([['NOT_PROVABLE', 'tokens_unreadable']]);
  expect(await service.stored(service.grantIdOf('alice'))).not.toHaveProperty('tokens');
  expect(service.server.requests).toEqual([]);
});

it.each([
  ['vault key is missing', new ShreddedError('missing')],
  ['KMS key is lost', new LostKmsKeyError('lost')],
  ['ciphertext does not open', new UnreadableError('altered')],
])(
  'tokens in the outbox whose %s are tried again for 24 hours, and revoked if they can be read again',
  async (_what, error) => {
    const unreadable = sealWith(() => Promise.reject(error));
    const [found, given] = [await revoked(), await revoked(['bob'])];
    await service.sweep(unreadable);
    expect(await statesOf(given)).toEqual([['PENDING', 'tokens_unreadable']]);
    expect(service.server.requests).toEqual([]);
    expect(service.errors).toEqual([]);
    await service.sweepFor(600);
    expect(await statesOf(found)).toEqual([['CONFIRMED', undefined]]);

    const late = await revoked(['carol']);
    service.system.advance(24 * 3600);
    await service.sweep(unreadable);
    expect(await statesOf(late)).toEqual([['UNCONFIRMED', 'tokens_unreadable']]);
  },
);

it('tokens that a reset of the token vault gave up are not tried again', async () => {
  const revocationId = await revoked();
  await service.sweep(sealWith(() => Promise.reject(new KeyMaterialResetError('reset'))));
  expect(await statesOf(revocationId)).toEqual([['UNCONFIRMED', 'tokens_unreadable']]);
});

it('tokens whose key is disabled for a time are revoked when it is enabled again', async () => {
  const revocationId = await revoked();
  await service.sweep(sealWith(() => Promise.reject(new Error('DisabledException'))));
  expect(await statesOf(revocationId)).toEqual([['PENDING', 'internal_error']]);
  expect(service.server.requests).toEqual([]);
  await service.sweepFor(600);
  expect(await statesOf(revocationId)).toEqual([['CONFIRMED', undefined]]);
});

describe('a repeated event', () => {
  it('that enqueues tokens sends nothing after the end of their item', async () => {
    const grantId = await service.grant('alice');
    const grant = await service.stored(grantId);
    if (!grant?.tokens) throw new Error('no tokens');
    const { provider, identity } = service;
    const tokens = {
      grantId,
      workloadArn: identity.arn,
      provider,
      tokens: grant.tokens,
      cause: 'forced',
    } as const;
    await enqueueTokens(service.deps, tokens);
    await service.stores.grants.revoke(grant, grant);
    await service.sweepFor(120);
    const sent = service.server.requests.length;
    expect(sent).toBeGreaterThan(0);
    await enqueueTokens(service.deps, tokens);
    await service.sweepFor(120);
    expect(service.server.requests).toHaveLength(sent);
  });

  it('that selects does not take tokens of a grant that the user gave afterwards', async () => {
    const revocationId = await revoked();
    await service.sweep();
    await service.grant('alice');
    expect(await service.select(revocationId)).toMatchObject({ matched: 1 });
    expect(await service.stored(service.grantIdOf('alice'))).toHaveProperty('tokens');
  });

  it('that selects at the same time revokes each grant once', async () => {
    const users = ['alice', 'bob', 'carol'];
    for (const user of users) await service.grant(user);
    const revocationId = await service.begin({ workloadId: service.identity.id });
    await Promise.all([1, 2, 3].map(() => service.select(revocationId)));
    await service.sweep();
    expect(await statesOf(revocationId)).toEqual(users.map(() => ['CONFIRMED', undefined]));
    expect(service.entries.filter(({ operation }) => operation === 'RevokeGrant')).toHaveLength(3);
  });
});

describe('a clock that goes back by an hour', () => {
  it('in the middle of a sweep loses no item, and the sweep ends', async () => {
    const users = Array.from({ length: 20 }, (_, index) => `user-${index}`);
    const revocationId = await revoked(users);
    const { transport } = service.server;
    let isBack = false;
    Object.assign(service.server, {
      transport: (...request: Parameters<typeof transport>) => {
        if (!isBack) service.system.advance(-3600);
        isBack = true;
        return transport(...request);
      },
    });
    await service.sweep();
    await service.sweepFor(2 * 3600, 300);
    const states = await statesOf(revocationId);
    expect(states).toEqual(users.map(() => ['CONFIRMED', undefined]));
    expect([...service.server.alive]).toEqual([]);
  });

  it('before an attempt does not give the item up, or postpone it by more than an hour', async () => {
    const revocationId = await revoked();
    service.server.instead = () => new Response(null, { status: 503 });
    service.system.advance(-3600);
    await service.sweepFor(2 * 3600, 300);
    expect(await statesOf(revocationId)).toEqual([['PENDING', 'temporarily_unavailable']]);
    service.server.instead = undefined;
    await service.sweepFor(3900, 300);
    expect(await statesOf(revocationId)).toEqual([['CONFIRMED', undefined]]);
  });
});

describe('a grant whose record is not valid', () => {
  async function withPoison() {
    for (const user of ['alice', 'bob']) await service.grant(user);
    const { stores } = service;
    const error = new UnreadableGrant(service.grantIdOf('carol'), new Error('not a grant'));
    const grantIndex: typeof stores.grantIndex = {
      ...stores.grantIndex,
      async page(...query) {
        const found = await stores.grantIndex.page(...query);
        return { ...found, grants: [...found.grants, error] };
      },
    };
    const deps = service.depsOver({ ...service.parts, stores: { ...stores, grantIndex } });
    const revocationId = await service.begin({ providerId: service.provider.id });
    return { deps, error, revocationId };
  }

  it('does not keep the others from being revoked, and the revocation is not complete', async () => {
    const { deps, error, revocationId } = await withPoison();
    const selection = await revokeSelected(deps, revocationId, Infinity);
    expect(selection).toMatchObject({ matched: 2, dueAt: service.system.now() + SELECTION_LEASE });
    expect(service.errors).toEqual([error]);
    for (const user of ['alice', 'bob']) {
      expect(await service.stored(service.grantIdOf(user))).not.toHaveProperty('tokens');
    }
  });

  it('is named in the audit log', async () => {
    const { deps, revocationId } = await withPoison();
    await revokeSelected(deps, revocationId, Infinity);
    expect(service.entries).toContainEqual({
      operation: 'ReadGrant',
      outcome: 'failed',
      user: service.grantIdOf('carol').userHash,
      provider: service.provider.name,
      flow: 'USER_FEDERATION',
      reason: `the record of the grant ${encodeGrantId(service.grantIdOf('carol'))} is not valid`,
    });
  });

  it('is tried again if it is the only one', async () => {
    const { stores } = service;
    const grants = [new UnreadableGrant(service.grantIdOf('carol'), new Error('not a grant'))];
    const ofAgentAndUser = () => Promise.resolve({ grants });
    const grantIndex = { ...stores.grantIndex, ofAgentAndUser };
    const deps = service.depsOver({ ...service.parts, stores: { ...stores, grantIndex } });
    const revocationId = await service.begin({ grantId: service.grantIdOf('carol') });
    expect(await revokeSelected(deps, revocationId, Infinity)).toMatchObject({
      matched: 0,
      dueAt: service.system.now() + SELECTION_LEASE,
    });
  });

  it('is tried again less and less often', async () => {
    const { deps } = await withPoison();
    for (let minute = 0; minute < 24 * 60; minute += 5) {
      await service.sweep(deps);
      service.system.advance(300);
    }
    expect(service.errors.length).toBeGreaterThan(20);
    expect(service.errors.length).toBeLessThan(40);
  });
});

it('a revocation of an agent with many grants for a user selects them page by page, and stops after its time', async () => {
  for (let count = 1; count <= 7; count += 1) {
    const at = { ...service.provider, name: `calendar-${count}`, id: randomUUID() };
    await service.addProvider(at);
    await service.grant('alice', at);
  }
  const { workloadId, userHash } = service.grantIdOf('alice');
  const revocationId = await service.begin({ workloadId, userHash });
  const begun = await revokeSelected(service.deps, revocationId, service.system.now());
  expect(begun).toMatchObject({ matched: 3, dueAt: service.system.now() });
  const selected = await revokeSelected(service.deps, revocationId, Infinity);
  expect(selected).toMatchObject({ matched: 7, dueAt: undefined });
});
