/** One provider, owner, or selection must not delay the others. The clock stands still unless a test moves it. */
import { setImmediate } from 'node:timers/promises';
import type { Oauth2Provider } from '../../../lambda/model/provider/record';
import { SELECTION_LEASE, revokeSelected } from '../../../lambda/domain/revocation/select';
import { sampleProvider } from '../samples';
import {
  createRevocationService,
  RevokingServer,
  unavailable,
  type RevocationService,
} from './revocation-service';

/** A provider at its own server. */
async function addedProvider(
  service: RevocationService,
  host: string,
  change: Partial<Oauth2Provider> = {},
): Promise<{ readonly provider: Oauth2Provider; readonly server: RevokingServer }> {
  const server = new RevokingServer(`https://${host}`);
  service.servers.push(server);
  const discovery = { discoveryUrl: `https://${host}/.well-known/openid-configuration` };
  const provider = sampleProvider({ discovery, ...change });
  await service.addProvider(provider);
  return { provider, server };
}

type Added = Awaited<ReturnType<typeof addedProvider>>;

/** Stores this many grants of a provider in the outbox. Returns the revocation. */
async function queued(
  service: RevocationService,
  { provider, server }: Added,
  count: number,
): Promise<string> {
  for (let user = 0; user < count; user += 1) await service.grant(`user-${user}`, provider, server);
  const revocationId = await service.begin({ providerId: provider.id });
  await service.select(revocationId);
  return revocationId;
}

const countsOf = async (service: RevocationService, revocationId: string) => {
  const states = (await service.items(revocationId)).map(({ state }) => state);
  return Object.fromEntries(
    [...new Set(states)].map((s) => [s, states.filter((other) => other === s).length]),
  );
};

/** Lets the code run until a condition holds. Nothing waits for time. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 5_000; turn += 1) {
    if (await condition()) return;
    await setImmediate();
  }
  throw new Error('the condition never held');
}

/** A server that responds only after the release. */
function held(server: RevokingServer): { readonly release: () => void } {
  const { transport } = server;
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const waiting: typeof transport = async (...request) => {
    await released;
    return transport(...request);
  };
  const counted: typeof transport = (url, init) => {
    server.requests.push({ url, token: '', client: '' });
    return waiting(url, init);
  };
  Object.assign(server, { transport: counted });
  return { release };
}

/** A server that takes this many seconds to reject a refresh token. */
function slow({ system }: RevocationService, server: RevokingServer, seconds: number): void {
  const { transport } = server;
  const delayed: typeof transport = (url, init) => {
    if (url.endsWith('/token')) system.advance(seconds);
    return transport(url, init);
  };
  Object.assign(server, { transport: delayed });
}

it('all items of a provider are confirmed while another provider of the same owner does not respond', async () => {
  const service = await createRevocationService();
  const stuck = await addedProvider(service, 'stuck.example');
  const healthy = await addedProvider(service, 'healthy.example');
  // More than a sweep keeps waiting for one provider, and due before the others.
  const first = await queued(service, stuck, 230);
  service.system.advance(1);
  const second = await queued(service, healthy, 60);
  const { release } = held(stuck.server);
  const sweeping = service.sweep();
  await until(async () => (await countsOf(service, second)).CONFIRMED === 60);
  expect(await countsOf(service, first)).toEqual({ PENDING: 230 });
  expect(stuck.server.requests).toHaveLength(2);
  release();
  await sweeping;
  await service.sweepFor(300);
  expect(await countsOf(service, first)).toEqual({ CONFIRMED: 230 });
  expect(service.errors).toEqual([]);
});

