/** Header fields of a request, by lower-case name, with the value of each line that has it (RFC 9110 section 5.3). */
import { invalidMember } from '../service-error';

export type HeaderFields = ReadonlyMap<string, readonly string[]>;

/**
 * A field that says one thing: who calls, for which session.
 *
 * @param name as it is documented, in any case
 * @throws ValidationException when there are several of it, for they could be read in two ways
 */
export function singleField(fields: HeaderFields, name: string): string | undefined {
  const [value, ...others] = fields.get(name.toLowerCase()) ?? [];
  if (others.length > 0) throw invalidMember(name, 'must be sent once');
  return value;
}

/** A field as one value, its lines joined as a list; undefined when there is none. */
export function joinedField(fields: HeaderFields, name: string): string | undefined {
  const values = fields.get(name.toLowerCase());
  return values && values.length > 0 ? values.join(', ') : undefined;
}
