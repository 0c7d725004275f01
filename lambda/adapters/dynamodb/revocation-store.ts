/** The revocation outbox in its table. Each change is one write, on the condition of the previous revision. */
import * as v from 'valibot';
import {
  UnreadableItem,
  type Due,
  type DueItem,
  type ItemPage,
  type RevocationStore,
} from '../../domain/revocation/outbox';
import {
  ItemSummarySchema,
  OutboxItemSchema,
  RevocationSchema,
  RevokedProviderSchema,
  type ItemSummary,
  type OutboxItem,
  type Revocation,
} from '../../model/records/revocation-outbox';
import {
  DUE_INDEX,
  DUE_PARTITIONS,
  DUE_SELECTION_PARTITIONS,
  duePartition,
  dueSelectionPartition,
  PREFIX,
  REVOCATION_INDEX,
  revocationKey,
  revocationPartition,
  revocationPartitions,
  outboxItemKey,
  TTL_ATTRIBUTE,
} from '../../model/table-keys';
import { readRecord, replaceRecord, versioned } from './record';
import { ABSENT, type Table } from './table';

/** Seconds that a record stays readable. */
const KEPT_FOR = 30 * 24 * 3600;

/** Due records to read of each partition of the index. */
const DUE_PAGE = 100;

const IndexKey = v.object({ pk: v.string(), sk: v.string() });
const DueKey = v.object({ ...IndexKey.entries, dueAt: v.string() });
/** Without a valid provider, the item is due all the same. Its error must not hide the other items of the page. */
const DueItemRecord = v.fallback(v.object({ provider: RevokedProviderSchema }), {
  provider: { name: '', id: '' },
});

/** Digits of a time in the index, so that it sorts as text. */
const TIME_DIGITS = 15;

/** Returns the attributes that put a record into the index of due records; none after the end. */
const due = (partition: string, dueAt: number | undefined) =>
  dueAt === undefined
    ? { dueAt: undefined }
    : { dueShard: partition, dueAt: String(dueAt).padStart(TIME_DIGITS, '0') };

const revocationItem = (revocation: Revocation) => ({
  ...revocation,
  ...due(dueSelectionPartition(revocation.revocationId), revocation.dueAt),
  [TTL_ATTRIBUTE]: revocation.createdTime + KEPT_FOR,
});

const outboxItem = (item: OutboxItem) => ({
  ...item,
  ...(item.revocationId !== undefined && {
    revocationShard: revocationPartition(item.revocationId, item.itemId),
  }),
  ...due(duePartition(item.itemId), item.dueAt),
  [TTL_ATTRIBUTE]: item.createdTime + KEPT_FOR,
});

/** The key of the item in each partition of the index after which a page continues; null if no more of it is due. */
const DuePosition = v.pipe(v.string(), v.parseJson(), v.array(v.nullable(DueKey)));

/** Returns the ID and the time of a record in the index. */
function dueOf(item: unknown, prefix: string): Due {
  const { pk, dueAt } = v.parse(DueKey, item);
  return { id: pk.slice(prefix.length), dueAt: Number(dueAt) };
}

const dueItemOf = (item: unknown): DueItem => ({
  ...dueOf(item, PREFIX.outboxItem),
  provider: v.parse(DueItemRecord, item).provider,
});

/** Returns a page of one partition of the index, and where the next one starts. */
async function duePage(
  table: Table,
  partition: string,
  now: number,
  after: v.InferOutput<typeof DueKey> | undefined,
): Promise<{ readonly items: DueItem[]; readonly last: v.InferOutput<typeof DueKey> | null }> {
  const page = await table.queryIndex(DUE_INDEX, { partition, limit: DUE_PAGE, ...(after && { after }) });
  const items = page.items.map(dueItemOf).filter(({ dueAt }) => dueAt <= now);
  // The index is in the order of time, so nothing is due behind a record that is not.
  const continues = page.more && items.length === page.items.length;
  return { items, last: continues ? v.parse(DueKey, page.items.at(-1)) : null };
}

