/** The lease of a renewal: how long it holds, who may take it over, and what a holder does who has lost it. */
import type { Lease } from '../../lambda/domain/grant/grant';
import { CONSENT_NEEDED, isLongPast, LEASE, renewTokens } from '../../lambda/domain/grant/renewal';
import { UnstorableError } from '../../lambda/domain/unstorable';
import { refreshTokenOf } from '../../lambda/domain/grant/token-sources';
import { createRenewalService, type RenewalService } from './renewal-service';

let service: RenewalService;
beforeEach(async () => {
  service = await createRenewalService();
});

const json = (status: number, body: object) => Response.json(body, { status });

describe('a winner that died', () => {
  /** @param ago milliseconds since it took its lease, by its own clock */
  async function died(ago: number, change: Partial<Lease> = {}): Promise<void> {
    const lease = { holder: 'died', deadline: service.system.now() + LEASE - ago, ...change };
    const taken = { providerId: service.provider.id, seen: await service.stored(), lease };
    expect(await service.stores.grants.takeLease(service.owner.grantId, taken)).toBe(true);
  }

  it.each([
    ['our clock', 0],
    ['a clock that is two minutes ahead of ours', -120_000],
    ['a clock that is two minutes behind ours', 120_000],
  ])(
    'holds its lease for its whole time before our eyes, by %s; then the old refresh token is tried once',
    async (_whose, ago) => {
      await died(ago);
      const began = service.system.now();
      const tokens = await Promise.all([service.refresh(), service.refresh(), service.refresh()]);
      expect(service.system.now() - began).toBeGreaterThanOrEqual(LEASE);
      expect(new Set(tokens)).toEqual(new Set(['access-1']));
      expect(service.endpoint.redeemed).toEqual(['refresh-0']);
    },
  );

  it('long ago by any clock: its lease is taken over immediately', async () => {
    await died(LEASE + 120_001);
    const began = service.system.now();
    expect(await service.refresh()).toBe('access-1');
    expect(service.system.now()).toBe(began);
  });

  it('holds its lease no longer than that', async () => {
    await died(0);
    const began = service.system.now();
    // So that one of the looks falls on the very end.
    void service.system.wait(275).then(() => {
      service.system.advance(0.125);
    });
    expect(await service.refresh()).toBe('access-1');
    expect(service.system.now() - began).toBe(LEASE);
  });

  it('by two minutes is a matter of clocks; a moment more is not', () => {
    const lease = { holder: 'died', deadline: 0 };
    expect([120_000, 120_001].map((now) => isLongPast(lease, now))).toEqual([false, true]);
  });

  it('leaves its lease to the next, whose own it is for the whole time, even to the same moment', async () => {
    await died(0);
    const { lease: before, ...seen } = await service.stored();
    const lease = { holder: 'next', deadline: before?.deadline ?? 0 };
    void service.system.wait(4000).then(async () => {
      await service.stores.grants.takeLease(service.owner.grantId, {
        providerId: service.provider.id,
        seen: before ? { ...seen, lease: before } : seen,
        lease,
      });
    });
    await expect(service.refresh()).rejects.toMatchObject({ name: 'ThrottlingException' });
    expect((await service.stored()).lease).toEqual(lease);
  });

  it('is not taken for dead while it renews its lease; who waited long enough asks again', async () => {
    await died(0);
    const renewing = (async () => {
      for (const after of [4000, 8000, 12_000]) {
        await service.system.wait(4000);
        await service.stores.grants.markSent(service.owner.grantId, {
          holder: 'died',
          deadline: service.system.now() + after,
        });
      }
    })();
    await expect(service.refresh()).rejects.toMatchObject({
      name: 'ThrottlingException',
      message: 'The token is being renewed. Try again shortly.',
      outcome: 'provider-unavailable',
    });
    await renewing;
    expect(service.endpoint.redeemed).toEqual([]);
  });

  it('is waited for up to the moment that was said, and no longer', async () => {
    await died(0);
    const { owner, deps } = service;
    const source = refreshTokenOf(deps, owner);
    const began = service.system.now();
    const waiting = renewTokens(deps, { owner, seen: await service.stored(), source }, began);
    await expect(waiting).rejects.toMatchObject({ name: 'ThrottlingException' });
    expect(service.system.now()).toBe(began);
  });

  it('after it sent its request: if the provider rejects the second attempt, the last failure says why', async () => {
    await died(LEASE + 120_001, { sentAt: service.system.now() - 120_000 });
    service.endpoint.instead.push(json(400, { error: 'invalid_grant' }));
    expect(await service.refresh()).toBe(CONSENT_NEEDED);
    expect((await service.stored()).lastFailure).toMatchObject({ code: 'invalid_grant', lostAnswer: true });
  });

  it('before it sent a request: the last failure reports no lost response', async () => {
    await died(LEASE + 120_001);
    service.endpoint.instead.push(json(400, { error: 'invalid_grant' }));
    expect(await service.refresh()).toBe(CONSENT_NEEDED);
    expect((await service.stored()).lastFailure).not.toHaveProperty('lostAnswer');
  });
});

