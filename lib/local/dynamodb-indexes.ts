/**
 * The indexes of the embedded DynamoDB. dynalite changes the entries of an item in each index, and then the item itself. A
 * process that is killed in between leaves an item without its entry, which no listing and no revocation would find, or an
 * entry that differs from its item. In AWS, an index always follows its table.
 */
import { promisify, isDeepStrictEqual } from 'node:util';
import { getIndexActions, type Store, type StoredItem, type StoredTable } from 'dynalite/db';

/** dynalite separates the parts of a key in its store by `~`. The bound is the next character. */
const rangeOf = (prefix: string) => ({ gte: `${prefix}~`, lt: `${prefix}\x7f` });

const indexPrefix = (table: string, index: string): string => `index-global~${table}~${index}`;

/** What the index has, as JSON: without members that are undefined. */
const stored = (entry: StoredItem): StoredItem => JSON.parse(JSON.stringify(entry)) as StoredItem;

/**
 * Writes the entries that the items of a table have in its indexes, and deletes all others.
 *
 * @param store is open
 * @param table name of the table
 */
export async function repairIndexes(store: Store, table: string): Promise<void> {
  const description = await promisify(store.tableDb.get)(table).catch(() => undefined);
  const indexes = description?.GlobalSecondaryIndexes ?? [];
  if (!description || indexes.length === 0) return;
  const entries = new Map<string, StoredItem>();
  for (const { IndexName } of indexes) {
    for await (const [key, entry] of store.db.iterator(rangeOf(indexPrefix(table, IndexName)))) {
      entries.set(key, entry);
    }
  }
  const writes: Parameters<Store['db']['batch']>[0][number][] = [];
  for await (const [, item] of store.db.iterator(rangeOf(`item-${table}`))) {
    for (const [key, entry] of entriesOf(item, description)) {
      if (!isDeepStrictEqual(entries.get(key), entry)) writes.push({ type: 'put', key, value: entry });
      entries.delete(key);
    }
  }
  for (const key of entries.keys()) writes.push({ type: 'del', key });
  if (writes.length > 0) await store.db.batch(writes);
}

const entriesOf = (item: StoredItem, table: StoredTable): [string, StoredItem][] =>
  getIndexActions(table.GlobalSecondaryIndexes ?? [], undefined, item, table).puts.map(
    ({ index, key, item: entry }) => [`${indexPrefix(table.TableName, index)}~${key}`, stored(entry)],
  );