it('all items of an owner are confirmed while all providers of another owner do not respond', async () => {
  const service = await createRevocationService();
  const owner = 'arn:aws:iam::123456789012:role/other';
  const stuck: Added[] = [];
  for (let index = 0; index < 10; index += 1) {
    const added = await addedProvider(service, `stuck-${index}.example`, { owner });
    await queued(service, added, 3);
    stuck.push(added);
    // In an order by chance, the first page of items can be of fewer providers than the owner has attempts.
    service.system.advance(1);
  }
  const holds = stuck.map(({ server }) => held(server));
  const healthy = await addedProvider(service, 'healthy.example');
  const revocationId = await queued(service, healthy, 30);
  const sweeping = service.sweep();
  await until(async () => (await countsOf(service, revocationId)).CONFIRMED === 30);
  const requests = stuck.map(({ server }) => server.requests.length);
  expect(requests.reduce((sum, count) => sum + count)).toBe(6);
  expect(Math.max(...requests)).toBe(1);
  for (const { release } of holds) release();
  await sweeping;
  expect(service.errors).toEqual([]);
});

it('a provider whose responses are slow gets 3 attempts of a sweep, and its other items wait without one', async () => {
  const service = await createRevocationService();
  const added = await addedProvider(service, 'slow.example');
  const revocationId = await queued(service, added, 20);
  slow(service, added.server, 10);
  const before = service.system.now();
  await service.sweep();
  const items = await service.items(revocationId);
  const confirmed = items.filter(({ state }) => state === 'CONFIRMED');
  // The second and the third attempt are in progress at the same time as the first or the next one.
  expect(confirmed.length).toBeGreaterThanOrEqual(3);
  expect(confirmed.length).toBeLessThanOrEqual(4);
  const waiting = items.filter(({ state }) => state === 'PENDING');
  for (const item of waiting) expect(item).toMatchObject({ attempts: 0, lastError: 'slow_responses' });
  const { items: due } = await service.stores.revocations.dueItems(Infinity);
  for (const { dueAt } of due) expect(dueAt).toBeGreaterThanOrEqual(before + 60_000);
  await service.sweepFor(3600);
  expect((await countsOf(service, revocationId)).CONFIRMED).toBeGreaterThan(confirmed.length);
});

it('responses that are not slow limit nothing, however many there are', async () => {
  const service = await createRevocationService();
  const added = await addedProvider(service, 'busy.example');
  const revocationId = await queued(service, added, 40);
  slow(service, added.server, 0.4);
  await service.sweep();
  expect(await countsOf(service, revocationId)).toEqual({ CONFIRMED: 40 });
});

it('a provider gets up to 12 attempts in parallel when its attempts succeed', async () => {
  const service = await createRevocationService();
  const added = await addedProvider(service, 'healthy.example');
  const revocationId = await queued(service, added, 100);
  const { transport } = added.server;
  let active = 0;
  let most = 0;
  Object.assign(added.server, {
    transport: async (...request: Parameters<typeof transport>) => {
      active += 1;
      most = Math.max(most, active);
      await setImmediate();
      active -= 1;
      return transport(...request);
    },
  });
  await service.sweep();
  expect(await countsOf(service, revocationId)).toEqual({ CONFIRMED: 100 });
  expect(most).toBe(12);
});

it('the index of due records is read in proportion to the items of one provider, not to their square', async () => {
  const ITEMS = 1_500;
  const service = await createRevocationService();
  const added = await addedProvider(service, 'busy.example');
  await queued(service, added, ITEMS);
  const { stores } = service;
  let read = 0;
  const revocations: typeof stores.revocations = {
    ...stores.revocations,
    async dueItems(...query) {
      const page = await stores.revocations.dueItems(...query);
      read += page.items.length;
      return page;
    },
  };
  await service.sweep(service.depsOver({ ...service.parts, stores: { ...stores, revocations } }));
  expect([...added.server.alive]).toEqual([]);
  expect(read).toBeLessThan(2.5 * ITEMS);
});