describe('a table that fails', () => {
  it('to say that the lease was taken: who asks again finds its own', async () => {
    const takeLease = service.stores.grants.takeLease.bind(service.stores.grants);
    jest.spyOn(service.stores.grants, 'takeLease').mockImplementationOnce(async (...write) => {
      await takeLease(...write);
      return false;
    });
    const began = service.system.now();
    expect(await service.refresh()).toBe('access-1');
    expect(service.system.now()).toBe(began);
  });

  it('to take the new tokens: they are written all the same, within the lease', async () => {
    const putRenewed = service.stores.grants.putRenewed.bind(service.stores.grants);
    const failing = jest.spyOn(service.stores.grants, 'putRenewed').mockRejectedValue(new Error('throttled'));
    service.endpoint.before = async () => {
      await Promise.resolve();
      void service.system.wait(2000).then(() => failing.mockImplementation(putRenewed));
    };
    expect(await service.refresh()).toBe('access-1');
    expect(await service.held()).toEqual({ accessToken: 'access-1', refreshToken: 'refresh-1' });
  });

  it('to store the new tokens: stops before the lease ends, and no request tries again immediately', async () => {
    jest.spyOn(service.stores.grants, 'putRenewed').mockRejectedValue(new Error('throttled'));
    const began = service.system.now();
    await expect(service.refresh()).rejects.toThrow('throttled');
    expect(service.system.now() - began).toBeLessThan(LEASE);
    const { lease, lastFailure } = await service.stored();
    expect(lease).toBeUndefined();
    expect(lastFailure).toMatchObject({
      code: 'not_stored',
      unavailable: true,
      failures: 1,
      lostAnswer: true,
    });
    await expect(service.refresh()).rejects.toMatchObject({ code: 'not_stored', retryAfter: 1 });
    expect(service.endpoint.redeemed).toEqual(['refresh-0']);
  });

  it('to take anything any more: the lease is left to its time, and the caller learns the first failure', async () => {
    const failing = jest.spyOn(service.stores.grants, 'putRenewed').mockRejectedValue(new Error('throttled'));
    jest.spyOn(service.stores.grants, 'releaseLease').mockRejectedValue(new Error('unreachable'));
    await expect(service.refresh()).rejects.toThrow('throttled');
    expect((await service.stored()).lease?.sentAt).toBeDefined();
    expect(failing).toHaveBeenCalled();
  });

  describe('to take tokens that it never takes', () => {
    beforeEach(() => {
      const unstorable = new UnstorableError(new Error('number out of range'));
      jest.spyOn(service.stores.grants, 'putRenewed').mockRejectedValue(unstorable);
    });

    it('is asked once, and the provider is left alone for longer each time', async () => {
      const began = service.system.now();
      for (const [failures, retryAfter] of [
        [1, 1],
        [2, 2],
        [3, 4],
      ] as const) {
        const failure = { name: 'ProviderFailure', code: 'invalid_response', unavailable: true, retryAfter };
        await expect(service.refresh()).rejects.toMatchObject(failure);
        await expect(service.refresh()).rejects.toMatchObject(failure);
        const { lease, lastFailure } = await service.stored();
        expect(lease).toBeUndefined();
        expect(lastFailure).toMatchObject({ failures, lostAnswer: true });
        expect(service.endpoint.redeemed).toHaveLength(failures);
        expect(service.system.now()).toBe(began + 1000 * (2 ** (failures - 1) - 1));
        service.system.advance(retryAfter);
        service.endpoint.instead.push(
          json(200, { access_token: 'x', token_type: 'Bearer', expires_in: 3600 }),
        );
      }
    });

    it('and the provider rejects the second use: the last failure reports a lost response', async () => {
      await expect(service.refresh()).rejects.toMatchObject({ code: 'invalid_response' });
      service.system.advance(1);
      expect(await service.refresh()).toBe(CONSENT_NEEDED);
      expect((await service.stored()).lastFailure).toMatchObject({ code: 'invalid_grant', lostAnswer: true });
    });
  });

  /** The table takes so many seconds to note that a request is sent. */
  function slowly(seconds: number): void {
    const markSent = service.stores.grants.markSent.bind(service.stores.grants);
    jest.spyOn(service.stores.grants, 'markSent').mockImplementationOnce(async (...write) => {
      const marked = await markSent(...write);
      service.system.advance(seconds);
      return marked;
    });
  }

  it('slowly, but with enough of the lease left: the request is sent', async () => {
    slowly(1.5);
    expect(await service.refresh()).toBe('access-1');
  });

  it('so slowly that the lease may lapse on the way: nothing is sent', async () => {
    slowly(1.501);
    await expect(service.refresh()).rejects.toMatchObject({ name: 'ThrottlingException' });
    expect(service.endpoint.redeemed).toEqual([]);
    expect((await service.stored()).lease).toBeUndefined();
    expect(await service.refresh()).toBe('access-1');
  });
});

describe('a winner that was held up beyond its lease', () => {
  /** The lease lapses, and another refreshes in the winner's place. */
  async function overtake(): Promise<void> {
    service.endpoint.before = () => Promise.resolve();
    service.system.advance(LEASE / 1000 + 1);
    expect(await service.refresh()).toBe('access-1');
  }

  it('before it sent: presents no refresh token that another may have redeemed', async () => {
    await service.refresh(overtake).catch(() => undefined);
    expect(service.endpoint.redeemed).toEqual(['refresh-0']);
  });

  it('before it sent: gets the token that the other obtained, and asks for no consent', async () => {
    expect(await service.refresh(overtake)).toBe('access-1');
    expect(await service.held()).toEqual({ accessToken: 'access-1', refreshToken: 'refresh-1' });
  });

  it('while it sent: leaves what the other obtained where it is', async () => {
    service.endpoint.before = overtake;
    await service.refresh().catch(() => undefined);
    expect(await service.held()).toEqual({ accessToken: 'access-1', refreshToken: 'refresh-1' });
  });

  it('while it sent: takes an invalid_grant for no reason to ask for consent', async () => {
    service.endpoint.before = overtake;
    expect(await service.refresh()).toBe('access-1');
  });
});
