/** Counts requests to DynamoDB, and how they spread over the partitions of tables and indexes. */
import { PARTITION_KEY, TABLES, type IndexShape, type TableName } from '../../lambda/contract/table-keys';
import { localTableName } from '../../lib/local/dynamodb';
import type { DatabaseRequest, DatabaseResponse } from '../../test/storm/database-proxy';

type Item = Readonly<Record<string, { readonly S?: string } | undefined>>;

/** The parts of a request that matter here. */
interface RequestBody {
  readonly TableName?: string;
  readonly IndexName?: string;
  readonly Key?: Item;
  readonly Item?: Item;
  readonly ExpressionAttributeValues?: Item;
  readonly RequestItems?: Readonly<Record<string, unknown>>;
}

/** Bytes of a unit of reading. Half of one is consumed by an eventually consistent read, which all index reads are. */
const READ_UNIT = 4096;

/** What the partitions of one table or index got. */
export interface Spread {
  /** Table, and index if it is one. */
  readonly place: string;
  readonly partitions: number;
  readonly total: number;
  readonly busiest: number;
  /** Prefix of the busiest partition's key, which says what kind of item it has. */
  readonly kind: string;
}

class Partitions {
  readonly #places = new Map<string, Map<string, number>>();

  add(place: string, partition: string | undefined, units: number): void {
    const counts = this.#places.get(place) ?? new Map<string, number>();
    this.#places.set(place, counts);
    counts.set(partition ?? '', (counts.get(partition ?? '') ?? 0) + units);
  }

  get spreads(): Spread[] {
    return [...this.#places].sort().map(([place, counts]) => {
      const [[partition, busiest] = ['', 0]] = [...counts].sort(([, a], [, b]) => b - a);
      const total = [...counts.values()].reduce((sum, units) => sum + units, 0);
      return {
        place,
        partitions: counts.size,
        total,
        busiest,
        kind: /^[A-Z0-9-]*#/.exec(partition)?.[0] ?? '',
      };
    });
  }
}

const isTableName = (name: string): name is TableName => name in TABLES;

function tableOf(name: string | undefined): TableName | undefined {
  const found = name?.slice(localTableName('' as TableName).length);
  return found !== undefined && isTableName(found) ? found : undefined;
}

/** An item's entry in an index. */
interface Entry {
  readonly partition: string;
  readonly sort: string;
  readonly projected: string;
}

function entryOf(item: Item | undefined, { partition, sort, projection }: IndexShape): Entry | undefined {
  const [partitionValue, sortValue] = [item?.[partition]?.S, item?.[sort]?.S];
  if (partitionValue === undefined || sortValue === undefined) return undefined;
  const attributes = Array.isArray(projection) ? projection : [];
  const projected = JSON.stringify(attributes.map((name) => item?.[String(name)] ?? null));
  return { partition: partitionValue, sort: sortValue, projected };
}

/** Returns the partitions that one write of an item writes to (DynamoDB developer guide, "Global secondary indexes"). */
function indexWrites(before: Entry | undefined, after: Entry | undefined): string[] {
  if (after && before?.partition === after.partition && before.sort === after.sort) {
    return before.projected === after.projected ? [] : [after.partition];
  }
  return [before, after].flatMap((entry) => (entry ? [entry.partition] : []));
}

export class DatabaseTraffic {
  /** Requests by table, operation, and index. */
  readonly calls = new Map<string, number>();
  /** Requests whose condition did not hold, or that failed otherwise. */
  rejected = 0;
  /** Called when a grant was written. */
  onGrant: () => void = () => undefined;
  readonly #writes = new Partitions();
  readonly #reads = new Partitions();
  /** Items of the outbox as they were written last. */
  readonly #items = new Map<string, Item>();

  readonly observe = ({ operation, body }: DatabaseRequest, { status, bytes }: DatabaseResponse): void => {
    const request = JSON.parse(body) as RequestBody;
    const table = tableOf(request.TableName ?? Object.keys(request.RequestItems ?? {})[0]);
    if (!table) return;
    const place = request.IndexName === undefined ? table : `${table}, ${request.IndexName}`;
    const call = `${place}: ${operation}`;
    this.calls.set(call, (this.calls.get(call) ?? 0) + 1);
    if (status !== 200) this.rejected += 1;
    if (operation === 'GetItem' || operation === 'Query' || operation === 'BatchGetItem') {
      const { ':partition': index, ':pk': own } = request.ExpressionAttributeValues ?? {};
      const partition = (request.Key?.[PARTITION_KEY] ?? index ?? own)?.S;
      const units = Math.max(1, Math.ceil(bytes / READ_UNIT)) / (request.IndexName === undefined ? 1 : 2);
      this.#reads.add(place, partition, units);
    } else {
      this.#written(table, request, status === 200);
    }
  };

  #written(table: TableName, { Key, Item: item }: RequestBody, isStored: boolean): void {
    const partition = (item ?? Key)?.[PARTITION_KEY]?.S ?? '';
    this.#writes.add(table, partition, 1);
    if (table === 'Vault' && isStored) this.onGrant();
    // Grants change no attribute of their indexes; only the outbox does, which puts whole items.
    if (table !== 'Revocations' || !isStored) return;
    const before = this.#items.get(partition);
    for (const index of TABLES.Revocations.indexes) {
      for (const written of indexWrites(entryOf(before, index), entryOf(item, index))) {
        this.#writes.add(`${table}, ${index.name}`, written, 1);
      }
    }
    if (item) this.#items.set(partition, item);
    else this.#items.delete(partition);
  }

  get writes(): Spread[] {
    return this.#writes.spreads;
  }

  get reads(): Spread[] {
    return this.#reads.spreads;
  }
}
