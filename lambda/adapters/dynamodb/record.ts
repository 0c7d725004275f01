/**
 * The form of every record: its members, and beside them the version of the form. What is read is parsed again.
 *
 * A kind of record whose form changes gets an upgrade, from each version to the next, and is written as the newest. So
 * a deployment reads what the one before it wrote. What a later one wrote it does not read: after a step back, that
 * record is refused instead of being guessed at or written over.
 */
import * as v from 'valibot';

const Versioned = v.looseObject({ recordVersion: v.pipe(v.number(), v.integer(), v.minValue(1)) });

type Members = Readonly<Record<string, unknown>>;

/** Brings the members of a record of one version into the form of the next. */
export type Upgrade = (members: Members) => Members;

/** Of the kinds that have had one form only. */
const ONE_FORM: readonly Upgrade[] = [];

/** @param upgrades those of this kind of record, the first one from version 1 to 2 */
export const versioned = (members: object, upgrades = ONE_FORM): object => ({
  ...members,
  recordVersion: upgrades.length + 1,
});

/**
 * @param schema of the members alone, in their newest form
 * @param item what the table gave; undefined when there is none
 * @param upgrades those of this kind of record, the first one from version 1 to 2
 * @throws ValiError for what is not such a record: nothing is guessed
 * @throws Error for a record of a version that this code does not know yet
 */
export function parseRecord<Schema extends v.GenericSchema>(
  schema: Schema,
  item: unknown,
  upgrades = ONE_FORM,
): v.InferOutput<Schema> | undefined {
  if (item === undefined) return undefined;
  const { recordVersion, ...members } = v.parse(Versioned, item);
  const newest = upgrades.length + 1;
  if (recordVersion > newest) {
    throw new Error(
      `a record of version ${recordVersion} was found where ${newest} is the newest known: deploy what wrote it`,
    );
  }
  return v.parse(
    schema,
    upgrades.slice(recordVersion - 1).reduce<Members>((form, upgrade) => upgrade(form), members),
  );
}
