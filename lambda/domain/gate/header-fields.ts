/** Header fields of a request, by lower-case name, with the value of each line that has it (RFC 9110 section 5.3). */
import { invalidMember } from '../service-error';

export type HeaderFields = ReadonlyMap<string, readonly string[]>;

/**
 * Returns a field that must have one value, such as the session ID.
 *
 * @param name in any case
 * @throws ValidationException if it is repeated, because the meaning would be ambiguous
 */
export function singleField(fields: HeaderFields, name: string): string | undefined {
  const [value, ...others] = fields.get(name.toLowerCase()) ?? [];
  if (others.length > 0) throw invalidMember(name, 'must be sent once');
  return value;
}

/** Returns a field as one value, with its lines joined as a list; undefined if there is none. */
export function joinedField(fields: HeaderFields, name: string): string | undefined {
  const values = fields.get(name.toLowerCase());
  return values && values.length > 0 ? values.join(', ') : undefined;
}
