/** The contract of every store of signing keys: one key for each generation of a period, and permanent revocation. */
import { randomUUID } from 'node:crypto';
import type { SigningKeyRecord } from '../../lambda/model/records/signing-key';
import type { Stores } from '../domain/in-memory-stores';
import { CONCURRENT, outcomes } from './concurrency';

const key = (period: number, generation = 0): SigningKeyRecord => ({
  period,
  generation,
  kid: randomUUID(),
  publicJwk: { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' },
  wrappedPrivateKey: 'wrapped',
  signsFrom: period,
});

export function signingKeyStoreContract(stores: () => Stores): void {
  const create = (record: SigningKeyRecord) => stores().signingKeys.create(record);
  const since = async (period: number) =>
    (await stores().signingKeys.since(period)).sort(
      (a, b) => a.period - b.period || a.generation - b.generation,
    );

  it('is empty at first', async () => {
    expect(await since(0)).toEqual([]);
  });

  it('returns the complete keys of a period and of later ones, and no earlier keys', async () => {
    const records = [9, 10, 11, 100].map((period) => key(period));
    for (const record of [...records].reverse()) expect(await create(record)).toBe(true);
    expect(await since(10)).toEqual(records.slice(1));
    expect(await since(12)).toEqual(records.slice(3));
    expect(await since(101)).toEqual([]);
  });

  it('rejects a key if the generation of the period has one, and keeps the existing key', async () => {
    const first = key(200);
    await create(first);
    expect(await create(key(200))).toBe(false);
    expect(await since(200)).toEqual([first]);
  });

  it('creates one of many concurrent keys of the same period', async () => {
    const { won } = await outcomes(
      CONCURRENT.map(() => key(300)),
      create,
    );
    expect(won).toHaveLength(1);
    expect(await since(300)).toEqual(won);
  });

  it('orders the generations of a period between the neighboring periods', async () => {
    const records = [key(400), key(400, 1), key(400, 2), key(400, 10), key(401)];
    for (const record of [...records].reverse()) expect(await create(record)).toBe(true);
    expect(await create(key(400, 2))).toBe(false);
    expect(await since(400)).toEqual(records);
    expect(await since(401)).toEqual(records.slice(-1));
  });

  it('revokes exactly the given key, and returns it as revoked', async () => {
    const [kept, revoked] = [key(500), key(500, 1)];
    await create(kept);
    await create(revoked);
    expect(await stores().signingKeys.revoke(revoked, 1234)).toBe(true);
    expect(await since(500)).toEqual([kept, { ...revoked, revokedAt: 1234 }]);
    expect(await create(key(500, 1))).toBe(false);
  });

  it('revokes no other key, and creates none', async () => {
    const there = key(600);
    await create(there);
    expect(await stores().signingKeys.revoke({ ...there, kid: randomUUID() }, 1234)).toBe(false);
    expect(await stores().signingKeys.revoke(key(600, 1), 1234)).toBe(false);
    expect(await since(600)).toEqual([there]);
  });
}
