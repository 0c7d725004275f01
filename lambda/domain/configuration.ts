/** Parses configuration as JSON text, from an environment variable, a prop, or a context value, by its schema. */
import * as v from 'valibot';

/**
 * Returns the configuration, with the schema's defaults for omitted members.
 *
 * @param name of the configuration, for messages
 * @param expected an example for the message if the text is not JSON, such as `an object like {…}`
 * @param json from the operator or a stack
 * @throws Error that names the member
 */
export function parseConfiguration<Schema extends v.GenericSchema>(
  schema: Schema,
  name: string,
  expected: string,
  json: string,
): v.InferOutput<Schema> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new Error(`${name}: not JSON; expected ${expected}`);
  }
  const parsed = v.safeParse(schema, value);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  throw new Error(`${name}: ${v.getDotPath(issue) ?? 'the value'}: ${issue.message}`);
}
