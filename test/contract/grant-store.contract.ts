/**
 * The contract of every grant store: each method is one conditional write, and reports whether its condition was
 * true.
 */
import { UnstorableError } from '../../lambda/domain/unstorable';
import type { Grant, GrantId, GrantTokens, PendingConsent } from '../../lambda/domain/grant/grant';
import { BEGINNING } from '../domain/fake-system';
import type { Stores } from '../domain/in-memory-stores';
import { sampleDetails, sampleGrantId, sampleTokens } from '../domain/samples';
import { storeTokens } from '../domain/stored-grant';
import { CONCURRENT, outcomes } from './concurrency';

const PROVIDER = 'provider-id';
const DETAILS = sampleDetails();
const NOW = BEGINNING * 1000;
const consentOf = (sessionHash: string): PendingConsent => ({ sessionHash, expiresAt: BEGINNING + 600 });
const leaseOf = (holder: string, deadline = NOW + 15_000) => ({ holder, deadline });

export function grantStoreContract(stores: () => Stores): void {
  const grants = () => stores().grants;
  const get = async (id: GrantId) => await grants().get(id);
  const openConsent = (id: GrantId, session: string, seen: Grant | undefined, forget = false) =>
    grants().openConsent(id, {
      providerId: PROVIDER,
      details: DETAILS,
      consent: consentOf(session),
      seen,
      forget,
    });
  const putTokens = (id: GrantId, tokens: GrantTokens, epoch = 0) =>
    grants().putTokens(id, { providerId: PROVIDER, tokens, epoch });
  const takeLease = (id: GrantId, holder: string, seen: Grant | undefined, deadline?: number) =>
    grants().takeLease(id, {
      providerId: PROVIDER,
      details: DETAILS,
      seen,
      lease: leaseOf(holder, deadline),
    });

  /** A grant with tokens of the first generation. */
  async function granted() {
    const id = sampleGrantId();
    const tokens = sampleTokens();
    expect(await storeTokens(grants(), id, { providerId: PROVIDER, tokens })).toBe(true);
    return { id, tokens };
  }

  /** A grant with tokens and a lease. */
  async function leased(holder = 'winner') {
    const grant = await granted();
    expect(await takeLease(grant.id, holder, await get(grant.id))).toBe(true);
    return grant;
  }

  /** A grant whose tokens were dropped once: no tokens, in the second epoch. */
  async function forgotten() {
    const { id } = await granted();
    expect(await openConsent(id, 'first', await get(id), true)).toBe(true);
    return id;
  }

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
      await grants().markSent(id, leaseOf('winner', NOW + 20_000));
      expect(await takeLease(id, 'rival', held)).toBe(false);
      expect((await get(id))?.lease).toEqual(leaseOf('winner', NOW + 20_000));
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
    const sent = { ...leaseOf('winner', NOW + 20_000), sentAt: NOW };

    it('renews the lease of its holder and stores the time', async () => {
      const { id, tokens } = await leased();
      expect(await grants().markSent(id, sent)).toBe(true);
      expect(await get(id)).toMatchObject({ tokens, generation: 1, lease: sent });
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
      expect(await grants().markSent(id, leaseOf('renewing'))).toBe(false);
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
