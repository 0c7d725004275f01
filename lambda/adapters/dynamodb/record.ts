/** The form of every record: its members, and beside them the version of the form. What is read is parsed again. */
import * as v from 'valibot';

const Version = v.object({ recordVersion: v.literal(1) });

export const versioned = (members: object): object => ({ ...members, recordVersion: 1 });

/**
 * @param schema of the members alone
 * @param item what the table gave; undefined when there is none
 * @throws ValiError for what is not such a record: nothing is guessed
 */
export function parseRecord<Schema extends v.GenericSchema>(
  schema: Schema,
  item: unknown,
): v.InferOutput<Schema> | undefined {
  if (item === undefined) return undefined;
  v.parse(Version, item);
  return v.parse(schema, item);
}
