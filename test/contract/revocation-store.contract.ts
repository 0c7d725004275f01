/** The contract of every revocation store: each write is conditional, and an ended record is due no more. */
import { randomUUID } from 'node:crypto';
import { hashOf } from '../../lambda/domain/digest';
import { ended, failed, taken } from '../../lambda/domain/revocation/item';
import type { DueItem, RevocationStore } from '../../lambda/domain/revocation/outbox';
import type { Revocation, OutboxItem } from '../../lambda/model/records/revocation-outbox';
import { duePartition } from '../../lambda/model/table-keys';
import { BEGINNING } from '../domain/fake-system';
import type { Stores } from '../domain/in-memory-stores';
import { OWNER, sampleGrantId } from '../domain/samples';

const NOW = BEGINNING * 1000;

const sampleRevocation = (change: Partial<Revocation> = {}): Revocation => ({
  revocationId: randomUUID(),
  requestedBy: OWNER,
  cause: 'operator',
  filter: { workloadId: randomUUID(), userHash: hashOf(randomUUID()) },
  createdTime: BEGINNING,
  revision: 1,
  matched: 0,
  dueAt: NOW + 30_000,
  ...change,
});

export const sampleItem = (change: Partial<OutboxItem> = {}): OutboxItem => ({
  itemId: hashOf(randomUUID()),
  revocationId: randomUUID(),
  cause: 'operator',
  grantId: sampleGrantId(),
  workloadArn: 'arn:aws:bedrock-agentcore:eu-central-1:123456789012:workload-identity-directory/default/a',
  provider: { name: 'calendar', id: randomUUID() },
  tokensHash: hashOf(randomUUID()),
  sealed: 'sealed',
  state: 'PENDING',
  attempts: 0,
  createdTime: BEGINNING,
  revision: 1,
  dueAt: NOW,
  ...change,
});

/** The item as a store returns it. */
const withoutUndefined = <T extends object>(record: T): T => JSON.parse(JSON.stringify(record)) as T;

/** The items of all pages. */
async function allDue(store: RevocationStore, now: number): Promise<DueItem[]> {
  const all: DueItem[] = [];
  let next: string | undefined;
  do {
    const page = await store.dueItems(now, next);
    all.push(...page.items);
    ({ next } = page);
  } while (next !== undefined);
  return all;
}

