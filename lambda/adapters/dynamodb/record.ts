/**
 * The format of every record: its members and the version of its format. Records are parsed again when they are read.
 *
 * A format that changes gets an upgrade from each version to the next, and new records have the newest version. A
 * deployment therefore reads records of earlier deployments. After a rollback, it rejects records of a later deployment
 * instead of guessing at them or overwriting them.
 */
import * as v from 'valibot';
import { PARTITION_KEY, SORT_KEY } from '../../contract/table-keys';
import { WRITE_ID } from './table';

const Versioned = v.looseObject({ recordVersion: v.pipe(v.number(), v.integer(), v.minValue(1)) });

type Members = Readonly<Record<string, unknown>>;

/** Converts the members of a record from one version to the next. */
export type Upgrade = (members: Members) => Members;

/** Attributes of every item, which are no members of its record. */
const OF_ITEMS = [PARTITION_KEY, SORT_KEY, WRITE_ID];

/** For kinds that have had only one format. */
const ONE_FORM: readonly Upgrade[] = [];

/**
 * Returns the members of a record with the newest version of its format.
 *
 * @param upgrades the upgrades of this kind of record, starting from version 1 to 2
 */
export const versioned = (members: object, upgrades = ONE_FORM): object => ({
  ...members,
  recordVersion: upgrades.length + 1,
});

/**
 * Returns the members of a record; undefined if there is no item.
 *
 * @param schema of the members, in the newest format
 * @param item the item; undefined if there is none
 * @param upgrades the upgrades of this kind of record, starting from version 1 to 2
 * @throws ValiError for a malformed record
 * @throws Error for a record of a version that this code does not know yet
 */
export function parseRecord<Schema extends v.GenericSchema>(
  schema: Schema,
  item: unknown,
  upgrades = ONE_FORM,
): v.InferOutput<Schema> | undefined {
  if (item === undefined) return undefined;
  const { recordVersion, ...members } = v.parse(Versioned, item);
  for (const attribute of OF_ITEMS) Reflect.deleteProperty(members, attribute);
  const newest = upgrades.length + 1;
  if (recordVersion > newest) {
    throw new Error(
      `a record has version ${recordVersion}, but the newest version that this code knows is ${newest}: deploy the later release again`,
    );
  }
  return v.parse(
    schema,
    upgrades.slice(recordVersion - 1).reduce<Members>((form, upgrade) => upgrade(form), members),
  );
}