it('a slow reading of the whole index takes a small part of a sweep', async () => {
  const service = await createRevocationService();
  const added = await addedProvider(service, 'busy.example');
  const revocationId = await queued(service, added, 400);
  slow(service, added.server, 1);
  const { stores, system } = service;
  let reading = 0;
  const revocations: typeof stores.revocations = {
    ...stores.revocations,
    dueItems(...query) {
      system.advance(1);
      reading += 1;
      return stores.revocations.dueItems(...query);
    },
  };
  const begunAt = system.now();
  await service.sweep(service.depsOver({ ...service.parts, stores: { ...stores, revocations } }));
  expect((await countsOf(service, revocationId)).CONFIRMED).toBeGreaterThan(0);
  expect(reading * 1000).toBeLessThan((system.now() - begunAt) / 2);
});

describe('the items of a provider that is unavailable', () => {
  async function failing(headers: Record<string, string> = {}) {
    const service = await createRevocationService();
    const added = await addedProvider(service, 'down.example');
    const revocationId = await queued(service, added, 50);
    added.server.instead = () => unavailable(headers);
    return { service, added, revocationId };
  }

  it('wait without an attempt after 3 failures', async () => {
    const { service, added, revocationId } = await failing();
    await service.sweep();
    const sent = added.server.requests.length;
    expect(sent).toBeGreaterThanOrEqual(3);
    expect(sent).toBeLessThanOrEqual(4);
    const items = await service.items(revocationId);
    expect(items.filter(({ attempts }) => attempts === 1)).toHaveLength(sent);
    const others = items.filter(({ attempts }) => attempts === 0);
    expect(others).toHaveLength(50 - sent);
    for (const item of others) expect(item).toMatchObject({ lastError: 'temporarily_unavailable' });
  });

  it('wait as long as the provider asks for', async () => {
    const { service, added } = await failing({ 'retry-after': '1800' });
    await service.sweep();
    const sent = added.server.requests.length;
    await service.sweepFor(1_700);
    expect(added.server.requests).toHaveLength(sent);
  });

  it('are attempted rarely, and given up after 24 hours', async () => {
    const { service, added, revocationId } = await failing();
    await service.sweepFor(23 * 3600);
    // Each sweep sends up to 4 requests, and most sweeps find nothing due.
    expect(added.server.requests.length).toBeLessThan(23 * 60);
    expect(await countsOf(service, revocationId)).toEqual({ PENDING: 50 });
    await service.sweepFor(2 * 3600);
    expect(await countsOf(service, revocationId)).toEqual({ UNCONFIRMED: 50 });
  });

  it('are confirmed when it is available again', async () => {
    const { service, added, revocationId } = await failing();
    await service.sweepFor(600);
    added.server.instead = undefined;
    await service.sweepFor(1200);
    expect(await countsOf(service, revocationId)).toEqual({ CONFIRMED: 50 });
    expect([...added.server.alive]).toEqual([]);
  });
});

it('an item of a slow provider is not given up without an attempt', async () => {
  const service = await createRevocationService();
  const added = await addedProvider(service, 'slow.example');
  const revocationId = await queued(service, added, 8);
  slow(service, added.server, 10);
  service.system.advance(25 * 3600);
  await service.sweep();
  const counts = await countsOf(service, revocationId);
  expect(Object.keys(counts).sort()).toEqual(['CONFIRMED', 'PENDING']);
  await service.sweepFor(4 * 3600);
  expect(await countsOf(service, revocationId)).toEqual({ CONFIRMED: 8 });
});

it('tokens that a provider still accepts do not stop the requests for its other items', async () => {
  const service = await createRevocationService();
  const added = await addedProvider(service, 'ignoring.example');
  const revocationId = await queued(service, added, 20);
  const { transport } = added.server;
  Object.assign(added.server, {
    transport: (...request: Parameters<typeof transport>) => {
      if (!request[0].endsWith('/revoke')) return transport(...request);
      added.server.requests.push({ url: request[0], token: '', client: '' });
      return Promise.resolve(new Response(null, { status: 200 }));
    },
  });
  await service.sweep();
  const items = await service.items(revocationId);
  for (const item of items) expect(item).toMatchObject({ state: 'PENDING', lastError: 'not_revoked' });
  expect(items).toHaveLength(20);
});

