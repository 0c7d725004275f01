/** The directory table, read from its beginning to its end, for listings of all owners. */
import * as v from 'valibot';
import type { DirectoryScan } from '../../domain/operator/list-resources';
import type { SuspensionScan } from '../../domain/operator/list-suspensions';
import { PARTITION_KEY, PREFIX, type Key } from '../../model/table-keys';
import { KeyOfItem, Position } from './item-key';
import { OwnedResourceSchema } from '../../model/records/owned-resource';
import { AgentRestrictionSchema, UserRestrictionSchema } from '../../model/records/restriction';
import { DELETED } from './owned-resource-store';
import { parseRecord } from './record';
import type { Expression, Table } from './table';

/** The common members, and the vendor of an OAuth 2.0 provider. */
const ListedRecord = v.object({
  ...v.pick(OwnedResourceSchema, ['name', 'arn', 'owner', 'createdTime', 'lastUpdatedTime']).entries,
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

/** Returns matching items up to the limit, and the position of the next page, if there can be one. */
async function scanPage(
  directory: Table,
  filter: Expression,
  { limit, after }: { readonly limit: number; readonly after?: string | undefined },
): Promise<{ readonly items: readonly unknown[]; readonly last?: string }> {
  const found: unknown[] = [];
  let next: Key | undefined = after === undefined ? undefined : v.parse(Position, after);
  for (let sent = 0; sent < REQUESTS; sent += 1) {
    const examined = await directory.scan(filter, { limit: EXAMINED, ...(next && { after: next }) });
    found.push(...examined.items);
    next = examined.last;
    if (!next || found.length >= limit) break;
  }
  const items = found.slice(0, limit);
  // The next page finds again what did not fit into this one.
  const last = found.length > items.length ? v.parse(KeyOfItem, items.at(-1)) : next;
  return { items, ...(last && { last: JSON.stringify(last) }) };
}

export const createDirectoryScan = (directory: Table): DirectoryScan => ({
  async page(kind, { owner: ofOwner, ...request }) {
    const { items, ...page } = await scanPage(directory, filterOf(PREFIXES[kind], ofOwner), request);
    return { resources: items.flatMap((item) => parseRecord(ListedRecord, item) ?? []), ...page };
  },
});

/** Restrictions that suspend: by an operator, or by the identity provider. */
const SUSPENDED: Expression = {
  condition:
    '(begins_with(#pk, :agent) OR begins_with(#pk, :user)) AND (attribute_exists(#operator) OR #account.#state IN (:disabled, :purged))',
  names: {
    '#pk': PARTITION_KEY,
    '#operator': 'suspendedByOperator',
    '#account': 'accountAtIssuer',
    '#state': 'state',
  },
  values: {
    ':agent': PREFIX.agentRestriction,
    ':user': PREFIX.userRestriction,
    ':disabled': 'DISABLED',
    ':purged': 'PURGED',
  },
};

const isOfAgent = (item: unknown): boolean => v.parse(KeyOfItem, item).pk.startsWith(PREFIX.agentRestriction);

export const createSuspensionScan = (directory: Table): SuspensionScan => ({
  async page(request) {
    const { items, ...page } = await scanPage(directory, SUSPENDED, request);
    return {
      agents: items.filter(isOfAgent).flatMap((item) => parseRecord(AgentRestrictionSchema, item) ?? []),
      users: items
        .filter((item) => !isOfAgent(item))
        .flatMap((item) => parseRecord(UserRestrictionSchema, item) ?? []),
      ...page,
    };
  },
});
