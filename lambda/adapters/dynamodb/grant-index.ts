/** Finds grants by the vault table's indexes, which contain only keys, and reads each one from the table. */
import * as v from 'valibot';
import { matches, type GrantFilter, type GrantIndex } from '../../domain/grant/selection';
import { UnreadableGrant, type FoundGrant } from '../../domain/grant/unreadable';
import {
  grantIdIn,
  grantKey,
  grantPartition,
  PROVIDER_INDEX,
  USER_INDEX,
  WORKLOAD_INDEX,
  type IndexShape,
  type Key,
} from '../../model/table-keys';
import { parseGrant } from './grant-store';
import { KeyOfItem, Position } from './item-key';
import type { Table } from './table';

function narrowest({ userHash, workloadId, providerId }: GrantFilter): [IndexShape, string] {
  if (userHash !== undefined) return [USER_INDEX, userHash];
  if (workloadId !== undefined) return [WORKLOAD_INDEX, workloadId];
  if (providerId !== undefined) return [PROVIDER_INDEX, providerId];
  throw new Error('a selection of grants needs a filter');
}

/** @param record undefined for a grant that was deleted since its key was read */
function foundAt(key: Key, record: unknown): readonly FoundGrant[] {
  try {
    const grant = parseGrant(record);
    return grant ? [grant] : [];
  } catch (error) {
    return [new UnreadableGrant(grantIdIn(key), error)];
  }
}

export function createGrantIndex(vault: Table): GrantIndex {
  return {
    async page(filter, { limit, after }) {
      const [index, partition] = narrowest(filter);
      const { items, more } = await vault.queryIndex(index, {
        partition,
        limit,
        ...(after !== undefined && { after: v.parse(Position, after) }),
      });
      const keys = items.map((item) => v.parse(KeyOfItem, item));
      const found = await Promise.all(keys.map(async (key) => foundAt(key, await vault.get(key))));
      const last = keys.at(-1);
      return {
        grants: found.flat().filter((grant) => matches(grant, filter)),
        ...(more && last && { next: JSON.stringify(last) }),
      };
    },
    async ofAgentAndUser({ workloadId, userHash, targets }, { after, afterTarget, limit } = {}) {
      const start = afterTarget === undefined ? undefined : grantKey(workloadId, userHash, afterTarget);
      const { items, last } = await vault.queryPage(grantPartition(workloadId, userHash), {
        prefix: targets,
        after: after === undefined ? start : v.parse(Position, after),
        limit,
      });
      const grants = items.flatMap((item) => foundAt(v.parse(KeyOfItem, item), item));
      return { grants, ...(last && { next: JSON.stringify(last) }) };
    },
  };
}