describe('a selection', () => {
  /** A service whose index of grants does not respond from a page on, and an item that is due. */
  async function heldSelection(heldPage: number) {
    const service = await createRevocationService();
    const { stores } = service;
    const healthy = await addedProvider(service, 'healthy.example');
    const selected = await addedProvider(service, 'selected.example');
    const due = await queued(service, healthy, 5);
    for (let user = 0; user < 60; user += 1) {
      await service.grant(`user-${user}`, selected.provider, selected.server);
    }
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    let pages = 0;
    const grantIndex: typeof stores.grantIndex = {
      ...stores.grantIndex,
      async page(...query) {
        pages += 1;
        if (pages >= heldPage) await released;
        return stores.grantIndex.page(...query);
      },
    };
    const deps = service.depsOver({ ...service.parts, stores: { ...stores, grantIndex } });
    const revocationId = await service.begin(
      { providerId: selected.provider.id },
      { dueAt: service.system.now() },
    );
    return { service, deps, due, revocationId, selected, release, pages: () => pages };
  }

  it('does not delay the attempts in the same sweep', async () => {
    const { service, deps, due, revocationId, release } = await heldSelection(1);
    const sweeping = service.sweep(deps);
    await until(async () => (await countsOf(service, due)).CONFIRMED === 5);
    expect(await service.items(revocationId)).toEqual([]);
    release();
    await sweeping;
    expect(await countsOf(service, revocationId)).toEqual({ CONFIRMED: 60 });
  });

  it('does not delay the attempts of the pages that it has completed', async () => {
    const { service, deps, revocationId, release } = await heldSelection(10);
    const sweeping = service.sweep(deps);
    await until(async () => ((await countsOf(service, revocationId)).CONFIRMED ?? 0) >= 22);
    release();
    await sweeping;
    expect(await countsOf(service, revocationId)).toEqual({ CONFIRMED: 60 });
  });

  it('has one worker at a time', async () => {
    const { service, deps, revocationId, release, pages } = await heldSelection(1);
    const sweeps = [service.sweep(deps), service.sweep(deps), service.sweep(deps)];
    await until(() => Promise.resolve(pages() > 0));
    for (let turn = 0; turn < 50; turn += 1) await setImmediate();
    expect(pages()).toBe(1);
    release();
    await Promise.all(sweeps);
    expect(await service.stores.revocations.get(revocationId)).toMatchObject({ matched: 60 });
  });
});

