/**
 * A worker of the revocation outbox can end at any point. It is killed here before and after each of its calls, in turn,
 * and another worker continues: in the end, each grant is revoked, and the provider has revoked it.
 */
import type { GrantId } from '../../../lambda/model/grant-id';
import { sweep, type SweepDependencies } from '../../../lambda/domain/revocation/sweep';
import type { OutboxItem } from '../../../lambda/model/records/revocation-outbox';
import { revokeSelected } from '../../../lambda/domain/revocation/select';
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
  expectRecorded(service, grants);
}

/** The audit log has the end of each item, and no other end. A worker that is killed in between can record it again. */
function expectRecorded({ entries }: RevocationService, grants: readonly GrantId[]): void {
  const ends = entries.filter(({ operation }) => operation === 'RevokeAtProvider');
  expect(new Set(ends.map(({ user }) => user))).toEqual(new Set(grants.map(({ userHash }) => userHash)));
  expect(new Set(ends.map(({ result }) => result))).toEqual(new Set(['CONFIRMED']));
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
      await (part === 'select' ? revokeSelected(deps, revocationId, until) : sweep(deps, until)).catch(
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

describe('the audit log has the end of an item', () => {
  const ends = ({ entries }: RevocationService) =>
    entries.filter(({ operation }) => operation === 'RevokeAtProvider').map(({ result }) => result);

  /** The dependencies of a worker for which DynamoDB loses every response to a write that it has performed. */
  function losing({ parts, depsOver }: RevocationService, isLost: (item: OutboxItem) => boolean) {
    const { revocations } = parts.stores;
    const advanceItem = async (item: OutboxItem): Promise<boolean> => {
      const isStored = await revocations.advanceItem(item);
      if (isLost(item)) throw new Error('no response');
      return isStored;
    };
    return depsOver({ ...parts, stores: { ...parts.stores, revocations: { ...revocations, advanceItem } } });
  }

  async function withOne() {
    const service = await createRevocationService();
    await service.grant('alice');
    const revocationId = await service.begin({ workloadId: service.identity.id });
    await service.select(revocationId);
    return service;
  }

  it('if every response to its write is lost', async () => {
    const service = await withOne();
    await service.sweep(losing(service, ({ sealed }) => sealed === undefined));
    const requests = service.server.requests.length;
    await service.sweepFor(120);
    expect(ends(service)).toEqual(['CONFIRMED']);
    expect(service.server.requests).toHaveLength(requests);
  });

  it('again if its write fails, and then no more', async () => {
    const service = await withOne();
    const { revocations } = service.parts.stores;
    const advanceItem = (item: OutboxItem) =>
      item.sealed === undefined ? Promise.reject(new Error('no table')) : revocations.advanceItem(item);
    const stores = { ...service.parts.stores, revocations: { ...revocations, advanceItem } };
    await service.sweep(service.depsOver({ ...service.parts, stores }));
    expect(ends(service)).toEqual(['CONFIRMED']);
    await service.sweepFor(300);
    expect(ends(service)).toEqual(['CONFIRMED', 'CONFIRMED']);
  });

  it('once, if sweeps overlap', async () => {
    const service = await createRevocationService();
    await service.grant('alice');
    await service.grant('bob');
    const revocationId = await service.begin({ workloadId: service.identity.id });
    await service.select(revocationId);
    await Promise.all([1, 2, 3].map(() => service.sweep()));
    await service.sweepFor(120);
    expect(ends(service)).toEqual(['CONFIRMED', 'CONFIRMED']);
  });
});
