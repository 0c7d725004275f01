/**
 * Fills the vault table of the embedded DynamoDB with copies of a grant, for other users. Writes to the store of dynalite
 * with the keys and the index entries that dynalite itself would write: a million requests would take longer than
 * everything that is measured.
 */
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { create, createKey, getIndexActions, type Batch, type StoredItem } from 'dynalite/db';
import { grantPartition, grantIdIn, type Key } from '../../lambda/contract/table-keys';
import { localTableName } from '../../lib/local/dynamodb';

const TABLE = localTableName('Vault');

/** Grants that are written together. */
const BATCH = 2_000;

/** Returns a copy of the grant, for another user. */
function copyOf(item: StoredItem, { workloadId }: { readonly workloadId: string }): StoredItem {
  const userHash = randomBytes(32).toString('base64url');
  return {
    ...item,
    pk: { S: grantPartition(workloadId, userHash) },
    userHash: { S: userHash },
    subjectHash: { S: userHash },
  };
}

/**
 * @param folder of the store, which no process has open
 * @param key of the grant
 * @param count of the new grants
 */
export async function fillVault(folder: string, key: Key, count: number): Promise<void> {
  const store = create({ path: folder });
  await store.db.open();
  const stored = await promisify(store.tableDb.get)(TABLE);
  if (!stored) throw new Error('The store has no vault table.');
  const items = store.getItemDb(TABLE);
  const item = await promisify(items.get)(createKey({ pk: { S: key.pk }, sk: { S: key.sk } }, stored));
  if (!item) throw new Error('The vault has no such grant.');
  const grantId = grantIdIn(key);
  for (let left = count; left > 0; left -= BATCH) {
    const copies = Array.from({ length: Math.min(BATCH, left) }, () => copyOf(item, grantId));
    const entries = new Map<string, Batch>();
    for (const copy of copies) {
      for (const { index, key: entryKey, item: entry } of getIndexActions(
        stored.GlobalSecondaryIndexes ?? [],
        undefined,
        copy,
        stored,
      ).puts) {
        const batch = entries.get(index) ?? [];
        batch.push({ type: 'put', key: entryKey, value: entry });
        entries.set(index, batch);
      }
    }
    await promisify(items.batch)(
      copies.map((copy) => ({ type: 'put', key: createKey(copy, stored), value: copy })),
    );
    for (const [index, batch] of entries) {
      await promisify(store.getIndexDb('Global', TABLE, index).batch)(batch);
    }
  }
  await store.db.close();
}
