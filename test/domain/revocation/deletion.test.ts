/**
 * A deletion has the tokens of the grants revoked at their provider, however often it is interrupted: the request is
 * killed here before and after each of its calls, in turn, and then repeated.
 */
import type { GrantId } from '../../../lambda/model/grant-id';
import { deleteWorkloadIdentity } from '../../../lambda/domain/identity/workload-identity';
import { deleteOauth2Provider } from '../../../lambda/domain/provider/oauth2-provider-listing';
import { parseQuotas } from '../../../lambda/domain/quotas';
import { createDeletedGrants } from '../../../lambda/domain/revocation/begin';
import { isSelectionComplete } from '../../../lambda/domain/revocation/outbox';
import { revokeSelected } from '../../../lambda/domain/revocation/select';
import type { RevocationWorker } from '../../../lambda/domain/revocation/begin';
import { ShreddedError } from '../../../lambda/domain/sealing/sealing';
import { ARN_PREFIX, OWNER } from '../samples';
import { createRevocationService, unavailable, wrapped } from './revocation-service';

const USERS = ['alice', 'bob', 'carol', 'dave'];

class Killed extends Error {}

async function prepared() {
  const service = await createRevocationService();
  const grants: GrantId[] = [];
  for (const user of USERS) grants.push(await service.grant(user));
  const shredded = new Set<string>();
  const { stores } = service;
  const deleteGrants = async (): Promise<void> => {
    for (const grantId of grants) await stores.grants.remove(grantId, service.provider.id);
  };
  const vaultContents = {
    shredKeys: (ownerId: string) => Promise.resolve(void shredded.add(ownerId)),
    deleteGrantsOfWorkload: deleteGrants,
    deleteGrantsOfProvider: deleteGrants,
  };
  // Tokens cannot be read after the vault keys of their agent were deleted, nor the secret after those of its provider.
  const { seal } = service.parts;
  const overShreddedKeys = service.depsOver({
    ...service.parts,
    seal: {
      ...seal,
      open: (context, sealed) =>
        shredded.has(context.ownerId)
          ? Promise.reject(new ShreddedError('shredded'))
          : seal.open(context, sealed),
    },
  });
  return { service, grants, shredded, vaultContents, deps: overShreddedKeys };
}

type Prepared = Awaited<ReturnType<typeof prepared>>;

/** The function `revocation`, in another process: it continues if the request that invoked it is killed. */
const workerOf = ({ service, deps }: Prepared, seconds = 20): RevocationWorker => ({
  async select(revocationId) {
    const revocation = await revokeSelected(deps, revocationId, service.system.now() + seconds * 1000);
    return { finished: isSelectionComplete(revocation), matched: revocation.matched };
  },
  wake: () => Promise.resolve(),
});

type Call = (work: () => unknown) => unknown;

const DELETIONS = {
  'workload identity': ({ service }: Prepared, deps: ReturnType<typeof depsOf>) =>
    deleteWorkloadIdentity(deps, { arn: OWNER }, service.identity.name),
  provider: ({ service }: Prepared, deps: ReturnType<typeof depsOf>) =>
    deleteOauth2Provider(deps, { arn: OWNER }, service.provider.name),
};

/** The dependencies of a deletion. @param call makes each call to a store, the vault, or the worker */
function depsOf(world: Prepared, revocationWorker = workerOf(world), call: Call = (work) => work()) {
  const { service, vaultContents } = world;
  const { stores, system } = service;
  const unused = () => Promise.reject(new Error('not to be asked'));
  return {
    identities: wrapped(stores.identities, call),
    providers: wrapped(stores.providers, call),
    clientSecrets: wrapped(stores.clientSecrets, call),
    clientMetadata: wrapped(stores.clientMetadata, call),
    registeredClients: wrapped(stores.registeredClients, call),
    vaultContents: wrapped(vaultContents, call),
    clientDeletions: { enqueueClient: () => Promise.reject(new Error('not registered by the service')) },
    deletedGrants: createDeletedGrants({
      revocations: wrapped(stores.revocations, call),
      revocationWorker: wrapped(revocationWorker, call),
      system,
    }),
    pageTokens: { seal: unused, open: unused },
    audit: { record: () => undefined },
    system,
    arnPrefix: ARN_PREFIX,
    quotas: parseQuotas('{}'),
    endpointPolicy: { loopback: false },
  };
}

/** Kills the process at one of its calls; nothing works in it any more. */
function killer(last: number, moment: 'before' | 'after') {
  let calls = 0;
  let dead = false;
  return {
    isDead: () => dead,
    call: async (work: () => unknown): Promise<unknown> => {
      if (dead) throw new Killed();
      calls += 1;
      dead = calls > last;
      if (dead && moment === 'before') throw new Killed();
      const result = await work();
      if (dead) throw new Killed();
      return result;
    },
  };
}

