/**
 * The lease of a renewal: how long it is valid, when another request can take it over, and what a holder does after
 * it lost the lease.
 */
import type { Lease } from '../../lambda/model/records/grant';
import { isLongPast, LEASE } from '../../lambda/domain/grant/lease';
import { CONSENT_NEEDED, renewTokens } from '../../lambda/domain/grant/renewal';
import { UnstorableError } from '../../lambda/domain/unstorable';
import { refreshTokenOf } from '../../lambda/domain/grant/token-sources';
import { createRenewalService, tokenOf, type RenewalService } from './renewal-service';
import { sampleDetails } from './samples';

let service: RenewalService;
beforeEach(async () => {
  service = await createRenewalService();
});

const json = (status: number, body: object) => Response.json(body, { status });

describe('a lease whose holder died', () => {
  /** @param ago milliseconds since the holder took the lease, by the holder's clock */
  async function died(ago: number, change: Partial<Lease> = {}): Promise<void> {
    const lease = { holder: 'died', deadline: service.system.now() + LEASE - ago, ...change };
    const taken = {
      providerId: service.provider.id,
      details: sampleDetails(),
      seen: await service.stored(),
      lease,
    };
    expect(await service.stores.grants.takeLease(service.tokenHolder.grantId, taken)).toBe(true);
  }

  it.each([
    ['the clock of this function', 0],
    ['a clock that is two minutes ahead', -120_000],
    ['a clock that is two minutes behind', 120_000],
  ])(
    'is valid for its whole time as observed, by %s; then the old refresh token is redeemed once',
    async (_whose, ago) => {
      await died(ago);
      const began = service.system.now();
      const tokens = await Promise.all([service.refresh(), service.refresh(), service.refresh()]);
      expect(service.system.now() - began).toBeGreaterThanOrEqual(LEASE);
      expect(new Set(tokens)).toEqual(new Set(['access-1']));
      expect(service.endpoint.redeemed).toEqual(['refresh-0']);
    },
  );

  it('is taken over immediately if it is long past by any clock', async () => {
    await died(LEASE + 120_001);
    const began = service.system.now();
    expect(await service.refresh()).toBe('access-1');
    expect(service.system.now()).toBe(began);
  });

  it('is valid no longer than its whole time', async () => {
    await died(0);
    const began = service.system.now();
    // So that one of the reads is exactly at the end.
    void service.system.wait(275).then(() => {
      service.system.advance(0.125);
    });
    expect(await service.refresh()).toBe('access-1');
    expect(service.system.now() - began).toBe(LEASE);
  });

  it('is long past only after more than the two minutes by which clocks can differ', () => {
    const lease = { holder: 'died', deadline: 0 };
    expect([120_000, 120_001].map((now) => isLongPast(lease, now))).toEqual([false, true]);
  });

  it('is valid for its whole time again if another holder takes it, even with the same deadline', async () => {
    await died(0);
    const { lease: before, ...seen } = await service.stored();
    const lease = { holder: 'next', deadline: before?.deadline ?? 0 };
    void service.system.wait(4000).then(async () => {
      await service.stores.grants.takeLease(service.tokenHolder.grantId, {
        providerId: service.provider.id,
        details: sampleDetails(),
        seen: before ? { ...seen, lease: before } : seen,
        lease,
      });
    });
    await expect(service.refresh()).rejects.toMatchObject({ name: 'ThrottlingException' });
    expect((await service.stored()).lease).toEqual(lease);
  });

  it('stays valid while its holder renews it, and waiting requests get an error that can be retried', async () => {
    await died(0);
    const renewing = (async () => {
      for (const after of [4000, 8000, 12_000]) {
        await service.system.wait(4000);
        await service.stores.grants.markSent(service.tokenHolder.grantId, {
          holder: 'died',
          lease: { holder: 'died', deadline: service.system.now() + after },
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

  it('makes a request wait until its own deadline, and no longer', async () => {
    await died(0);
    const { tokenHolder, deps } = service;
    const source = refreshTokenOf(deps, tokenHolder);
    const began = service.system.now();
    const waiting = renewTokens(deps, { tokenHolder, seen: await service.stored(), source }, began);
    await expect(waiting).rejects.toMatchObject({ name: 'ThrottlingException' });
    expect(service.system.now()).toBe(began);
  });

  it('makes the last failure report a lost response, if the holder sent its request and the second attempt is rejected', async () => {
    await died(LEASE + 120_001, { sentAt: service.system.now() - 120_000 });
    service.endpoint.instead.push(json(400, { error: 'invalid_grant' }));
    expect(await service.refresh()).toBe(CONSENT_NEEDED);
    expect((await service.stored()).lastFailure).toMatchObject({ code: 'invalid_grant', lostResponse: true });
  });

  it('makes the last failure report no lost response, if the holder sent no request', async () => {
    await died(LEASE + 120_001);
    service.endpoint.instead.push(json(400, { error: 'invalid_grant' }));
    expect(await service.refresh()).toBe(CONSENT_NEEDED);
    expect((await service.stored()).lastFailure).not.toHaveProperty('lostResponse');
  });
});

describe('a renewal with a failing table', () => {
  /** The table does not confirm the write, so the SDK repeats it, and its condition does not hold any more. */
  function unconfirmed(write: 'takeLease' | 'markSent'): void {
    const written = service.stores.grants[write].bind(service.stores.grants) as () => Promise<boolean>;
    jest.spyOn(service.stores.grants, write).mockImplementationOnce(async (...change: unknown[]) => {
      await written(...(change as []));
      return written(...(change as []));
    });
  }

  describe.each([
    ['before it takes the lease', true],
    ['with the lease', false],
  ])('of a call that prepares its request %s', (_when, preparesByReading) => {
    beforeEach(async () => {
      service = await createRenewalService(preparesByReading);
    });

    it.each(['takeLease', 'markSent'] as const)(
      'finds its own lease if the table did not confirm %s',
      async (write) => {
        unconfirmed(write);
        const began = service.system.now();
        expect(await service.refresh()).toBe('access-1');
        expect(service.system.now()).toBe(began);
        expect(service.endpoint.redeemed).toEqual(['refresh-0']);
      },
    );

    it('reports no lost response if the table did not confirm that the lease was taken', async () => {
      unconfirmed('takeLease');
      service.endpoint.instead.push(json(400, { error: 'invalid_grant' }));
      expect(await service.refresh()).toBe(CONSENT_NEEDED);
      expect((await service.stored()).lastFailure).not.toHaveProperty('lostResponse');
    });
  });

  it('retries to store the new tokens within the lease', async () => {
    const putRenewed = service.stores.grants.putRenewed.bind(service.stores.grants);
    const failing = jest.spyOn(service.stores.grants, 'putRenewed').mockRejectedValue(new Error('throttled'));
    service.endpoint.before = async () => {
      await Promise.resolve();
      void service.system.wait(2000).then(() => failing.mockImplementation(putRenewed));
    };
    expect(await service.refresh()).toBe('access-1');
    expect(await service.held()).toEqual({ accessToken: 'access-1', refreshToken: 'refresh-1' });
  });

  it('stops before the lease ends if the new tokens cannot be stored, and no request tries again immediately', async () => {
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
      lostResponse: true,
    });
    await expect(service.refresh()).rejects.toMatchObject({ code: 'not_stored', retryAfter: 1 });
    expect(service.endpoint.redeemed).toEqual(['refresh-0']);
  });

  it('leaves the lease until it ends if no write succeeds, and reports the first error', async () => {
    const failing = jest.spyOn(service.stores.grants, 'putRenewed').mockRejectedValue(new Error('throttled'));
    jest.spyOn(service.stores.grants, 'releaseLease').mockRejectedValue(new Error('unreachable'));
    await expect(service.refresh()).rejects.toThrow('throttled');
    expect((await service.stored()).lease?.sentAt).toBeDefined();
    expect(failing).toHaveBeenCalled();
  });

  describe('with tokens that the table never accepts', () => {
    beforeEach(() => {
      const unstorable = new UnstorableError(new Error('number out of range'));
      jest.spyOn(service.stores.grants, 'putRenewed').mockRejectedValue(unstorable);
    });

    it('tries once, and later requests to the provider wait twice as long each time', async () => {
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
        expect(lastFailure).toMatchObject({ failures, lostResponse: true });
        expect(service.endpoint.redeemed).toHaveLength(failures);
        expect(service.system.now()).toBe(began + 1000 * (2 ** (failures - 1) - 1));
        service.system.advance(retryAfter);
        service.endpoint.instead.push(
          json(200, { access_token: 'x', token_type: 'Bearer', expires_in: 3600 }),
        );
      }
    });

    it('reports a lost response in the last failure if the provider rejects the second use', async () => {
      await expect(service.refresh()).rejects.toMatchObject({ code: 'invalid_response' });
      service.system.advance(1);
      expect(await service.refresh()).toBe(CONSENT_NEEDED);
      expect((await service.stored()).lastFailure).toMatchObject({
        code: 'invalid_grant',
        lostResponse: true,
      });
    });
  });

  describe.each([
    ['takeLease', true],
    ['markSent', false],
  ] as const)('that takes long to store that a request is sent, by %s', (write, preparesByReading) => {
    beforeEach(async () => {
      service = await createRenewalService(preparesByReading);
    });

    function slowly(seconds: number, name: 'takeLease' | 'markSent' = write): void {
      const written = service.stores.grants[name].bind(service.stores.grants) as () => Promise<boolean>;
      jest.spyOn(service.stores.grants, name).mockImplementationOnce(async (...change: unknown[]) => {
        const isWritten = await written(...(change as []));
        service.system.advance(seconds);
        return isWritten;
      });
    }

    it('sends the request if enough of the lease is left', async () => {
      slowly(1.5);
      expect(await service.refresh()).toBe('access-1');
    });

    it('begins the lease again if too little of it is left, and sends the request', async () => {
      slowly(1.501);
      service.endpoint.before = async () => {
        const { deadline = 0 } = (await service.stored()).lease ?? {};
        expect(deadline - service.system.now()).toBe(LEASE);
      };
      expect(await service.refresh()).toBe('access-1');
      expect(service.endpoint.redeemed).toEqual(['refresh-0']);
    });

    it('sends nothing if another request took the lease over while the write took long', async () => {
      slowly(LEASE / 1000 + 1);
      const first = service.refresh();
      expect(await service.refresh()).toBe('access-1');
      expect(await first).toBe('access-1');
      expect(service.endpoint.redeemed).toEqual(['refresh-0']);
    });

    it('sends nothing if the second write takes long, too', async () => {
      slowly(1.501);
      slowly(1.501, 'markSent');
      await expect(service.refresh()).rejects.toMatchObject({ name: 'ThrottlingException' });
      expect(service.endpoint.redeemed).toEqual([]);
      expect((await service.stored()).lease).toBeUndefined();
      expect(await service.refresh()).toBe('access-1');
    });
  });
});

describe('a client whose assertion another service signs', () => {
  /** @param seconds that the signature takes */
  const refresh = async (seconds: number) => {
    const { deps, tokenHolder, system } = service;
    const providerClients: typeof deps.providerClients = {
      ...deps.providerClients,
      of: async (...named) => ({
        ...(await deps.providerClients.of(...named)),
        credential: {
          assert: () => {
            system.advance(seconds);
            return Promise.resolve('assertion');
          },
        },
      }),
    };
    const source = refreshTokenOf({ ...deps, providerClients }, tokenHolder);
    return tokenOf(await renewTokens(deps, { tokenHolder, seen: await service.stored(), source }));
  };

  it('gets its tokens if enough of the lease is left after the signature', async () => {
    expect(await refresh(1.5)).toBe('access-1');
  });

  it('sends nothing if too little of the lease is left after the signature, and releases it', async () => {
    await expect(refresh(1.501)).rejects.toMatchObject({ name: 'ThrottlingException' });
    expect(service.endpoint.redeemed).toEqual([]);
    expect((await service.stored()).lease).toBeUndefined();
    expect(await refresh(0)).toBe('access-1');
  });
});

describe.each([
  ['before the lease', true],
  ['with the lease', false],
])('a request that is prepared %s and delayed beyond the end of a lease', (_when, preparesByReading) => {
  beforeEach(async () => {
    service = await createRenewalService(preparesByReading);
  });

  /** The lease ends, and another request refreshes instead. */
  async function overtake(): Promise<void> {
    service.endpoint.before = () => Promise.resolve();
    service.system.advance(LEASE / 1000 + 1);
    expect(await service.refresh()).toBe('access-1');
  }

  it('keeps the tokens that another request stored while its own request was sent, and requires no consent', async () => {
    service.endpoint.before = overtake;
    expect(await service.refresh()).toBe('access-1');
    expect(await service.held()).toEqual({ accessToken: 'access-1', refreshToken: 'refresh-1' });
    expect(service.revocationQueue.queued).toEqual([]);
  });
});
