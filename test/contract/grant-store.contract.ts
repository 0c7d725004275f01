/**
 * The contract of every grant store: each method is one conditional write, and reports whether its condition was
 * true. The lease has its own contract: grant-lease.contract.ts.
 */
import type { GrantTokens } from '../../lambda/model/records/grant';
import type { GrantId } from '../../lambda/model/grant-id';
import type { Stores } from '../domain/in-memory-stores';
import { BEGINNING } from '../domain/fake-system';
import { sampleGrantId, sampleTokens } from '../domain/samples';
import { CONCURRENT, outcomes } from './concurrency';
import { PROVIDER, DETAILS, consentOf, leaseOf, grantSteps } from './grant-steps';

export function grantStoreContract(stores: () => Stores): void {
  const { grants, get, openConsent, putTokens, takeLease, granted, leased, forgotten } = grantSteps(stores);

  describe('get', () => {
    it('returns nothing for a grant that was never written', async () => {
      expect(await get(sampleGrantId())).toBeUndefined();
    });

    it.each(['workloadId', 'userHash', 'target'] as const)(
      'distinguishes grants with another %s',
      async (part) => {
        const { id } = await granted();
        expect(await get({ ...id, [part]: 'another' })).toBeUndefined();
      },
    );
  });

  describe('openConsent', () => {
    it('creates a grant without tokens if none was read and none exists', async () => {
      const id = sampleGrantId();
      expect(await openConsent(id, 'session', undefined)).toBe(true);
      expect(await get(id)).toEqual({
        ...id,
        ...DETAILS,
        providerId: PROVIDER,
        generation: 0,
        epoch: 0,
        consent: consentOf('session'),
      });
    });

    it('is rejected if no grant was read but one exists', async () => {
      const { id, tokens } = await granted();
      expect(await openConsent(id, 'session', undefined)).toBe(false);
      expect(await openConsent(id, 'session', undefined, true)).toBe(false);
      expect(await get(id)).toMatchObject({ tokens, epoch: 0 });
      expect(await get(id)).not.toHaveProperty('consent');
    });

    it('is rejected if a grant was read but none exists', async () => {
      const { id } = await granted();
      const seen = await get(id);
      const other = sampleGrantId();
      expect(await openConsent(other, 'session', seen)).toBe(false);
      expect(await get(other)).toBeUndefined();
    });

    it('stores the session in addition to the tokens', async () => {
      const { id, tokens } = await leased();
      expect(await openConsent(id, 'session', await get(id))).toBe(true);
      expect(await get(id)).toEqual({
        ...id,
        ...DETAILS,
        createdTime: BEGINNING,
        providerId: PROVIDER,
        generation: 1,
        epoch: 0,
        tokens,
        lease: leaseOf('winner'),
        consent: consentOf('session'),
      });
    });

    it('replaces the session that was read', async () => {
      const id = sampleGrantId();
      await openConsent(id, 'one', undefined);
      expect(await openConsent(id, 'two', await get(id))).toBe(true);
      expect((await get(id))?.consent).toEqual(consentOf('two'));
    });

    it('is rejected if another session was stored since the read', async () => {
      const { id } = await granted();
      const seen = await get(id);
      await openConsent(id, 'one', seen);
      expect(await openConsent(id, 'two', seen)).toBe(false);
      const later = await get(id);
      await openConsent(id, 'three', later);
      expect(await openConsent(id, 'four', later)).toBe(false);
      expect((await get(id))?.consent).toEqual(consentOf('three'));
    });

    it('with forget is rejected if other tokens were stored since the read', async () => {
      const { id } = await granted();
      const seen = await get(id);
      expect(await putTokens(id, sampleTokens())).toBe(true);
      expect(await openConsent(id, 'session', seen, true)).toBe(false);
      expect(await get(id)).toMatchObject({ generation: 2, epoch: 0 });
      expect(await openConsent(id, 'session', seen)).toBe(true);
    });

    it('with an end is rejected if tokens were stored since the read', async () => {
      const id = sampleGrantId();
      await openConsent(id, 'one', undefined, false, BEGINNING);
      const seen = await get(id);
      expect(await putTokens(id, sampleTokens())).toBe(true);
      expect(await openConsent(id, 'two', seen, false, BEGINNING)).toBe(false);
      expect(await get(id)).toMatchObject({ generation: 1, consent: consentOf('one') });
      expect(await openConsent(id, 'two', seen)).toBe(true);
    });

    it('is rejected if the tokens were dropped since the read', async () => {
      const { id } = await granted();
      await openConsent(id, 'one', await get(id));
      const seen = await get(id);
      await openConsent(id, 'one', seen, true);
      expect(await openConsent(id, 'two', seen)).toBe(false);
      expect(await openConsent(id, 'two', seen, true)).toBe(false);
      expect(await get(id)).toMatchObject({ epoch: 1, consent: consentOf('one') });
    });

    it('with forget drops tokens and lease, and begins the next epoch in the same write', async () => {
      const { id } = await leased();
      expect(await openConsent(id, 'session', await get(id), true)).toBe(true);
      expect(await get(id)).toEqual({
        ...id,
        ...DETAILS,
        providerId: PROVIDER,
        generation: 1,
        epoch: 1,
        consent: consentOf('session'),
      });
    });

    it('with forget increments the epoch even if there was no grant', async () => {
      const id = sampleGrantId();
      expect(await openConsent(id, 'session', undefined, true)).toBe(true);
      expect((await get(id))?.epoch).toBe(1);
    });

    it.each([false, true])('succeeds for one of twenty concurrent changes, forget %s', async (forget) => {
      const { id } = await granted();
      const seen = await get(id);
      const sessions = CONCURRENT.map((place) => `session-${place}`);
      const { won } = await outcomes(sessions, (session) => openConsent(id, session, seen, forget));
      expect(won).toHaveLength(1);
      expect(await get(id)).toMatchObject({ consent: consentOf(won[0] ?? ''), epoch: forget ? 1 : 0 });
    });

    it('succeeds for one of twenty concurrent changes if there was no grant', async () => {
      const id = sampleGrantId();
      const sessions = CONCURRENT.map((place) => `session-${place}`);
      const { won } = await outcomes(sessions, (session) => openConsent(id, session, undefined));
      expect(won).toHaveLength(1);
      expect((await get(id))?.consent).toEqual(consentOf(won[0] ?? ''));
    });
  });

  describe('putTokens', () => {
    it('stores the tokens in the grant that the session created', async () => {
      const id = sampleGrantId();
      await openConsent(id, 'session', undefined);
      const tokens = sampleTokens();
      expect(await putTokens(id, tokens)).toBe(true);
      const rest = { generation: 1, epoch: 0, consent: consentOf('session') };
      expect(await get(id)).toEqual({
        ...id,
        ...DETAILS,
        providerId: PROVIDER,
        createdTime: BEGINNING,
        ...rest,
        tokens,
      });
    });

    it.each([0, 1])('is rejected if there is no grant, in epoch %i', async (epoch) => {
      const id = sampleGrantId();
      expect(await putTokens(id, sampleTokens(), epoch)).toBe(false);
      expect(await get(id)).toBeUndefined();
    });

    it('increments the generation each time, and keeps the session', async () => {
      const id = sampleGrantId();
      await openConsent(id, 'session', undefined);
      await putTokens(id, sampleTokens());
      const tokens = sampleTokens();
      expect(await putTokens(id, tokens)).toBe(true);
      expect(await get(id)).toMatchObject({ generation: 2, tokens, consent: consentOf('session') });
    });

    it('is rejected in an epoch that has passed or has not begun', async () => {
      const id = await forgotten();
      expect(await putTokens(id, sampleTokens(), 0)).toBe(false);
      expect(await putTokens(id, sampleTokens(), 2)).toBe(false);
      expect(await get(id)).not.toHaveProperty('tokens');
      expect(await putTokens(id, sampleTokens(), 1)).toBe(true);
    });

    it('ends the lease on the tokens that it replaces', async () => {
      const { id } = await leased();
      await putTokens(id, sampleTokens());
      expect(await get(id)).not.toHaveProperty('lease');
    });

    it('is rejected for another provider, even with the same name', async () => {
      const { id, tokens } = await granted();
      const foreign = { providerId: 'another', tokens: sampleTokens(), epoch: 0 };
      expect(await grants().putTokens(id, foreign)).toBe(false);
      expect(await get(id)).toEqual({
        ...id,
        ...DETAILS,
        createdTime: BEGINNING,
        providerId: PROVIDER,
        generation: 1,
        epoch: 0,
        tokens,
      });
    });

    it('stores tokens completely, with and without an expiry', async () => {
      const { sealed, scopes, requestedScopes, obtainedAt, client } = sampleTokens();
      const endless: GrantTokens = {
        sealed,
        scopes,
        requestedScopes,
        obtainedAt,
        refreshable: false,
        client,
      };
      const { id } = await granted();
      await putTokens(id, endless);
      expect((await get(id))?.tokens).toStrictEqual(endless);
    });

    it('stores the scopes from custom parameters', async () => {
      const { id } = await granted();
      const tokens = sampleTokens({ parameterScopes: ['admin'] });
      await putTokens(id, tokens);
      expect((await get(id))?.tokens).toStrictEqual(tokens);
    });

    it('succeeds for all of twenty concurrent changes', async () => {
      const { id } = await granted();
      const { won } = await outcomes(CONCURRENT, () => putTokens(id, sampleTokens()));
      expect(won).toHaveLength(20);
      expect((await get(id))?.generation).toBe(21);
    });
  });

  describe('reject', () => {
    it('marks the generation, and new tokens are not marked', async () => {
      const { id, tokens } = await granted();
      expect(await grants().reject(id, { providerId: PROVIDER, generation: 1 })).toBe(true);
      expect(await get(id)).toMatchObject({ tokens, generation: 1, rejected: 1 });
      await putTokens(id, sampleTokens());
      expect(await get(id)).not.toHaveProperty('rejected');
    });

    it('is rejected for another generation or provider, without tokens, and without a grant', async () => {
      const { id } = await granted();
      const reject = (of: GrantId, generation: number, providerId = PROVIDER) =>
        grants().reject(of, { providerId, generation });
      for (const generation of [0, 2]) expect(await reject(id, generation)).toBe(false);
      expect(await reject(id, 1, 'another')).toBe(false);
      expect(await get(id)).not.toHaveProperty('rejected');
      expect(await reject(await forgotten(), 1)).toBe(false);
      expect(await reject(sampleGrantId(), 0)).toBe(false);
    });
  });

  describe('markUsed', () => {
    const use = (id: GrantId, date: string, providerId = PROVIDER) =>
      grants().markUsed(id, { providerId, date });

    it('records the day, and each later day', async () => {
      const { id } = await granted();
      expect(await use(id, '2026-11-26')).toBe(true);
      expect(await use(id, '2026-11-27')).toBe(true);
      expect((await get(id))?.lastUsedDate).toBe('2026-11-27');
    });

    it('does not record the same day or an earlier day', async () => {
      const { id } = await granted();
      await use(id, '2026-11-26');
      expect(await use(id, '2026-11-26')).toBe(false);
      expect(await use(id, '2026-11-25')).toBe(false);
      expect((await get(id))?.lastUsedDate).toBe('2026-11-26');
    });

    it('does not create a grant, and does not change the grant of another provider', async () => {
      const { id } = await granted();
      expect(await use(id, '2026-11-26', 'another')).toBe(false);
      expect(await use(sampleGrantId(), '2026-11-26')).toBe(false);
      expect(await get(id)).not.toHaveProperty('lastUsedDate');
    });
  });

  describe('the times of a grant', () => {
    it('keep the creation when the tokens are renewed', async () => {
      const { id } = await leased();
      const tokens = sampleTokens({ obtainedAt: BEGINNING + 60 });
      await grants().putRenewed(id, { holder: 'winner', epoch: 0, tokens });
      expect((await get(id))?.createdTime).toBe(BEGINNING);
    });

    it('begin again after the tokens are dropped', async () => {
      const { id } = await granted();
      await grants().markUsed(id, { providerId: PROVIDER, date: '2026-11-26' });
      await openConsent(id, 'session', await get(id), true);
      expect(await get(id)).not.toHaveProperty('createdTime');
      expect(await get(id)).not.toHaveProperty('lastUsedDate');
      await putTokens(id, sampleTokens({ obtainedAt: BEGINNING + 60 }), 1);
      expect((await get(id))?.createdTime).toBe(BEGINNING + 60);
    });
  });

  describe('revoke', () => {
    it('leaves a grant from which nothing can be read and to which nothing in progress can be written', async () => {
      const { id } = await leased('renewing');
      await openConsent(id, 'session', await get(id));
      const seen = await get(id);
      expect(seen).toMatchObject({ generation: 1, epoch: 0 });
      if (!seen) return;
      expect(await grants().revoke(id, seen)).toBe(true);
      expect(await get(id)).toEqual({ ...id, ...DETAILS, providerId: PROVIDER, generation: 2, epoch: 1 });
      expect(await grants().markSent(id, { holder: 'renewing', lease: leaseOf('sending') })).toBe(false);
      const renewed = { holder: 'renewing', epoch: 0, tokens: sampleTokens() };
      expect(await grants().putRenewed(id, renewed)).toBe(false);
      expect(await putTokens(id, sampleTokens())).toBe(false);
      expect(await openConsent(id, 'later', seen)).toBe(false);
      expect(await takeLease(id, 'later', seen)).toBe(false);
      expect(await grants().reject(id, seen)).toBe(false);
    });

    it.each(['providerId', 'generation', 'epoch'] as const)(
      'does nothing if the %s was another one',
      async (member) => {
        const { id, tokens } = await granted();
        const seen = { providerId: PROVIDER, generation: 1, epoch: 0 };
        const other = member === 'providerId' ? 'another' : 7;
        expect(await grants().revoke(id, { ...seen, [member]: other })).toBe(false);
        expect(await get(id)).toMatchObject({ tokens, ...seen });
        expect(await grants().revoke(id, seen)).toBe(true);
        expect(await grants().revoke(id, seen)).toBe(false);
      },
    );

    it('does nothing to a grant that does not exist', async () => {
      const id = sampleGrantId();
      expect(await grants().revoke(id, { providerId: PROVIDER, generation: 0, epoch: 0 })).toBe(false);
      expect(await get(id)).toBeUndefined();
    });
  });
}
