/** What every workload identity store promises. */
import type { WorkloadIdentity } from '../../lambda/domain/identity/workload-identity';
import type { Stores } from '../domain/in-memory-stores';
import { sampleIdentity } from '../domain/samples';
import { AT_ONCE, outcomes } from './concurrency';

export function workloadIdentityStoreContract(stores: () => Stores): void {
  const create = (identity: WorkloadIdentity) => stores().identities.create(identity);
  const get = async (name: string) => await stores().identities.get(name);

  it('gives back what was created, whole', async () => {
    const identity = sampleIdentity({ allowedResourceOauth2ReturnUrls: [], tags: {} });
    expect(await create(identity)).toBe(true);
    expect(await get(identity.name)).toEqual(identity);
    const fuller = sampleIdentity({ tags: { a: '', 'aws:b': '1' } });
    await create(fuller);
    expect(await get(fuller.name)).toEqual(fuller);
  });

  it('knows nothing of a name that was not created, nor of another case of one that was', async () => {
    const identity = sampleIdentity();
    await create(identity);
    expect(await get('unheard-of')).toBeUndefined();
    expect(await get(identity.name.toUpperCase())).toBeUndefined();
  });

  it('does not create over a name that is taken, and leaves what is there', async () => {
    const identity = sampleIdentity();
    await create(identity);
    expect(await create(sampleIdentity({ name: identity.name }))).toBe(false);
    expect(await get(identity.name)).toEqual(identity);
  });

  it('creates only one of many concurrent resources with the same name', async () => {
    const { name } = sampleIdentity();
    const rivals = AT_ONCE.map(() => sampleIdentity({ name }));
    const { won } = await outcomes(rivals, create);
    expect(won).toHaveLength(1);
    expect(await get(name)).toEqual(won[0]);
  });
}
