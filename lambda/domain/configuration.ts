/** Parses configuration as JSON text, from an environment variable, a prop, or a context value, by its schema. */
import * as v from 'valibot';

/** The schema library describes members that are unknown or missing by the types `never` and `undefined`. */
function messageOf({ type, expected, received, message }: v.BaseIssue<unknown>): string {
  if (type !== 'strict_object') return message;
  if (expected === 'never') return 'is not a member of this configuration';
  return received === 'undefined' ? 'is required' : message;
}

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
  throw new Error(`${name}: ${v.getDotPath(issue) ?? 'the value'}: ${messageOf(issue)}`);
}
