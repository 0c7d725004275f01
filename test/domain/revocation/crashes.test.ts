/**
 * A worker of the revocation outbox can end at any point. It is killed here before and after each of its calls, in turn,
 * and another worker continues: in the end, each grant is revoked, and the provider has revoked it.
 */
import type { SweepDependencies } from '../../../lambda/domain/revocation/sweep';
import { selectGrants } from '../../../lambda/domain/revocation/select';
import { sweep } from '../../../lambda/domain/revocation/sweep';
import { createRevocationService, wrapped, type RevocationService } from './revocation-service';

class Killed extends Error {}

/** The dependencies of a process that is killed at one of its calls; nothing works in it any more. */
function killedAt(
  service: RevocationService,
  last: number,
  moment: 'before' | 'after',
): { readonly deps: SweepDependencies; readonly isDead: () => boolean } {
  let calls = 0;
  let dead = false;
  async function call(work: () => unknown): Promise<unknown> {
    if (dead) throw new Killed();
    calls += 1;
    dead = calls > last;
    if (dead && moment === 'before') throw new Killed();
    const result = await work();
    // The call has had its effect, and this process never learns of it.
    if (dead) throw new Killed();
    return result;
  }
  const { stores, seal, transport } = service.parts;
  const wrappedStores = Object.fromEntries(
    Object.entries(stores).map(([name, store]) => [name, wrapped(store, call)]),
  ) as unknown as typeof stores;
  const deps = service.depsOver({
    stores: wrappedStores,
    seal: {
      seal: (context, plaintext) => call(() => seal.seal(context, plaintext)) as Promise<string>,
      open: (context, sealed) => call(() => seal.open(context, sealed)) as Promise<string>,
      ownerArnOf: (sealed) => seal.ownerArnOf(sealed),
    },
    transport: (url, init) => call(() => transport(url, init)) as Promise<Response>,
  });
  return { deps, isDead: () => dead };
}

const USERS = ['alice', 'bob', 'carol', 'dave'];

async function prepared() {
  const service = await createRevocationService();
  const grants = [];
  for (const user of USERS) grants.push(await service.grant(user));
  const revocationId = await service.begin({ workloadId: service.identity.id });
  return { service, grants, revocationId };
}

/** Other workers, until long after every lease. */
async function continued(service: RevocationService): Promise<void> {
  service.system.advance(61);
  await service.sweepFor(600);
}

async function expectRevoked({ service, grants, revocationId }: Awaited<ReturnType<typeof prepared>>) {
  for (const grantId of grants) {
    const grant = await service.stored(grantId);
    expect(grant).not.toHaveProperty('tokens');
    expect(grant).not.toHaveProperty('lease');
  }
  expect([...service.server.alive]).toEqual([]);
  const items = await service.items(revocationId);
  expect(items.map(({ state }) => state)).toEqual(USERS.map(() => 'CONFIRMED'));
  expect(await service.stores.revocations.get(revocationId)).not.toHaveProperty('dueAt');
  expect(await service.stores.revocations.dueItems(Infinity)).toEqual({ items: [] });
  expect(await service.stores.revocations.dueSelections(Infinity)).toEqual([]);
  for (const { grantId } of items) expect(grants).toContainEqual(grantId);
}

describe.each(['before', 'after'] as const)('a worker that is killed %s', (moment) => {
  it.each(['select', 'sweep'] as const)('any call of its %s leaves nothing behind', async (part) => {
    let calls = 0;
    for (let isCompleted = false; !isCompleted; calls += 1) {
      const world = await prepared();
      const { service, revocationId } = world;
      if (part === 'sweep') await service.select(revocationId);
      const { deps, isDead } = killedAt(service, calls, moment);
      const until = service.system.now() + 45_000;
      await (part === 'select' ? selectGrants(deps, revocationId, until) : sweep(deps, until)).catch(
        (error: unknown) => {
          if (!(error instanceof Killed)) throw error;
        },
      );
      isCompleted = !isDead();
      await continued(service);
      await expectRevoked(world);
      expect(service.errors.filter((error) => !(error instanceof Killed))).toEqual([]);
    }
    // Each grant takes several calls: a test that injected nothing would end immediately.
    expect(calls).toBeGreaterThan(USERS.length * 5);
  });
});

it('has no ciphertext left in any item after the end', async () => {
  const { service, revocationId } = await prepared();
  await service.select(revocationId);
  const { items: due } = await service.stores.revocations.dueItems(Infinity);
  const sealed = async () => {
    const items = await Promise.all(due.map(({ id }) => service.stores.revocations.getItem(id)));
    return items.map((item): unknown[] => [item?.state, item?.sealed]);
  };
  expect(await sealed()).toEqual(USERS.map(() => ['PENDING', expect.any(String) as unknown]));
  await service.sweep();
  expect(await sealed()).toEqual(USERS.map(() => ['CONFIRMED', undefined]));
});
