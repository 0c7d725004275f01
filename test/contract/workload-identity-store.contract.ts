/** The contract of every workload identity store. */
import type { WorkloadIdentity } from '../../lambda/model/records/workload-identity';
import type { Stores } from '../domain/in-memory-stores';
import { sampleIdentity } from '../domain/samples';
import { CONCURRENT, outcomes } from './concurrency';

export function workloadIdentityStoreContract(stores: () => Stores): void {
  const create = (identity: WorkloadIdentity) => stores().identities.create(identity);
  const get = async (name: string) => await stores().identities.get(name);

  it('returns the complete identity that was created', async () => {
    const identity = sampleIdentity({ allowedResourceOauth2ReturnUrls: [], tags: {} });
    expect(await create(identity)).toBe(true);
    expect(await get(identity.name)).toEqual(identity);
    const fuller = sampleIdentity({ tags: { a: '', 'aws:b': '1' } });
    await create(fuller);
    expect(await get(fuller.name)).toEqual(fuller);
  });

  it('returns nothing for a name that was not created, or that differs in case', async () => {
    const identity = sampleIdentity();
    await create(identity);
    expect(await get('unknown')).toBeUndefined();
    expect(await get(identity.name.toUpperCase())).toBeUndefined();
  });

  it('rejects a name that exists, and keeps the existing identity', async () => {
    const identity = sampleIdentity();
    await create(identity);
    expect(await create(sampleIdentity({ name: identity.name }))).toBe(false);
    expect(await get(identity.name)).toEqual(identity);
  });

  it('creates only one of many concurrent resources with the same name', async () => {
    const { name } = sampleIdentity();
    const rivals = CONCURRENT.map(() => sampleIdentity({ name }));
    const { won } = await outcomes(rivals, create);
    expect(won).toHaveLength(1);
    expect(await get(name)).toEqual(won[0]);
  });
}
