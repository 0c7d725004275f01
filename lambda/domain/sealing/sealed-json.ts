/** Parses decrypted JSON. */
import * as v from 'valibot';
import { parseJsonObject } from '../json-object';
import { UnreadableError } from './sealing';

/**
 * Returns decrypted JSON that has the form of the schema.
 *
 * @throws UnreadableError without a cause, because the errors of parsers repeat the text, which is secret
 */
export function parseSealed<Schema extends v.GenericSchema<unknown, unknown>>(
  schema: Schema,
  text: string,
): v.InferOutput<Schema> {
  const parsed = v.safeParse(schema, parseJsonObject(text));
  if (parsed.success) return parsed.output;
  throw new UnreadableError('a sealed record does not have the form of its kind');
}
