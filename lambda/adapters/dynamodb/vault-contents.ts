/** Deletes the vault keys of a deleted resource, and its grants, which the vault table's indexes find. */
import * as v from 'valibot';
import { SEALING_PURPOSES } from '../../model/sealing-purpose';
import type { VaultContents } from '../../domain/sealing/deletion';
import {
  PROVIDER_INDEX,
  vaultKeyPartition,
  WORKLOAD_INDEX,
  type IndexShape,
  type Key,
} from '../../model/table-keys';
import { KeyOfItem } from './item-key';
import type { Table } from './table';

/** Items to delete in parallel. */
const AT_ONCE = 25;

export function createVaultContents({ keys, vault }: { keys: Table; vault: Table }): VaultContents {
  async function removeAll(table: Table, items: readonly unknown[]): Promise<void> {
    await Promise.all(
      items.map((item) => {
        const { pk, sk }: Key = v.parse(KeyOfItem, item);
        return table.remove({ pk, sk });
      }),
    );
  }

  /** Deletes page by page until no page is left. The index can list deleted items for a moment, so pages are followed. */
  async function removeIndexed(index: IndexShape, partition: string): Promise<void> {
    let after: Record<string, string> | undefined;
    for (;;) {
      const page = await vault.queryIndex(index, { partition, limit: AT_ONCE, ...(after && { after }) });
      await removeAll(vault, page.items);
      const last = page.items.at(-1);
      if (!page.more || last === undefined) return;
      after = { ...v.parse(KeyOfItem, last) };
    }
  }

  return {
    async shredKeys(ownerId) {
      for (const purpose of SEALING_PURPOSES) {
        await removeAll(keys, await keys.query(vaultKeyPartition(purpose, ownerId)));
      }
    },
    deleteGrantsOfWorkload: (workloadId) => removeIndexed(WORKLOAD_INDEX, workloadId),
    deleteGrantsOfProvider: (providerId) => removeIndexed(PROVIDER_INDEX, providerId),
  };
}
