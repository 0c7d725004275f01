/**
 * The contract of every grant store for a grant that is deleted and recreated by another provider of the same name.
 */
import type { Grant } from '../../lambda/model/records/grant';
import type { GrantId } from '../../lambda/model/grant-id';
import type { Stores } from '../domain/in-memory-stores';
import { sampleDetails, sampleGrantId, sampleTokens } from '../domain/samples';
import { storeTokens } from '../domain/stored-grant';

const PROVIDER = 'provider-id';
const DETAILS = sampleDetails();

export function deletedGrantContract(stores: () => Stores): void {
  const grants = () => stores().grants;
  const get = async (id: GrantId) => await grants().get(id);

  async function granted() {
    const id = sampleGrantId();
    const tokens = sampleTokens();
    expect(await storeTokens(grants(), id, { providerId: PROVIDER, tokens })).toBe(true);
    return { id, tokens };
  }

  describe('remove', () => {
    it('removes the grant with all its members if it belongs to the provider', async () => {
      const { id, tokens } = await granted();
      expect(await grants().remove(id, 'another')).toBe(false);
      expect(await get(id)).toMatchObject({ tokens });
      expect(await grants().remove(id, PROVIDER)).toBe(true);
      expect(await get(id)).toBeUndefined();
      expect(await grants().remove(id, PROVIDER)).toBe(false);
    });
  });

  describe('removeIdle', () => {
    it('removes the grant that was read', async () => {
      const { id } = await granted();
      const seen = (await get(id))!;
      expect(await grants().removeIdle(id, { ...seen, providerId: 'another' })).toBe(false);
      expect(await grants().removeIdle(id, { ...seen, generation: seen.generation + 1 })).toBe(false);
      expect(await grants().removeIdle(id, seen)).toBe(true);
      expect(await get(id)).toBeUndefined();
      expect(await grants().removeIdle(id, seen)).toBe(false);
    });

    it('keeps a grant with a lease, unless this lease was read', async () => {
      const { id } = await granted();
      const seen = await get(id);
      const lease = { holder: 'holder', deadline: 1 };
      await grants().takeLease(id, { providerId: PROVIDER, details: DETAILS, seen, lease });
      expect(await grants().removeIdle(id, seen!)).toBe(false);
      expect(await grants().removeIdle(id, { ...seen!, lease: { ...lease, deadline: 2 } })).toBe(false);
      expect(await grants().removeIdle(id, { ...seen!, lease: { ...lease, holder: 'other' } })).toBe(false);
      expect(await get(id)).toMatchObject({ lease });
      expect(await grants().removeIdle(id, { ...seen!, lease })).toBe(true);
    });
  });

  describe('a write based on an earlier read', () => {
    const lease = { holder: 'late', deadline: 1 };
    const consent = { sessionHash: 'late', expiresAt: 1 };

    /** With the same counters. */
    async function recreated() {
      const { id } = await granted();
      const seen = await get(id);
      await grants().remove(id, PROVIDER);
      await storeTokens(grants(), id, { providerId: 'recreated', tokens: sampleTokens() });
      return { id, seen, now: await get(id) };
    }

    const openConsent = (id: GrantId, seen: Grant | undefined, forget: boolean) =>
      grants().openConsent(id, { providerId: PROVIDER, details: DETAILS, consent, seen, forget });

    it.each<[string, (id: GrantId, seen: Grant | undefined) => Promise<boolean>]>([
      [
        'a lease',
        (id, seen) => grants().takeLease(id, { providerId: PROVIDER, details: DETAILS, seen, lease }),
      ],
      ['a consent session', (id, seen) => openConsent(id, seen, false)],
      ['a consent session that drops the tokens', (id, seen) => openConsent(id, seen, true)],
    ])('of %s is rejected after the grant was deleted and recreated', async (_what, write) => {
      const { id, seen, now } = await recreated();
      expect(now).toMatchObject({ generation: seen?.generation, epoch: seen?.epoch });
      expect(await write(id, seen)).toBe(false);
      expect(await get(id)).toEqual(now);
    });
  });
}
