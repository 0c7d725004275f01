/** Configuration as JSON text, from an environment variable, a prop or a context value, parsed by its schema. */
import * as v from 'valibot';

/**
 * @param schema what the value must be; what it leaves out gets the schema's defaults
 * @param name of the configuration, for messages
 * @param expected what would have been JSON, for who wrote something else, such as `an object like {…}`
 * @param json of an operator or of a stack
 * @throws Error in plain words, naming the member
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
