/**
 * The contract of every grant store for the lease: one holder at a time obtains the next tokens. Each method is one
 * conditional write, and reports whether its condition was true.
 */
import { UnstorableError } from '../../lambda/domain/unstorable';
import type { Stores } from '../domain/in-memory-stores';
import { BEGINNING } from '../domain/fake-system';
import { sampleGrantId, sampleTokens } from '../domain/samples';
import { CONCURRENT, outcomes } from './concurrency';
import { PROVIDER, DETAILS, NOW, leaseOf, grantSteps } from './grant-steps';

export function grantLeaseContract(stores: () => Stores): void {
  const { grants, get, openConsent, putTokens, takeLease, granted, leased } = grantSteps(stores);

  describe('takeLease', () => {
    it('stores the lease in the grant that was read', async () => {
      const { id, tokens } = await leased();
      expect(await get(id)).toMatchObject({ tokens, generation: 1, lease: leaseOf('winner') });
    });

    it('creates the grant if none was read and none exists', async () => {
      const id = sampleGrantId();
      expect(await takeLease(id, 'first', undefined)).toBe(true);
      expect(await get(id)).toEqual({
        ...id,
        ...DETAILS,
        providerId: PROVIDER,
        generation: 0,
        epoch: 0,
        lease: leaseOf('first'),
      });
    });

    it('is rejected if no grant was read but one exists, and if one was read but none exists', async () => {
      const { id } = await granted();
      expect(await takeLease(id, 'late', undefined)).toBe(false);
      expect(await get(id)).not.toHaveProperty('lease');
      const nowhere = sampleGrantId();
      expect(await takeLease(nowhere, 'late', await get(id))).toBe(false);
      expect(await get(nowhere)).toBeUndefined();
    });

    it('is rejected if the generation of the tokens changed since the read', async () => {
      const { id } = await granted();
      const seen = await get(id);
      await putTokens(id, sampleTokens());
      expect(await takeLease(id, 'late', seen)).toBe(false);
      expect(await get(id)).not.toHaveProperty('lease');
    });

    it('is rejected if the tokens were dropped since the read', async () => {
      const { id } = await granted();
      const seen = await get(id);
      await openConsent(id, 'session', seen, true);
      expect(await takeLease(id, 'late', seen)).toBe(false);
    });

    it('is rejected if another holder took the lease since the read, or the holder renewed it', async () => {
      const { id } = await granted();
      const seen = await get(id);
      await takeLease(id, 'winner', seen);
      expect(await takeLease(id, 'rival', seen)).toBe(false);
      const held = await get(id);
      await grants().markSent(id, { holder: 'winner', lease: leaseOf('winner', NOW + 20_000) });
      expect(await takeLease(id, 'rival', held)).toBe(false);
      expect((await get(id))?.lease).toEqual(leaseOf('winner', NOW + 20_000));
    });

    it('is rejected if another holder failed since the read, once or again', async () => {
      const { id } = await granted();
      const failure = {
        code: 'temporarily_unavailable',
        unavailable: true,
        notBefore: NOW,
        providerRevision: 1,
        detail: 'a failure',
      };
      for (const failures of [1, 2]) {
        const seen = await get(id);
        await takeLease(id, 'failing', seen);
        const lastFailure = { ...failure, failures, at: NOW };
        await grants().releaseLease(id, { holder: 'failing', lastFailure, dropTokens: false });
        expect(await takeLease(id, 'late', seen)).toBe(false);
        expect((await get(id))?.lease).toBeUndefined();
      }
      expect(await takeLease(id, 'next', await get(id))).toBe(true);
    });

    it('takes over the lease of the holder that was read', async () => {
      const { id } = await leased();
      expect(await takeLease(id, 'next', await get(id))).toBe(true);
      expect((await get(id))?.lease?.holder).toBe('next');
    });

    it('drops the tokens of another provider of the same name', async () => {
      const { id } = await granted();
      const change = {
        providerId: 'recreated',
        details: DETAILS,
        seen: await get(id),
        lease: leaseOf('winner'),
      };
      expect(await grants().takeLease(id, change)).toBe(true);
      expect(await get(id)).toEqual({
        ...id,
        ...DETAILS,
        providerId: 'recreated',
        generation: 1,
        epoch: 0,
        lease: leaseOf('winner'),
      });
    });

    it.each(['no grant', 'a grant', 'a lease that was left behind'])(
      'succeeds for exactly one of twenty concurrent calls over %s',
      async (what) => {
        const id =
          what === 'no grant'
            ? sampleGrantId()
            : (await (what === 'a grant' ? granted() : leased('died'))).id;
        const seen = await get(id);
        const holders = CONCURRENT.map((place) => `holder-${place}`);
        const { won } = await outcomes(holders, (holder) => takeLease(id, holder, seen));
        expect(won).toHaveLength(1);
        expect((await get(id))?.lease?.holder).toBe(won[0]);
      },
    );
  });

  describe('markSent', () => {
    const sent = {
      holder: 'winner',
      lease: { ...leaseOf('sender', NOW + 20_000), sentAt: NOW },
    };

    it('replaces the lease of its holder and stores the time', async () => {
      const { id, tokens } = await leased();
      expect(await grants().markSent(id, sent)).toBe(true);
      expect(await get(id)).toMatchObject({ tokens, generation: 1, lease: sent.lease });
    });

    it('succeeds for one of twenty processes that have the same lease', async () => {
      const { id } = await leased();
      const { won } = await outcomes(CONCURRENT, (place) =>
        grants().markSent(id, { holder: 'winner', lease: { ...sent.lease, holder: `sender-${place}` } }),
      );
      expect(won).toHaveLength(1);
      expect((await get(id))?.lease?.holder).toBe(`sender-${won[0]}`);
    });

    it('is rejected for another holder, without a lease, and without a grant', async () => {
      const { id } = await leased('rival');
      expect(await grants().markSent(id, sent)).toBe(false);
      expect((await get(id))?.lease).toEqual(leaseOf('rival'));
      expect(await grants().markSent((await granted()).id, sent)).toBe(false);
      const nowhere = sampleGrantId();
      expect(await grants().markSent(nowhere, sent)).toBe(false);
      expect(await get(nowhere)).toBeUndefined();
    });
  });

  describe('putRenewed', () => {
    it('stores the tokens, increments the generation, and ends the lease, for its holder in this epoch', async () => {
      const { id } = await leased();
      const tokens = sampleTokens();
      expect(await grants().putRenewed(id, { holder: 'winner', epoch: 0, tokens })).toBe(true);
      expect(await get(id)).toEqual({
        ...id,
        ...DETAILS,
        createdTime: BEGINNING,
        providerId: PROVIDER,
        generation: 2,
        epoch: 0,
        tokens,
      });
    });

    it.each([
      ['another holder', { holder: 'rival', epoch: 0 }],
      ['another epoch', { holder: 'winner', epoch: 1 }],
    ])('is rejected for %s', async (_who, change) => {
      const { id, tokens } = await leased();
      expect(await grants().putRenewed(id, { ...change, tokens: sampleTokens() })).toBe(false);
      expect(await get(id)).toMatchObject({ tokens, generation: 1, lease: leaseOf('winner') });
    });

    it('is rejected without a lease, with and without a grant', async () => {
      const { id, tokens } = await granted();
      const nowhere = sampleGrantId();
      const change = { holder: 'winner', epoch: 0, tokens: sampleTokens() };
      expect(await grants().putRenewed(id, change)).toBe(false);
      expect(await grants().putRenewed(nowhere, change)).toBe(false);
      expect((await get(id))?.tokens).toEqual(tokens);
      expect(await get(nowhere)).toBeUndefined();
    });

    it('throws for tokens that can never be stored, and keeps the lease', async () => {
      const { id, tokens } = await leased();
      const unstorable = { holder: 'winner', epoch: 0, tokens: sampleTokens({ expiresAt: 1e200 }) };
      await expect(async () => grants().putRenewed(id, unstorable)).rejects.toBeInstanceOf(UnstorableError);
      expect(await get(id)).toMatchObject({ tokens, generation: 1, lease: leaseOf('winner') });
    });

    it('is rejected after the tokens were dropped', async () => {
      const { id } = await leased();
      await openConsent(id, 'session', await get(id), true);
      for (const epoch of [0, 1]) {
        const change = { holder: 'winner', epoch, tokens: sampleTokens() };
        expect(await grants().putRenewed(id, change)).toBe(false);
      }
      expect(await get(id)).not.toHaveProperty('tokens');
    });

    it('is rejected after a new consent stored its tokens', async () => {
      const { id } = await leased();
      const tokens = sampleTokens();
      await putTokens(id, tokens);
      const late = { holder: 'winner', epoch: 0, tokens: sampleTokens() };
      expect(await grants().putRenewed(id, late)).toBe(false);
      expect((await get(id))?.tokens).toEqual(tokens);
    });

    it('succeeds for one of twenty concurrent calls with the same result', async () => {
      const { id } = await leased();
      const { won } = await outcomes(CONCURRENT, () =>
        grants().putRenewed(id, { holder: 'winner', epoch: 0, tokens: sampleTokens() }),
      );
      expect(won).toHaveLength(1);
      expect((await get(id))?.generation).toBe(2);
    });
  });

  describe('releaseLease', () => {
    it('ends the lease of its holder and keeps the tokens', async () => {
      const { id, tokens } = await leased();
      expect(await grants().releaseLease(id, { holder: 'winner', dropTokens: false })).toBe(true);
      expect(await get(id)).toEqual({
        ...id,
        ...DETAILS,
        createdTime: BEGINNING,
        providerId: PROVIDER,
        generation: 1,
        epoch: 0,
        tokens,
      });
      expect(await takeLease(id, 'next', await get(id))).toBe(true);
    });

    it('with dropTokens drops the tokens and increments the generation', async () => {
      const { id } = await leased();
      expect(await grants().releaseLease(id, { holder: 'winner', dropTokens: true })).toBe(true);
      expect(await get(id)).toEqual({ ...id, ...DETAILS, providerId: PROVIDER, generation: 2, epoch: 0 });
    });

    it.each([false, true])(
      'stores the last failure until there are new tokens, dropTokens %s',
      async (dropTokens) => {
        const { id } = await leased();
        const lastFailure = {
          code: 'invalid_grant',
          unavailable: false,
          failures: 1,
          at: NOW,
          notBefore: NOW,
          providerRevision: 1,
          provider: 'identity-provider',
          detail: 'token endpoint responded with 400 invalid_grant',
          lostResponse: true as const,
        };
        expect(await grants().releaseLease(id, { holder: 'winner', dropTokens, lastFailure })).toBe(true);
        expect((await get(id))?.lastFailure).toEqual(lastFailure);
        await putTokens(id, sampleTokens());
        expect(await get(id)).not.toHaveProperty('lastFailure');
      },
    );

    it.each([false, true])('is rejected for another holder, dropTokens %s', async (dropTokens) => {
      const { id, tokens } = await leased();
      expect(await grants().releaseLease(id, { holder: 'rival', dropTokens })).toBe(false);
      expect(await get(id)).toMatchObject({ tokens, lease: leaseOf('winner'), generation: 1 });
    });

    it.each([false, true])('is rejected without a lease, dropTokens %s', async (dropTokens) => {
      const { id, tokens } = await granted();
      expect(await grants().releaseLease(id, { holder: 'winner', dropTokens })).toBe(false);
      expect((await get(id))?.tokens).toEqual(tokens);
      const nowhere = sampleGrantId();
      expect(await grants().releaseLease(nowhere, { holder: 'winner', dropTokens })).toBe(false);
      expect(await get(nowhere)).toBeUndefined();
    });

    it('has one outcome in a race with the refreshed tokens', async () => {
      const { id } = await leased();
      const tokens = sampleTokens();
      const [put, dropped] = await Promise.all([
        grants().putRenewed(id, { holder: 'winner', epoch: 0, tokens }),
        grants().releaseLease(id, { holder: 'winner', dropTokens: true }),
      ]);
      expect(put).toBe(!dropped);
      expect((await get(id))?.tokens).toEqual(put ? tokens : undefined);
    });
  });
}
