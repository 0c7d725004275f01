/** The revocation outbox in memory: each method is one atomic step, with the conditions that the port states. */
import type { Due, RevocationStore } from '../../lambda/domain/revocation/outbox';
import type { Revocation, OutboxItem } from '../../lambda/model/records/revocation-outbox';
import { recordOf } from './in-memory-record';

/** Records on a page of due ones: few, so that tests have several pages. */
const DUE_PAGE = 25;

export function createInMemoryRevocationStore(): RevocationStore {
  const revocations = new Map<string, Revocation>();
  const items = new Map<string, OutboxItem>();

  function put<T extends { readonly revision: number }>(
    records: Map<string, T>,
    id: string,
    record: T,
    before: number | undefined,
  ): Promise<boolean> {
    const held = records.get(id)?.revision === before;
    if (held) records.set(id, recordOf(record));
    return Promise.resolve(held);
  }

  function read<T>(records: ReadonlyMap<string, T>, id: string): Promise<T | undefined> {
    const found = records.get(id);
    return Promise.resolve(found && recordOf(found));
  }

  return {
    create: (revocation) => put(revocations, revocation.revocationId, revocation, undefined),
    get: (revocationId) => read(revocations, revocationId),
    advance: (next) => put(revocations, next.revocationId, next, next.revision - 1),
    createItem: (item) => put(items, item.itemId, item, undefined),
    getItem: (itemId) => read(items, itemId),
    advanceItem: (next) => put(items, next.itemId, next, next.revision - 1),
    removeItem: ({ itemId, revision }) =>
      Promise.resolve(items.get(itemId)?.revision === revision && items.delete(itemId)),
    dueSelections(now) {
      const due = [...revocations.values()].flatMap(({ revocationId: id, dueAt }) =>
        dueAt === undefined || dueAt > now ? [] : [{ id, dueAt }],
      );
      return Promise.resolve(due.sort((a, b) => a.dueAt - b.dueAt));
    },
    dueItems(now, after = '') {
      const positionOf = ({ dueAt, id }: Due) => `${String(dueAt).padStart(15, '0')} ${id}`;
      const due = [...items.values()].flatMap(({ itemId: id, dueAt, provider }) =>
        dueAt === undefined || dueAt > now ? [] : [{ id, dueAt, provider }],
      );
      const behind = due
        .filter((item) => positionOf(item) > after)
        .sort((a, b) => (positionOf(a) < positionOf(b) ? -1 : 1));
      const page = behind.slice(0, DUE_PAGE);
      const last = behind.length > DUE_PAGE ? page.at(-1) : undefined;
      return Promise.resolve({ items: page, ...(last && { next: positionOf(last) }) });
    },
    items(revocationId, { limit, after = '' }) {
      const behind = [...items.values()]
        .filter((item) => item.revocationId === revocationId && item.itemId > after)
        .sort((a, b) => (a.itemId < b.itemId ? -1 : 1));
      const page = behind.slice(0, limit);
      const last = behind.length > limit ? page.at(-1)?.itemId : undefined;
      return Promise.resolve({
        items: page.map(({ grantId, provider, reach, state, attempts, lastError }) =>
          recordOf({ grantId, provider, reach, state, attempts, lastError }),
        ),
        ...(last !== undefined && { next: last }),
      });
    },
  };
}
