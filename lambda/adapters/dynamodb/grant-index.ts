/** Finds grants by the vault table's indexes, which contain only keys, and reads each one from the table. */
import * as v from 'valibot';
import type { Grant } from '../../domain/grant/grant';
import { matches, type FoundGrants, type GrantFilter, type GrantIndex } from '../../domain/grant/selection';
import {
  grantPartition,
  PROVIDER_INDEX,
  USER_INDEX,
  WORKLOAD_INDEX,
  type IndexShape,
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

const isGrant = (grant: Grant | undefined): grant is Grant => grant !== undefined;

/** Parses each record by itself. */
function foundIn(records: readonly unknown[]): FoundGrants {
  const unreadable: unknown[] = [];
  const grants = records.map((record) => {
    try {
      return parseGrant(record);
    } catch (error) {
      unreadable.push(error);
      return undefined;
    }
  });
  return { grants: grants.filter(isGrant), ...(unreadable.length > 0 && { unreadable }) };
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
      const found = foundIn(await Promise.all(keys.map((key) => vault.get(key))));
      const last = keys.at(-1);
      return {
        ...found,
        grants: found.grants.filter((grant) => matches(grant, filter)),
        ...(more && last && { next: JSON.stringify(last) }),
      };
    },
    async ofAgentAndUser({ workloadId, userHash, targets }, after) {
      const { items, last } = await vault.queryPage(grantPartition(workloadId, userHash), {
        prefix: targets,
        after: after === undefined ? undefined : v.parse(Position, after),
      });
      return { ...foundIn(items), ...(last && { next: JSON.stringify(last) }) };
    },
  };
}