/** @param id ID of the deleted resource, and so of the revocation */
async function expectRevoked({ service, grants, deps }: Prepared, id: string): Promise<void> {
  const { stores, server, system } = service;
  for (const grantId of grants) expect(await service.stored(grantId)).toBeUndefined();
  for (let minutes = 0; minutes < 10; minutes += 1) {
    await service.sweep(deps);
    system.advance(60);
  }
  expect([...server.alive]).toEqual([]);
  expect((await service.items(id)).map(({ state }) => state)).toEqual(USERS.map(() => 'CONFIRMED'));
  expect(await stores.revocations.get(id)).toMatchObject({
    cause: 'deletion',
    requestedBy: OWNER,
    matched: 4,
  });
  expect(await stores.revocations.dueItems(Infinity)).toEqual({ items: [] });
  expect(await stores.revocations.dueSelections(Infinity)).toEqual([]);
  expect(service.errors).toEqual([]);
}

describe.each(Object.keys(DELETIONS) as (keyof typeof DELETIONS)[])('the deletion of a %s', (kind) => {
  const deletion = DELETIONS[kind];
  const deletedOf = ({ service: { identity, provider, stores } }: Prepared) =>
    kind === 'provider'
      ? { id: provider.id, left: () => stores.providers.getForDeletion(provider.name) }
      : { id: identity.id, left: () => stores.identities.getForDeletion(identity.name) };

  it.each(['before', 'after'] as const)(
    'can be repeated if it is killed %s any of its calls',
    async (moment) => {
      let calls = 0;
      for (let isCompleted = false; !isCompleted; calls += 1) {
        const world = await prepared();
        const { id, left } = deletedOf(world);
        const { call, isDead } = killer(calls, moment);
        await deletion(world, depsOf(world, workerOf(world), call)).catch((error: unknown) => {
          if (!(error instanceof Killed)) throw error;
        });
        isCompleted = !isDead();
        // Only the removal of the record is not followed by anything to repeat.
        if (await left()) await deletion(world, depsOf(world));
        expect(await left()).toBeUndefined();
        await expectRevoked(world, id);
      }
      // Reading, marking, storing the revocation, selecting, waking, shredding, deleting the grants, removing the record.
      expect(calls).toBeGreaterThanOrEqual(8);
    },
  );

  it('asks to be called again until every grant is selected, and deletes nothing before', async () => {
    const world = await prepared();
    const { id, left } = deletedOf(world);
    // One page for each call: four grants are on two pages.
    const slow = depsOf(world, workerOf(world, 0));
    await expect(deletion(world, slow)).rejects.toMatchObject({
      name: 'ThrottlingException',
      message: expect.stringContaining('Call again to continue') as string,
    });
    expect([...world.shredded]).toEqual([]);
    expect(await left()).toBeDefined();
    for (const grantId of world.grants) expect(await world.service.stored(grantId)).toBeDefined();
    await deletion(world, slow);
    expect(await left()).toBeUndefined();
    await expectRevoked(world, id);
  });

  it('deletes nothing if the grants cannot be selected, and hides the resource all the same', async () => {
    const world = await prepared();
    const { id, left } = deletedOf(world);
    const broken = { ...workerOf(world), select: () => Promise.reject(new Error('revocation: not invoked')) };
    await expect(deletion(world, depsOf(world, broken))).rejects.toThrow('revocation: not invoked');
    const { identity, provider, stores } = world.service;
    const seen =
      kind === 'provider' ? stores.providers.get(provider.name) : stores.identities.get(identity.name);
    expect(await seen).toBeUndefined();
    expect([...world.shredded]).toEqual([]);
    await deletion(world, depsOf(world));
    expect(await left()).toBeUndefined();
    await expectRevoked(world, id);
  });

  it('does not depend on the provider, nor on waking the worker', async () => {
    const world = await prepared();
    const { id, left } = deletedOf(world);
    const { server } = world.service;
    server.instead = () => unavailable();
    const asleep = { ...workerOf(world), wake: () => Promise.reject(new Error('revocation: not invoked')) };
    await deletion(world, depsOf(world, asleep));
    expect(await left()).toBeUndefined();
    await world.service.sweep(world.deps);
    expect((await world.service.items(id)).map(({ state }) => state)).toEqual(USERS.map(() => 'PENDING'));
    server.instead = undefined;
    await expectRevoked(world, id);
  });

  it('is completed if the tokens cannot be read any more', async () => {
    const world = await prepared();
    const { id, left } = deletedOf(world);
    world.shredded.add(world.service.identity.id);
    await deletion(world, depsOf(world));
    expect(await left()).toBeUndefined();
    const items = await world.service.items(id);
    expect(items.map(({ state, lastError }) => [state, lastError])).toEqual(
      USERS.map(() => ['NOT_PROVABLE', 'tokens_unreadable']),
    );
  });
});