/** Parses each record by itself. */
function summariesOf(records: readonly unknown[]): Pick<ItemPage, 'items' | 'unreadable'> {
  const items: ItemSummary[] = [];
  const unreadable: UnreadableItem[] = [];
  for (const record of records) {
    const { success, output, issues } = v.safeParse(ItemSummarySchema, record);
    if (success) items.push(output);
    else {
      const itemId = v.parse(IndexKey, record).pk.slice(PREFIX.outboxItem.length);
      unreadable.push(new UnreadableItem(itemId, new v.ValiError(issues)));
    }
  }
  return { items, ...(unreadable.length > 0 && { unreadable }) };
}

/** The partition of the index, and the item in it, after which a page continues. */
const Position = v.pipe(
  v.string(),
  v.parseJson(),
  v.strictTuple([v.pipe(v.number(), v.integer(), v.minValue(0)), v.nullable(v.string())]),
);

export const createRevocationStore = (table: Table): RevocationStore => ({
  create: (revocation) =>
    table.put(revocationKey(revocation.revocationId), versioned(revocationItem(revocation)), ABSENT),
  get: (revocationId) => readRecord(table, revocationKey(revocationId), RevocationSchema),
  advance: (next) => replaceRecord(table, revocationKey(next.revocationId), revocationItem(next)),

  createItem: (item) => table.put(outboxItemKey(item.itemId), versioned(outboxItem(item)), ABSENT),
  getItem: (itemId) => readRecord(table, outboxItemKey(itemId), OutboxItemSchema),
  advanceItem: (next) => replaceRecord(table, outboxItemKey(next.itemId), outboxItem(next)),
  removeItem: ({ itemId, revision }) =>
    table.remove(outboxItemKey(itemId), {
      condition: 'revision = :revision',
      values: { ':revision': revision },
    }),

  async dueSelections(now) {
    const pages = await Promise.all(
      DUE_SELECTION_PARTITIONS.map((partition) =>
        table.queryIndex(DUE_INDEX, { partition, limit: DUE_PAGE }),
      ),
    );
    return pages
      .flatMap(({ items }) => items.map((item) => dueOf(item, PREFIX.revocation)))
      .filter(({ dueAt }) => dueAt <= now)
      .sort((a, b) => a.dueAt - b.dueAt);
  },

  async dueItems(now, after) {
    const positions = after === undefined ? undefined : v.parse(DuePosition, after);
    const pages = await Promise.all(
      DUE_PARTITIONS.map(async (partition, shard) => {
        const position = positions?.[shard];
        return position === null ? undefined : duePage(table, partition, now, position);
      }),
    );
    const next = pages.map((page) => page?.last ?? null);
    return {
      items: pages.flatMap((page) => page?.items ?? []),
      ...(next.some((position) => position !== null) && { next: JSON.stringify(next) }),
    };
  },

  async items(revocationId, { limit, after }) {
    const partitions = revocationPartitions(revocationId);
    const [first, pk] = after === undefined ? [0, null] : v.parse(Position, after);
    const found: unknown[] = [];
    let start = pk === null ? undefined : { pk, sk: outboxItemKey('').sk };
    for (let shard = first; ; shard += 1) {
      const partition = partitions[shard];
      if (partition === undefined) return summariesOf(found);
      const page = await table.queryIndex(REVOCATION_INDEX, {
        partition,
        limit: limit - found.length,
        ...(start && { after: start }),
      });
      found.push(...page.items);
      const last = page.items.at(-1);
      if (page.more && last !== undefined) {
        return { ...summariesOf(found), next: JSON.stringify([shard, v.parse(IndexKey, last).pk]) };
      }
      start = undefined;
      if (found.length >= limit) {
        return shard + 1 < partitions.length
          ? { ...summariesOf(found), next: JSON.stringify([shard + 1, null]) }
          : summariesOf(found);
      }
    }
  },
});