export function revocationStoreContract(stores: () => Stores): void {
  const store = () => stores().revocations;

  const LATER = NOW + 1_000_000_000;

  /** The due times of a record in the index. */
  async function dueTimes(id: string, now = LATER): Promise<number[]> {
    const due = [...(await allDue(store(), now)), ...(await store().dueSelections(now))];
    return due.filter((record) => record.id === id).map(({ dueAt }) => dueAt);
  }

  describe('revocations', () => {
    it('returns undefined for an unknown ID', async () => {
      expect(await store().get(randomUUID())).toBeUndefined();
    });

    it('returns what was created, and creates an ID once', async () => {
      const revocation = sampleRevocation({ reason: 'lost laptop', reach: 'user-and-client' });
      expect(await store().create(revocation)).toBe(true);
      expect(await store().create({ ...revocation, matched: 7 })).toBe(false);
      expect(await store().get(revocation.revocationId)).toEqual(revocation);
    });

    it('keeps a filter for one grant', async () => {
      const revocation = sampleRevocation({ filter: { grantId: sampleGrantId() } });
      await store().create(revocation);
      expect(await store().get(revocation.revocationId)).toEqual(revocation);
    });

    it('advances only from the previous revision', async () => {
      const revocation = sampleRevocation();
      await store().create(revocation);
      const reads = { failures: 2, hasFailedReads: true, readsFailSince: NOW };
      const next = { ...revocation, revision: 2, cursor: 'page', matched: 3, ...reads };
      expect(await store().advance({ ...next, revision: 3 })).toBe(false);
      expect(await store().advance(next)).toBe(true);
      expect(await store().advance(next)).toBe(false);
      expect(await store().get(revocation.revocationId)).toEqual(next);
    });

    it('is due until the end of the selection', async () => {
      const revocation = sampleRevocation();
      await store().create(revocation);
      expect(await dueTimes(revocation.revocationId)).toEqual([NOW + 30_000]);
      expect(await dueTimes(revocation.revocationId, NOW + 29_999)).toEqual([]);
      const selected = { ...revocation, revision: 2, cursor: undefined, dueAt: undefined };
      expect(await store().advance(selected)).toBe(true);
      expect(await dueTimes(revocation.revocationId)).toEqual([]);
      expect(await store().get(revocation.revocationId)).toEqual(withoutUndefined(selected));
    });
  });

  describe('items', () => {
    it('returns what was created, and creates an ID once', async () => {
      const item = sampleItem();
      expect(await store().getItem(item.itemId)).toBeUndefined();
      expect(await store().createItem(item)).toBe(true);
      expect(await store().createItem({ ...item, sealed: 'other' })).toBe(false);
      expect(await store().getItem(item.itemId)).toEqual(item);
    });

    it.each(['forced', 'replaced', 'not-stored', 'deletion', 'agent'] as const)(
      'keeps an item without a revocation, of the cause %s',
      async (cause) => {
        const { revocationId, ...item } = sampleItem({ cause });
        expect(revocationId).toBeDefined();
        expect(await store().createItem(item)).toBe(true);
        expect(await store().getItem(item.itemId)).toEqual(item);
      },
    );

    it('can be taken by one worker only', async () => {
      const item = sampleItem();
      await store().createItem(item);
      const attempts = await Promise.all(
        [1, 2, 3, 4].map((worker) => store().advanceItem(taken(item, NOW + worker))),
      );
      expect(attempts.filter(Boolean)).toHaveLength(1);
    });

    it('has no ciphertext and is not due after its end', async () => {
      const item = sampleItem();
      await store().createItem(item);
      expect(await dueTimes(item.itemId)).toEqual([NOW]);
      const attempted = taken(item, NOW);
      expect(await store().advanceItem(attempted)).toBe(true);
      expect(await dueTimes(item.itemId)).toEqual([NOW + 60_000]);
      expect(await store().advanceItem(ended(attempted, 'UNCONFIRMED', 'invalid_client'))).toBe(true);
      expect(await dueTimes(item.itemId)).toEqual([]);
      const stored = await store().getItem(item.itemId);
      expect(stored).not.toHaveProperty('sealed');
      expect(stored).not.toHaveProperty('dueAt');
      expect(stored).toMatchObject({ state: 'UNCONFIRMED', lastError: 'invalid_client', attempts: 1 });
    });

    it('is due again after a failure, with other tokens if there are any', async () => {
      const item = taken(sampleItem(), NOW);
      await store().createItem(item);
      const again = failed(item, { code: 'temporarily_unavailable', sealed: 'replaced' }, NOW);
      expect(await store().advanceItem(again)).toBe(true);
      expect(await store().getItem(item.itemId)).toMatchObject({ sealed: 'replaced', state: 'PENDING' });
      expect(await dueTimes(item.itemId)).toEqual([NOW + 5_000]);
    });

    it('is removed only at its revision', async () => {
      const item = sampleItem();
      await store().createItem(item);
      expect(await store().removeItem({ ...item, revision: 2 })).toBe(false);
      expect(await store().removeItem(item)).toBe(true);
      expect(await store().getItem(item.itemId)).toBeUndefined();
      expect(await dueTimes(item.itemId)).toEqual([]);
      expect(await store().removeItem(item)).toBe(false);
    });
  });

  describe('due items', () => {
    /** IDs of one partition of the index, so that it has more than one page of them. */
    function idsOfOnePartition(count: number): string[] {
      const ids: string[] = [];
      while (ids.length < count) {
        const id = hashOf(randomUUID());
        if (duePartition(id) === 'DUE#3') ids.push(id);
      }
      return ids;
    }

    it('are each on one page, however many there are, and none before its time', async () => {
      const due = idsOfOnePartition(230);
      const later = idsOfOnePartition(5);
      const spread = Array.from({ length: 20 }, () => hashOf(randomUUID()));
      // Some are due at the same time.
      const create = (itemId: string, index: number) =>
        store().createItem(sampleItem({ itemId, dueAt: NOW - (index % 50) }));
      await Promise.all([...due, ...spread].map(create));
      await Promise.all(later.map((itemId) => store().createItem(sampleItem({ itemId, dueAt: NOW + 1 }))));
      const records = (await allDue(store(), NOW)).map(({ id }) => id);
      for (const id of [...due, ...spread]) expect(records.filter((found) => found === id)).toHaveLength(1);
      for (const id of later) expect(records).not.toContain(id);
    });

    it('name the provider and its owner', async () => {
      const { provider, ...item } = sampleItem();
      const owned = { ...item, provider: { ...provider, owner: OWNER } };
      await store().createItem(owned);
      const record = (await allDue(store(), NOW)).find(({ id }) => id === owned.itemId);
      expect(record).toMatchObject({ provider: { id: provider.id, owner: OWNER } });
      expect(await store().getItem(owned.itemId)).toEqual(owned);
    });
  });

  describe('due selections', () => {
    it('are found without the items, the earliest first', async () => {
      const revocations = [3, 1, 2].map((age) => sampleRevocation({ dueAt: NOW - 1_000_000 - age }));
      await Promise.all(revocations.map((revocation) => store().create(revocation)));
      const item = sampleItem({ dueAt: NOW - 1_000_000 });
      await store().createItem(item);
      const ids = revocations.map(({ revocationId }) => revocationId);
      const due = (await store().dueSelections(NOW)).map(({ id }) => id);
      expect(due.filter((id) => ids.includes(id))).toEqual([ids[0], ids[2], ids[1]]);
      expect(due).not.toContain(item.itemId);
      const items = (await allDue(store(), NOW)).map(({ id }) => id);
      for (const id of ids) expect(items).not.toContain(id);
    });

    it('are a hundred or more of thousands, and none before its time', async () => {
      await Promise.all(
        Array.from({ length: 150 }, (_, index) => store().create(sampleRevocation({ dueAt: NOW - index }))),
      );
      const later = sampleRevocation({ dueAt: NOW + 1 });
      await store().create(later);
      const due = await store().dueSelections(NOW);
      expect(due.length).toBeGreaterThanOrEqual(100);
      expect(due.map(({ id }) => id)).not.toContain(later.revocationId);
    });
  });

  describe('the items of a revocation', () => {
    it.each([1, 2, 7, 20, 50])('are each on one page of up to %s', async (limit) => {
      const revocationId = randomUUID();
      const items = Array.from({ length: 20 }, () => sampleItem({ revocationId }));
      await Promise.all(items.map((item) => store().createItem(item)));
      await store().createItem(sampleItem());
      const grants: string[] = [];
      let next: string | undefined;
      do {
        const page = await store().items(revocationId, { limit, ...(next !== undefined && { after: next }) });
        expect(page.items.length).toBeLessThanOrEqual(limit);
        grants.push(...page.items.map(({ grantId }) => grantId.userHash));
        ({ next } = page);
      } while (next !== undefined);
      expect(grants.sort()).toEqual(items.map(({ grantId }) => grantId.userHash).sort());
    });

    it('say what is shown, and nothing encrypted', async () => {
      const item = sampleItem({ reach: 'installation' });
      await store().createItem(item);
      const page = await store().items(item.revocationId ?? '', { limit: 10 });
      const { grantId, provider, reach, state, attempts } = item;
      expect(page).toEqual({ items: [{ grantId, provider, reach, state, attempts }] });
    });

    it('are none for an unknown revocation', async () => {
      expect(await store().items(randomUUID(), { limit: 10 })).toEqual({ items: [] });
    });
  });
}
