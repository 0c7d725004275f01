/** The directory table, read from its beginning to its end, for listings of all owners. */
import * as v from 'valibot';
import type { DirectoryScan } from '../../domain/operator/list-resources';
import { PARTITION_KEY, PREFIX, type Key } from '../../contract/table-keys';
import { KeyOfItem, Position } from './item-key';
import { DELETED, OWNED_RESOURCE_MEMBERS } from './owned-resource-store';
import { parseRecord } from './record';
import type { Expression, Table } from './table';

const { name, arn, owner, createdTime, lastUpdatedTime } = OWNED_RESOURCE_MEMBERS;

/** The common members, and the vendor of an OAuth 2.0 provider. */
const ListedRecord = v.object({
  name,
  arn,
  owner,
  createdTime,
  lastUpdatedTime,
  vendor: v.exactOptional(v.string()),
});

const PREFIXES = {
  'workload-identity': [PREFIX.workloadIdentity],
  'credential-provider': [PREFIX.oauth2Provider, PREFIX.apiKeyProvider],
} as const;

/** Items that one request examines, and requests of one page: a call reads a bounded part of the table. */
const EXAMINED = 500;
const REQUESTS = 10;

function filterOf(prefixes: readonly string[], ofOwner: string | undefined): Expression {
  const ofKinds = prefixes.map((_, index) => `begins_with(#pk, :kind${index})`).join(' OR ');
  return {
    condition: `(${ofKinds}) AND attribute_not_exists(#deleted)${ofOwner === undefined ? '' : ' AND #owner = :owner'}`,
    names: { '#pk': PARTITION_KEY, '#deleted': DELETED, ...(ofOwner !== undefined && { '#owner': 'owner' }) },
    values: {
      ...Object.fromEntries(prefixes.map((prefix, index) => [`:kind${index}`, prefix])),
      ...(ofOwner !== undefined && { ':owner': ofOwner }),
    },
  };
}

export const createDirectoryScan = (directory: Table): DirectoryScan => ({
  async page(kind, { owner: ofOwner, limit, after }) {
    const filter = filterOf(PREFIXES[kind], ofOwner);
    const found: unknown[] = [];
    let next: Key | undefined = after === undefined ? undefined : v.parse(Position, after);
    for (let sent = 0; sent < REQUESTS; sent += 1) {
      const examined = await directory.scan(filter, { limit: EXAMINED, ...(next && { after: next }) });
      found.push(...examined.items);
      next = examined.last;
      if (!next || found.length >= limit) break;
    }
    const page = found.slice(0, limit);
    // The next page finds again what did not fit into this one.
    const last = found.length > page.length ? v.parse(KeyOfItem, page.at(-1)) : next;
    return {
      resources: page.flatMap((item) => parseRecord(ListedRecord, item) ?? []),
      ...(last && { last: JSON.stringify(last) }),
    };
  },
});
