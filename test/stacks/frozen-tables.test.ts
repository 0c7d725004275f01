/**
 * `frozen-tables.json` has the keys and indexes of the released tables. CloudFormation can change neither in place: other
 * keys make a new, empty table, and an index that differs makes the deployment fail. A change of this file is therefore
 * a change that a reviewer must see.
 *
 * Sources: CloudFormation template reference, "AWS::DynamoDB::GlobalTable"; DynamoDB API reference, "UpdateTable".
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { resourcesOf, standardSynthesis, withoutHash } from './synthesis';

interface KeyPart {
  readonly AttributeName: string;
  readonly KeyType: 'HASH' | 'RANGE';
}

interface TableProperties {
  readonly KeySchema: readonly KeyPart[];
  readonly AttributeDefinitions: readonly {
    readonly AttributeName: string;
    readonly AttributeType: string;
  }[];
  readonly GlobalSecondaryIndexes?: readonly {
    readonly IndexName: string;
    readonly KeySchema: readonly KeyPart[];
    readonly Projection: { readonly ProjectionType: string; readonly NonKeyAttributes?: readonly string[] };
  }[];
  readonly TimeToLiveSpecification?: { readonly AttributeName: string };
}

interface FrozenIndex {
  /** Partition key and sort key, with their types. */
  readonly key: readonly string[];
  readonly projection: string | readonly string[];
}

interface FrozenTable {
  readonly key: readonly string[];
  /** Attribute that expires items; absent if none does. */
  readonly ttl?: string;
  readonly indexes: Readonly<Record<string, FrozenIndex>>;
}

type FrozenTables = Readonly<Record<string, FrozenTable>>;

const FILE = 'frozen-tables.json';

const frozen = JSON.parse(readFileSync(join(__dirname, FILE), 'utf8')) as FrozenTables;

function frozenForm(properties: TableProperties): FrozenTable {
  const types = new Map(
    properties.AttributeDefinitions.map(({ AttributeName, AttributeType }) => [AttributeName, AttributeType]),
  );
  const keyOf = (parts: readonly KeyPart[]) =>
    parts.map(({ AttributeName, KeyType }) => `${AttributeName} ${types.get(AttributeName)} ${KeyType}`);
  const indexes = (properties.GlobalSecondaryIndexes ?? []).map(({ IndexName, KeySchema, Projection }) => {
    const { ProjectionType, NonKeyAttributes = [] } = Projection;
    // DynamoDB does not order the attributes.
    const projection = ProjectionType === 'INCLUDE' ? [...NonKeyAttributes].sort() : ProjectionType;
    return [IndexName, { key: keyOf(KeySchema), projection }] as const;
  });
  const ttl = properties.TimeToLiveSpecification?.AttributeName;
  return {
    key: keyOf(properties.KeySchema),
    ...(ttl !== undefined && { ttl }),
    indexes: Object.fromEntries(indexes),
  };
}

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

/** Returns what is wrong with the indexes of a table, and what to do about it. */
function indexFaults(table: string, before: FrozenTable, now: FrozenTable): string[] {
  const names = new Set([...Object.keys(before.indexes), ...Object.keys(now.indexes)]);
  return [...names].flatMap((name) => {
    const [was, is] = [before.indexes[name], now.indexes[name]];
    if (same(was, is)) return [];
    if (!was) {
      return `${table}: the index ${name} is new. One deployment can add one index to a table, and code must not query it before it is complete. Describe this in CHANGELOG.md, and add to ${FILE}: ${JSON.stringify({ [name]: is })}`;
    }
    if (!is) {
      return `${table}: the index ${name} is missing. During the deployment, functions of the earlier version still query it. Remove it in a release after the one that stopped querying it, and from ${FILE}.`;
    }
    return `${table}: the index ${name} has another key or projection. DynamoDB cannot change an index, and the deployment of every existing stack would fail. Add an index with another name, and remove ${name} in a later release.`;
  });
}

/** Returns what is wrong with the tables, and what to do about it. */
function faultsOf(before: FrozenTables, now: FrozenTables): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(now)]);
  return [...names].flatMap((name) => {
    const [was, is] = [before[name], now[name]];
    if (!was) {
      return `${name}: this table is new. Check its keys and indexes, which cannot be changed after its release, and add to ${FILE}: ${JSON.stringify({ [name]: is })}`;
    }
    if (!is) {
      return `${name}: this table is missing. Its data would stay behind in a table without a stack. Describe in CHANGELOG.md what operators must do, and remove it from ${FILE}.`;
    }
    return [
      ...(same(was.key, is.key)
        ? []
        : [
            `${name}: the primary key differs. CloudFormation would replace the table with an empty one, and all its data would be lost to the service. Keep the key, or add a new table and move the data.`,
          ]),
      ...(was.ttl === is.ttl
        ? []
        : [
            `${name}: the TTL attribute differs. DynamoDB rejects a change from one attribute to another. Keep it, or disable TTL in one release and enable it in the next.`,
          ]),
      ...indexFaults(name, was, is),
    ];
  });
}

const released = Object.fromEntries(
  resourcesOf(standardSynthesis().stateful, 'AWS::DynamoDB::GlobalTable').map(([id, { Properties }]) => [
    withoutHash(id),
    frozenForm(Properties as unknown as TableProperties),
  ]),
);

it('no table and no index differs from the frozen ones', () => {
  expect(faultsOf(frozen, released)).toEqual([]);
});

describe('the message says what to do', () => {
  const { VaultTable } = frozen;
  if (!VaultTable) throw new Error('there is no vault table');
  const withIndexes = (indexes: FrozenTable['indexes']) => ({
    ...frozen,
    VaultTable: { ...VaultTable, indexes },
  });
  const { byUser, ...others } = VaultTable.indexes;
  if (!byUser) throw new Error('there is no index byUser');

  it.each<[string, FrozenTables, RegExp]>([
    [
      'another primary key',
      { ...frozen, VaultTable: { ...VaultTable, key: ['pk S HASH'] } },
      /^VaultTable: the primary key differs.*Keep the key/,
    ],
    [
      'another TTL attribute',
      { ...frozen, VaultTable: { ...VaultTable, ttl: 'expiry' } },
      /^VaultTable: the TTL.*Keep it/,
    ],
    [
      'another projection',
      withIndexes({ ...others, byUser: { ...byUser, projection: ['tokens'] } }),
      /^VaultTable: the index byUser has another.*Add an index with another name/,
    ],
    [
      'another key of an index',
      withIndexes({ ...others, byUser: { ...byUser, key: ['userHash S HASH'] } }),
      /^VaultTable: the index byUser has another/,
    ],
    ['a missing index', withIndexes(others), /^VaultTable: the index byUser is missing.*later|after/],
    [
      'a new index',
      withIndexes({ ...VaultTable.indexes, byAge: byUser }),
      /^VaultTable: the index byAge is new.*frozen-tables.json: {"byAge"/,
    ],
    ['a new table', { ...frozen, MoreTable: VaultTable }, /^MoreTable: this table is new.*{"MoreTable"/],
    [
      'a missing table',
      Object.fromEntries(Object.entries(frozen).filter(([name]) => name !== 'VaultTable')),
      /^VaultTable: this table is missing/,
    ],
  ])('about %s', (_what, changed, message) => {
    expect(faultsOf(frozen, changed)).toEqual([expect.stringMatching(message)]);
  });
});
