/** What every store of signing keys promises: one key to a period. */
import { randomUUID } from 'node:crypto';
import type { SigningKeyRecord } from '../../lambda/domain/workload-token/signing-keys';
import type { Stores } from '../domain/in-memory-stores';
import { AT_ONCE, outcomes } from './concurrency';

const key = (period: number): SigningKeyRecord => ({
  period,
  kid: randomUUID(),
  publicJwk: { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' },
  wrappedPrivateKey: 'wrapped',
});

export function signingKeyStoreContract(stores: () => Stores): void {
  const create = (record: SigningKeyRecord) => stores().signingKeys.create(record);
  const since = async (period: number) =>
    (await stores().signingKeys.since(period)).sort((a, b) => a.period - b.period);

  it('is empty at first', async () => {
    expect(await since(0)).toEqual([]);
  });

  it('gives the keys of a period and later ones, whole, and no earlier', async () => {
    const records = [9, 10, 11, 100].map(key);
    for (const record of [...records].reverse()) expect(await create(record)).toBe(true);
    expect(await since(10)).toEqual(records.slice(1));
    expect(await since(12)).toEqual(records.slice(3));
    expect(await since(101)).toEqual([]);
  });

  it('does not create over the key of a period, and leaves what is there', async () => {
    const first = key(200);
    await create(first);
    expect(await create(key(200))).toBe(false);
    expect(await since(200)).toEqual([first]);
  });

  it('creates one of many keys of the same period at once', async () => {
    const { won } = await outcomes(
      AT_ONCE.map(() => key(300)),
      create,
    );
    expect(won).toHaveLength(1);
    expect(await since(300)).toEqual(won);
  });
}
