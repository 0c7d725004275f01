/**
 * Every interleaving of a renewal with another event, step by step. A step is one call of a store or one request to the
 * provider, and the event comes before any of them. The provider rotates refresh tokens and treats the second use of one
 * as theft. So the promises of a renewal are checked for each write that it makes, and for the writes that it does not
 * make.
 */
import { LEASE } from '../../lambda/domain/grant/lease';
import { CONSENT_NEEDED, renewTokens } from '../../lambda/domain/grant/renewal';
import { refreshTokenOf } from '../../lambda/domain/grant/token-sources';
import { createRenewalService, tokenOf, type RenewalService } from './renewal-service';
import { sampleDetails } from './samples';

/** More steps than a renewal takes. */
const STEPS = Array.from({ length: 10 }, (_, step) => step);

/** Where the preparation is, and the grant writes of a renewal without an event. */
const ORDERS = [
  { name: 'prepared before the lease', preparesByReading: true, writes: ['takeLease', 'putRenewed'] },
  {
    name: 'prepared with the lease',
    preparesByReading: false,
    writes: ['takeLease', 'markSent', 'putRenewed'],
  },
];

const WRITES = ['takeLease', 'markSent', 'putRenewed', 'releaseLease'];

/** A renewal whose steps a test sees. */
function watchedRenewal(
  service: RenewalService,
  preparesByReading: boolean,
  before: (step: number) => Promise<void>,
) {
  const calls: string[] = [];
  const step = async (name: string) => {
    await before(calls.length);
    calls.push(name);
  };
  const watched = <Store extends object>(store: Store): Store =>
    new Proxy(store, {
      get:
        (target, name) =>
        async (...args: unknown[]) => {
          await step(String(name));
          return (Reflect.get(target, name) as (...args: unknown[]) => unknown)(...args);
        },
    });
  const { stores, endpoint, tokenHolder } = service;
  const deps = service.depsWith({
    grants: watched(stores.grants),
    directory: watched(stores.directory),
    clientSecrets: watched(stores.clientSecrets),
    async transport(...request) {
      await step('send');
      return endpoint.transport(...request);
    },
  });
  const source = { ...refreshTokenOf(deps, tokenHolder), preparesByReading };
  return {
    calls,
    run: async () => tokenOf(await renewTokens(deps, { tokenHolder, source, seen: await service.stored() })),
  };
}

/** Runs a renewal with the event before one of its steps. */
async function renewWith(
  preparesByReading: boolean,
  at: number,
  event: (service: RenewalService) => Promise<void>,
) {
  const service = await createRenewalService(preparesByReading);
  let sentBefore: readonly string[] | undefined;
  const renewal = watchedRenewal(service, preparesByReading, async (step) => {
    if (step !== at) return;
    sentBefore = [...renewal.calls];
    await event(service);
  });
  const answer = await renewal.run();
  return { service, answer, calls: renewal.calls, sentBefore };
}

const revoked = async (service: RenewalService): Promise<void> => {
  const { stores, tokenHolder } = service;
  expect(await stores.grants.revoke(tokenHolder.grantId, await service.stored())).toBe(true);
};

const forced = async (service: RenewalService): Promise<void> => {
  const { stores, tokenHolder, system } = service;
  const consent = { sessionHash: 'session', expiresAt: system.seconds() + 600 };
  const change = {
    providerId: tokenHolder.provider.id,
    details: sampleDetails(),
    consent,
    seen: await service.stored(),
  };
  expect(await stores.grants.openConsent(tokenHolder.grantId, { ...change, forget: true })).toBe(true);
};

