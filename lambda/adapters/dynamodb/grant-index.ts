/** Finds grants by the vault table's indexes, which contain only keys, and reads each one from the table. */
import * as v from 'valibot';
import type { Grant } from '../../model/records/grant';
import {
  keyMatches,
  matches,
  type FoundGrants,
  type GrantFilter,
  type GrantIndex,
} from '../../domain/grant/selection';
import { UnreadableGrant } from '../../domain/grant/unreadable';
import {
  grantIdIn,
  grantKey,
  grantPartition,
  PROVIDER_INDEX,
  USER_INDEX,
  WORKLOAD_INDEX,
  type IndexShape,
  type Key,
} from '../../contract/table-keys';
import { parseGrant } from './grant-store';
import { KeyOfItem, Position } from './item-key';
import type { Table } from './table';

function narrowest({ userHash, workloadId, providerId }: GrantFilter): [IndexShape, string] {
  if (userHash !== undefined) return [USER_INDEX, userHash];
  if (workloadId !== undefined) return [WORKLOAD_INDEX, workloadId];
  if (providerId !== undefined) return [PROVIDER_INDEX, providerId];
  throw new Error('a selection of grants needs a filter');
}

/** Parses each record by itself. @param records undefined for a grant that was deleted since its key was read */
function foundIn(records: readonly (readonly [Key, unknown])[], filter: GrantFilter = {}): FoundGrants {
  const grants: Grant[] = [];
  const unreadable: UnreadableGrant[] = [];
  for (const [key, record] of records) {
    try {
      const grant = parseGrant(record);
      if (grant && matches(grant, filter)) grants.push(grant);
    } catch (error) {
      const id = grantIdIn(key);
      if (keyMatches(id, filter)) unreadable.push(new UnreadableGrant(id, error));
    }
  }
  return { grants, ...(unreadable.length > 0 && { unreadable }) };
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
      const records = await Promise.all(keys.map(async (key) => [key, await vault.get(key)] as const));
      const last = keys.at(-1);
      return {
        ...foundIn(records, filter),
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
      const records = items.map((item) => [v.parse(KeyOfItem, item), item] as const);
      return { ...foundIn(records), ...(last && { next: JSON.stringify(last) }) };
    },
  };
}