describe('a selection that shares the process with a sweep', () => {
  /** Three providers with items that are due, and then a revocation whose grants must be selected. */
  async function withSelection(items: number, grants: number, leasedFor = 0) {
    const service = await createRevocationService();
    const earlier: string[] = [];
    for (const owner of ['one', 'two', 'three']) {
      const busy = await addedProvider(service, `${owner}.example`, { owner });
      earlier.push(await queued(service, busy, items));
    }
    service.system.advance(1);
    const selected = await addedProvider(service, 'selected.example');
    for (let user = 0; user < grants; user += 1) {
      await service.grant(`user-${user}`, selected.provider, selected.server);
    }
    const revocationId = await service.begin(
      { providerId: selected.provider.id },
      { dueAt: service.system.now() + leasedFor },
    );
    /** The attempts that had begun, and the ones in progress, when each grant lost its tokens. */
    const seen: { readonly begun: number; readonly active: number }[] = [];
    let begun = 0;
    let active = 0;
    const { stores } = service;
    const deps = service.depsOver({
      ...service.parts,
      stores: {
        ...stores,
        grants: {
          ...stores.grants,
          async revoke(...grant) {
            const isRevoked = await stores.grants.revoke(...grant);
            if (isRevoked) seen.push({ begun, active });
            return isRevoked;
          },
        },
      },
      // A request takes as many turns as a database call or two.
      transport: async (url, init) => {
        const isFirst =
          url.endsWith('/revoke') && init.body?.toString().includes('hint=refresh_token') === true;
        if (isFirst) begun += 1;
        active += 1;
        await setImmediate();
        active -= 1;
        return service.parts.transport(url, init);
      },
    });
    return { service, deps, earlier, revocationId, seen };
  }

  it('of another invocation allows up to 2 attempts too, and more when it ends', async () => {
    // Leased by the other invocation: the sweep does not take it.
    const { service, deps, earlier, revocationId, seen } = await withSelection(100, 300, SELECTION_LEASE);
    const selecting = revokeSelected(deps, revocationId, Infinity);
    await service.sweep(deps);
    await selecting;
    expect(seen).toHaveLength(300);
    for (const { active } of seen) expect(active).toBeLessThanOrEqual(2);
    for (const id of earlier) expect(await countsOf(service, id)).toEqual({ CONFIRMED: 100 });
  });

  it('begins together with the first attempts, however many items are due before it', async () => {
    const { service, deps, earlier, revocationId, seen } = await withSelection(200, 20);
    await service.sweep(deps);
    expect(seen).toHaveLength(20);
    expect(seen.at(-1)?.begun).toBeLessThanOrEqual(10);
    for (const id of earlier) expect(await countsOf(service, id)).toEqual({ CONFIRMED: 200 });
    expect(await countsOf(service, revocationId)).toEqual({ CONFIRMED: 20 });
  });

  it('allows up to 2 attempts until all of its grants are revoked', async () => {
    const { service, deps, revocationId, seen } = await withSelection(100, 300);
    await service.sweep(deps);
    expect(seen).toHaveLength(300);
    for (const { active } of seen) expect(active).toBeLessThanOrEqual(2);
    expect(seen.at(-1)?.begun).toBeLessThan(60);
    expect(await countsOf(service, revocationId)).toEqual({ CONFIRMED: 300 });
  });
});

it('work that has begun is completed if the outbox cannot be read any more', async () => {
  const service = await createRevocationService();
  const added = await addedProvider(service, 'healthy.example');
  const revocationId = await queued(service, added, 1);
  let reads = 0;
  const { stores } = service;
  const revocations: typeof stores.revocations = {
    ...stores.revocations,
    dueItems(...query) {
      reads += 1;
      return reads === 1 ? stores.revocations.dueItems(...query) : Promise.reject(new Error('unavailable'));
    },
  };
  const deps = service.depsOver({ ...service.parts, stores: { ...stores, revocations } });
  await expect(service.sweep(deps)).rejects.toThrow('unavailable');
  expect(await countsOf(service, revocationId)).toEqual({ CONFIRMED: 1 });
});

it('an item whose attempts never end is given up after 100 attempts, without a request', async () => {
  const service = await createRevocationService();
  const added = await addedProvider(service, 'deadly.example');
  const revocationId = await queued(service, added, 1);
  const { items: due } = await service.stores.revocations.dueItems(Infinity);
  const item = await service.stores.revocations.getItem(due[0]?.id ?? '');
  if (!item) throw new Error('no item is due');
  const revision = item.revision + 1;
  expect(await service.stores.revocations.advanceItem({ ...item, revision, attempts: 100 })).toBe(true);
  await service.sweep();
  const [given] = await service.items(revocationId);
  expect(given).toMatchObject({ state: 'UNCONFIRMED', lastError: 'internal_error' });
  expect(added.server.requests).toEqual([]);
});

it('an item that another worker has taken since the index was read gets no second attempt', async () => {
  const service = await createRevocationService();
  const added = await addedProvider(service, 'healthy.example');
  const revocationId = await queued(service, added, 5);
  await Promise.all([service.sweep(), service.sweep(), service.sweep()]);
  expect(await countsOf(service, revocationId)).toEqual({ CONFIRMED: 5 });
  for (const { attempts } of await service.items(revocationId)) expect(attempts).toBe(1);
});