describe.each(ORDERS)('a renewal that is $name', ({ preparesByReading, writes }) => {
  it('makes only the writes that its promises need', async () => {
    const service = await createRenewalService(preparesByReading);
    const { calls, run } = watchedRenewal(service, preparesByReading, () => Promise.resolve());
    expect(await run()).toBe('access-1');
    expect(calls.filter((call) => WRITES.includes(call))).toEqual(writes);
    expect(calls.indexOf('send')).toBe(calls.indexOf('putRenewed') - 1);
  });

  it.each([
    ['a revocation', revoked],
    ['a request with forceAuthentication', forced],
  ])('sends nothing after %s, returns no token, and loses none that was issued', async (_what, event) => {
    const outcomes = new Set<string>();
    for (const at of STEPS) {
      const { service, answer, sentBefore, calls } = await renewWith(preparesByReading, at, event);
      const { redeemed, issued } = service.endpoint;
      // After the write of the tokens, the event drops what the renewal stored, and the caller might have it already.
      if (!sentBefore || sentBefore.includes('putRenewed')) continue;
      expect({ at, answer }).toEqual({ at, answer: CONSENT_NEEDED });
      expect((await service.stored()).tokens).toBeUndefined();
      expect((await service.stored()).lease).toBeUndefined();
      // Between the write that marks the request as sent and the request, no check is possible.
      const isMarked = sentBefore.includes(writes.at(-2) ?? '');
      expect({ at, calls, redeemed }).toEqual({ at, calls, redeemed: isMarked ? ['refresh-0'] : [] });
      expect((await service.enqueued()).map(({ accessToken }) => accessToken)).toEqual(issued);
      outcomes.add(isMarked ? 'sent' : 'not sent');
    }
    expect(outcomes).toEqual(new Set(['sent', 'not sent']));
  });

  it('returns the tokens of a consent that completes during it, and revokes those that it obtained', async () => {
    for (const at of STEPS) {
      const { service, answer, sentBefore } = await renewWith(preparesByReading, at, (current) =>
        current.put({ accessToken: 'of-the-consent', refreshToken: 'r' }),
      );
      if (!sentBefore || sentBefore.includes('putRenewed')) continue;
      expect({ at, answer }).toEqual({ at, answer: 'of-the-consent' });
      expect(await service.held()).toMatchObject({ accessToken: 'of-the-consent' });
      expect((await service.enqueued()).map(({ accessToken }) => accessToken)).toEqual(
        service.endpoint.issued,
      );
    }
  });

  it('sends nothing after another call failed, and leaves its failure', async () => {
    let failures = 0;
    for (const at of STEPS) {
      const failing = async ({ stores, tokenHolder, ...service }: RenewalService) => {
        const { grants } = stores;
        const seen = await service.stored();
        if (seen.lease) return;
        const taken = { providerId: tokenHolder.provider.id, details: sampleDetails(), seen };
        const now = service.system.now();
        const lease = { holder: 'other', deadline: now + LEASE, sentAt: now };
        expect(await grants.takeLease(tokenHolder.grantId, { ...taken, lease })).toBe(true);
        const times = { at: now, notBefore: now + 900_000 };
        const lastFailure = {
          code: 'slow_down',
          unavailable: true,
          failures: 1,
          providerRevision: 1,
          detail: 'a failure',
          ...times,
        };
        await grants.releaseLease(tokenHolder.grantId, { holder: 'other', lastFailure, dropTokens: false });
      };
      const service = await createRenewalService(preparesByReading);
      let sentBefore: readonly string[] = [];
      const { calls, run } = watchedRenewal(service, preparesByReading, async (step) => {
        if (step !== at) return;
        sentBefore = [...calls];
        await failing(service);
      });
      const answer = await run().catch((error: unknown) => error);
      const { lastFailure } = await service.stored();
      // While this call has the lease, no other one fails. After it, the other one has the next tokens.
      if (!lastFailure || sentBefore.includes('putRenewed')) continue;
      expect({ at, calls, answer }).toMatchObject({ answer: { code: 'slow_down', unavailable: true } });
      expect(service.endpoint.redeemed).toEqual([]);
      expect(lastFailure).toMatchObject({ code: 'slow_down', failures: 1 });
      failures += 1;
    }
    expect(failures).toBeGreaterThan(0);
  });

  it('presents the refresh token once, whenever another call begins', async () => {
    for (const at of STEPS) {
      let other: Promise<unknown> | undefined;
      const { service, answer, sentBefore } = await renewWith(preparesByReading, at, (current) => {
        other = current.refresh();
        return current.system.wait(50);
      });
      // A call that begins after the write of the tokens renews the next ones.
      if (!sentBefore || sentBefore.includes('putRenewed')) continue;
      expect({ at, answer, other: await other }).toEqual({ at, answer: 'access-1', other: 'access-1' });
      expect(service.endpoint.redeemed).toEqual(['refresh-0']);
    }
  });

  it('presents the refresh token once if it stands still before it marks the request as sent, and another call renews', async () => {
    let delays = 0;
    for (const at of STEPS) {
      const { service, answer, sentBefore } = await renewWith(preparesByReading, at, async (current) => {
        current.system.advance(LEASE / 1000 + 121);
        await current.refresh();
      });
      // Between its last look at the clock and the request, a process cannot notice that it stands still.
      if (!sentBefore || sentBefore.includes(writes.at(-2) ?? '')) continue;
      expect({ at, answer }).toEqual({ at, answer: 'access-1' });
      expect(service.endpoint.redeemed).toEqual(['refresh-0']);
      delays += 1;
    }
    expect(delays).toBeGreaterThan(1);
  });

  it('leaves a grant that the next call renews, wherever its process dies', async () => {
    const ends = new Map<string, number>();
    for (const at of STEPS) {
      const service = await createRenewalService(preparesByReading);
      const died = new Promise<readonly string[]>((resolve) => {
        const renewal = watchedRenewal(service, preparesByReading, (step) => {
          if (step !== at) return Promise.resolve();
          resolve([...renewal.calls]);
          return new Promise<never>(() => undefined);
        });
        void renewal.run().then(() => {
          resolve(['returned']);
        });
      });
      const calls = await died;
      if (calls.includes('returned')) continue;
      service.system.advance(LEASE / 1000 + 121);
      const answer = await service.refresh();
      const { redeemed } = service.endpoint;
      const isLost = calls.includes('send') && !calls.includes('putRenewed');
      const end = isLost ? 'lost' : calls.includes('putRenewed') ? 'stored' : 'not sent';
      ends.set(end, (ends.get(end) ?? 0) + 1);
      if (isLost) {
        // A strict provider takes the second attempt for theft, and the reason is stored.
        expect({ at, answer, redeemed }).toEqual({
          at,
          answer: CONSENT_NEEDED,
          redeemed: ['refresh-0', 'refresh-0'],
        });
        expect((await service.stored()).lastFailure).toMatchObject({ lostResponse: true });
      } else {
        const first = end === 'stored' ? ['refresh-0', 'refresh-1'] : ['refresh-0'];
        expect({ at, redeemed }).toEqual({ at, redeemed: first });
        expect(answer).toBe(end === 'stored' ? 'access-2' : 'access-1');
      }
    }
    expect([...ends.keys()].sort()).toEqual(['lost', 'not sent', 'stored']);
    // Only the write of the tokens comes after the request.
    expect(ends.get('lost')).toBe(1);
  });
});
