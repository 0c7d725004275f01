/**
 * Records in tables: their members and the version of their format. Records are parsed again when they are read. After a
 * rollback, this code rejects records of a later deployment instead of guessing at them or overwriting them.
 */
import * as v from 'valibot';
import { PARTITION_KEY, SORT_KEY, type Key } from '../../model/table-keys';
import { ABSENT, WRITE_ID, type Table } from './table';

/** The newest format of every kind of record. The first kind whose format changes gets its own number. */
const RECORD_VERSION = 1;

const Versioned = v.object({ recordVersion: v.pipe(v.number(), v.integer(), v.minValue(1)) });

/** Attributes of every item, which are no members of its record. */
const OF_ITEMS: ReadonlySet<string> = new Set(['recordVersion', PARTITION_KEY, SORT_KEY, WRITE_ID]);

function membersOf(item: Readonly<Record<string, unknown>>): object {
  const members: Record<string, unknown> = {};
  for (const name of Object.keys(item)) if (!OF_ITEMS.has(name)) members[name] = item[name];
  return members;
}

/** Returns the members of a record with the version of its format. */
export const versioned = <Members extends object>(members: Members) => ({
  ...members,
  recordVersion: RECORD_VERSION,
});

/**
 * Returns the record in an item; undefined if there is no item.
 *
 * @param item undefined if there is none
 * @throws ValiError for a malformed record
 * @throws Error for a record of a version that this code does not know yet
 */
export function parseRecord<Schema extends v.GenericSchema>(
  schema: Schema,
  item: unknown,
): v.InferOutput<Schema> | undefined {
  if (item === undefined) return undefined;
  const { recordVersion } = v.parse(Versioned, item);
  if (recordVersion > RECORD_VERSION) {
    throw new Error(
      `a record has version ${recordVersion}, but the newest version that this code knows is ${RECORD_VERSION}: deploy the later release again`,
    );
  }
  return v.parse(schema, membersOf(item as Readonly<Record<string, unknown>>));
}

/** Returns the record of a key; undefined if there is none. The read is strongly consistent. @throws as {@link parseRecord} */
export const readRecord = async <Schema extends v.GenericSchema>(
  table: Pick<Table, 'get'>,
  key: Key,
  schema: Schema,
): Promise<v.InferOutput<Schema> | undefined> => parseRecord(schema, await table.get(key));

/**
 * Writes a record if the stored one has the previous revision.
 *
 * @param members of the record, and other attributes of the item
 * @returns whether the record was written
 */
export const replaceRecord = (
  table: Table,
  key: Key,
  members: { readonly revision: number },
): Promise<boolean> =>
  table.put(key, versioned(members), {
    condition: 'revision = :before',
    values: { ':before': members.revision - 1 },
  });

/** Writes a record as {@link replaceRecord} does, or if there is none and the revision is 1. */
export const writeRevision = (
  table: Table,
  key: Key,
  members: { readonly revision: number },
): Promise<boolean> =>
  members.revision === 1 ? table.put(key, versioned(members), ABSENT) : replaceRecord(table, key, members);
