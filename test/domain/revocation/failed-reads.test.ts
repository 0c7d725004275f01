/** Tokens of a grant that cannot be read when a revocation selects the grant, for example because KMS fails. */
import { UnreadableGrant } from '../../../lambda/domain/grant/unreadable';
import { SELECTION_LEASE, revokeSelected } from '../../../lambda/domain/revocation/select';
import { createRevocationService } from './revocation-service';

describe('a grant whose tokens cannot be read for an unexpected reason', () => {
  /** @param age seconds of the revocation when its grants are selected */
  async function unreadable(reads: number, age = 0) {
    const service = await createRevocationService();
    for (const user of ['alice', 'bob', 'carol']) await service.grant(user);
    const sealed = (await service.stored(service.grantIdOf('bob')))?.tokens?.sealed;
    let failures = 0;
    const deps = service.depsOver({
      ...service.parts,
      seal: {
        ...service.seal,
        open(context, text) {
          if (text !== sealed || failures >= reads) return service.seal.open(context, text);
          failures += 1;
          return Promise.reject(new Error('a defect'));
        },
      },
    });
    const revocationId = await service.begin({ workloadId: service.identity.id });
    service.system.advance(age);
    const selection = await revokeSelected(deps, revocationId, service.system.now() + 20_000);
    const states = async () =>
      (await service.items(revocationId)).map(({ state, lastError }) => [state, lastError]);
    return { service, deps, revocationId, selection, states };
  }

  it.each([
    ['delays no other grant, and is tried again later', 0],
    ['is tried again later, however old the revocation is', 86_400],
  ])('%s', async (_result, age) => {
    const { service, deps, revocationId, selection, states } = await unreadable(1, age);
    expect(selection).toMatchObject({ matched: 2, dueAt: service.system.now() + SELECTION_LEASE });
    expect(await service.stored(service.grantIdOf('bob'))).toHaveProperty('tokens');
    for (const user of ['alice', 'carol']) {
      expect(await service.stored(service.grantIdOf(user))).not.toHaveProperty('tokens');
    }
    await service.sweep(deps);
    expect(await service.stored(service.grantIdOf('bob'))).toHaveProperty('tokens');
    service.system.advance(31);
    await service.sweep(deps);
    expect(await service.stores.revocations.get(revocationId)).toMatchObject({ matched: 3 });
    const confirmed = ['CONFIRMED', undefined];
    expect(await states()).toEqual([confirmed, confirmed, confirmed]);
  });

  it.each([0, 86_400])(
    'is revoked without its provider 5 minutes after the first selection with a failure, if the revocation was %i seconds old',
    async (age) => {
      const { service, deps, revocationId, states } = await unreadable(Infinity, age);
      for (let minutes = 0; minutes < 4; minutes += 1) {
        service.system.advance(60);
        await service.sweep(deps);
      }
      expect(await service.stored(service.grantIdOf('bob'))).toHaveProperty('tokens');
      service.system.advance(61);
      await service.sweep(deps);
      expect(await service.stored(service.grantIdOf('bob'))).not.toHaveProperty('tokens');
      expect(await states()).toContainEqual(['NOT_PROVABLE', 'internal_error']);
      expect(await service.stores.revocations.get(revocationId)).not.toHaveProperty('dueAt');
    },
  );

  it('has 5 minutes, however long ago another grant failed in the same selection', async () => {
    const service = await createRevocationService();
    for (const user of ['alice', 'bob']) await service.grant(user);
    const failed = new Set<string>();
    const { grantIndex } = service.stores;
    const deps = service.depsOver({
      ...service.parts,
      stores: {
        ...service.stores,
        grantIndex: { ...grantIndex, page: (filter, page) => grantIndex.page(filter, { ...page, limit: 1 }) },
      },
      seal: {
        ...service.seal,
        open(context, text) {
          if (context.purpose !== 'grant' || failed.has(text)) return service.seal.open(context, text);
          failed.add(text);
          service.system.advance(600);
          return Promise.reject(new Error('a defect'));
        },
      },
    });
    const revocationId = await service.begin({ workloadId: service.identity.id });
    const selection = await revokeSelected(deps, revocationId, Infinity);
    expect(failed.size).toBe(2);
    expect(selection).toMatchObject({ matched: 0, dueAt: service.system.now() + SELECTION_LEASE });
    service.system.advance(31);
    await service.sweep(deps);
    expect(await service.items(revocationId)).toMatchObject(Array(2).fill({ state: 'CONFIRMED' }));
  });

  it('has 5 minutes again if all tokens could be read in between', async () => {
    const service = await createRevocationService();
    await service.grant('alice');
    const page: typeof service.stores.grantIndex.page = async (...query) => {
      const found = await service.stores.grantIndex.page(...query);
      // Its record keeps the revocation from its end.
      const unreadable = new UnreadableGrant(service.grantIdOf('carol'), new Error('not a grant'));
      return { ...found, grants: [...found.grants, unreadable] };
    };
    const stores = { ...service.stores, grantIndex: { ...service.stores.grantIndex, page } };
    const readable = service.depsOver({ ...service.parts, stores });
    const open = () => Promise.reject(new Error('a defect'));
    const failing = service.depsOver({ ...service.parts, stores, seal: { ...service.seal, open } });
    const revocationId = await service.begin({ workloadId: service.identity.id });
    const selectWith = async (deps: typeof failing) => {
      await revokeSelected(deps, revocationId, Infinity);
      service.system.advance(600);
    };
    await selectWith(failing);
    await selectWith(readable);
    await service.grant('bob');
    await selectWith(failing);
    expect(await service.stored(service.grantIdOf('bob'))).toHaveProperty('tokens');
    await selectWith(failing);
    expect(await service.stored(service.grantIdOf('bob'))).not.toHaveProperty('tokens');
  });
});
