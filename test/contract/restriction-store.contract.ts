/** What every store of restrictions promises: the writes of one restriction follow each other, and none is lost. */
import { randomUUID } from 'node:crypto';
import { hashOf } from '../../lambda/domain/digest';
import type { Stores } from '../domain/in-memory-stores';

const suspendedByOperator = { since: 1, by: 'arn:aws:iam::123456789012:user/operator', reason: 'a reason' };

/** Both kinds, with the same promises. */
const KINDS = {
  agent(stores: () => Stores) {
    const name = `agent-${randomUUID()}`;
    return {
      get: () => stores().restrictions.ofAgent(name),
      put: (revision: number, change: object = {}) =>
        stores().restrictions.putAgent({ name, revision, ...change }),
      identified: { name },
    };
  },
  user(stores: () => Stores) {
    const userHash = hashOf(randomUUID());
    return {
      get: () => stores().restrictions.ofUser(userHash),
      put: (revision: number, change: object = {}) =>
        stores().restrictions.putUser({ userHash, revision, ...change }),
      identified: { userHash },
    };
  },
};

export function restrictionStoreContract(stores: () => Stores): void {
  describe.each(Object.keys(KINDS) as (keyof typeof KINDS)[])('of an %s', (kind) => {
    it('returns nothing for one without a restriction', async () => {
      expect(await KINDS[kind](stores).get()).toBeUndefined();
    });

    it('returns the restriction as it was written', async () => {
      const { get, put, identified } = KINDS[kind](stores);
      expect(await put(1, { suspendedByOperator })).toBe(true);
      expect(await get()).toEqual({ ...identified, revision: 1, suspendedByOperator });
    });

    it('stores a lifted suspension as a restriction without one', async () => {
      const { get, put, identified } = KINDS[kind](stores);
      await put(1, { suspendedByOperator });
      expect(await put(2, { suspendedByOperator: undefined })).toBe(true);
      expect(await get()).toEqual({ ...identified, revision: 2 });
    });

    it.each([1, 3])('rejects revision %i after revision 1', async (revision) => {
      const { get, put, identified } = KINDS[kind](stores);
      await put(1, { suspendedByOperator });
      expect(await put(revision)).toBe(false);
      expect(await get()).toEqual({ ...identified, revision: 1, suspendedByOperator });
    });

    it('rejects a later revision if there is no restriction', async () => {
      const { get, put } = KINDS[kind](stores);
      expect(await put(2)).toBe(false);
      expect(await get()).toBeUndefined();
    });

    it('accepts one of several concurrent writes', async () => {
      const { put } = KINDS[kind](stores);
      const written = await Promise.all(
        [1, 2, 3, 4].map((since) => put(1, { suspendedByOperator: { ...suspendedByOperator, since } })),
      );
      expect(written.filter(Boolean)).toHaveLength(1);
    });
  });
}
